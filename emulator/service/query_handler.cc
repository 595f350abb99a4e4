// Queries over documents, and query plans. The gateway's rules about what it serves are here; what
// a query means is sql/.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <mutex>

#include "emulator/service/charges.h"
#include "emulator/service/composite_index.h"
#include "emulator/service/continuation.h"
#include "emulator/service/handlers.h"
#include "emulator/service/index_metrics.h"
#include "emulator/service/item_scan.h"
#include "emulator/service/partition_key.h"
#include "emulator/service/query_request.h"
#include "emulator/service/session.h"
#include "emulator/service/throughput.h"
#include "emulator/sql/execute.h"
#include "emulator/sql/plan.h"
#include "emulator/store/rid.h"

namespace spillway::emulator {
namespace {

constexpr size_t kPageDefault = 100;
// A page that has looked at so many documents ends, full or not.
constexpr size_t kExaminedPerPageMax = 50'000;
constexpr int kNeedsPlan = 1004;
constexpr std::string_view kIndexToken = "-IDX:";

// One request's query and where it runs.
struct QueryRun {
  const Context& context;
  const ContainerTarget& target;
  const sql::Query& query;
  ScanScope scope;
  size_t page = kPageDefault;
  size_t examined = 0;
  size_t examined_bytes = 0;
  Admission admission = {};
  std::string_view refusal = {};  // of a function, while it ran

  const Container& container() const { return *target.container; }
  uint32_t now() const { return context.account.clock.Seconds(); }
  sql::FunctionContext functions() {
    sql::FunctionContext functions = FunctionsNow(context);
    functions.refusal = &refusal;
    return functions;
  }
};

struct Page {
  std::vector<std::string> rows;
  size_t bytes = 0;
  std::string continuation;  // empty: the last page

  bool HasRoomFor(const std::string& row) const {
    return PageHasRoom(rows.size(), bytes, row.size());
  }
  void Add(std::string row) {
    bytes += row.size();
    rows.push_back(std::move(row));
  }
};

// Where FROM is the container itself, under one name.
bool FromWholeDocument(const sql::Query& query) {
  return query.from.size() == 1 && query.from[0].query == nullptr && !query.from[0].iterate &&
         query.from[0].source->kind == sql::ExpressionKind::kIdentifier;
}

// SELECT * or SELECT VALUE c: rows are the documents as they are stored.
bool GivesWholeDocuments(const sql::Query& query) {
  if (!FromWholeDocument(query)) return false;
  return query.select_all || (query.select_value &&
                              query.select[0].expression->kind == sql::ExpressionKind::kIdentifier);
}

bool MentionsDocument(const sql::Expression& expression) {
  if (expression.kind == sql::ExpressionKind::kIdentifier || expression.query != nullptr) {
    return true;
  }
  return std::any_of(expression.children.begin(), expression.children.end(),
                     [](const sql::ExpressionPtr& child) { return MentionsDocument(*child); });
}

// COUNT(1) without a filter: documents need not be parsed.
bool OnlyCounts(const sql::Query& query) {
  return FromWholeDocument(query) && query.where == nullptr && !query.select_all &&
         query.has_aggregates && query.group_by.empty() &&
         std::none_of(query.select.begin(), query.select.end(), [](const sql::SelectItem& item) {
           return MentionsDocument(*item.expression);
         });
}

std::string TextOf(const QueryRun& run, const Item& item) {
  std::string text;
  AppendDocument(item, run.container().rid(), run.container().self(), &text);
  return text;
}

// ---- what the gateway serves

std::vector<sql::PlanRange> PlanRanges(const sql::Query& query, const Container& container) {
  const ContainerSettings& settings = *container.settings();
  if (settings.partition_key_paths.size() == 1) {
    const Value pinned = sql::PinnedValue(query, settings.partition_key_paths[0]);
    if (!pinned.is_undefined() && !pinned.is_array() && !pinned.is_object()) {
      const auto key = ParseKeyValues("[" + ToJson(pinned) + "]");
      const std::string epk = cosmosdb::EpkToHex(EpkOf(*key, settings));
      return {{epk, epk, true}};
    }
  }
  return {{"", "FF", false}};
}

// A query that pins the partition key in WHERE runs in that logical partition alone, as if the
// request had named the key.
void NarrowToPinnedKey(QueryRun* run) {
  const std::vector<sql::PlanRange> ranges = PlanRanges(run->query, run->container());
  if (run->query.from.empty() || !ranges[0].max_inclusive) return;
  NarrowToKey(*cosmosdb::EpkFromHex(ranges[0].min), run->container(), &run->scope);
}

std::optional<ServiceError> CheckServable(const QueryRun& run) {
  const Request& request = run.context.request;
  const bool directed = run.scope.one_key || request.Has("x-ms-documentdb-partitionkeyrangeid") ||
                        request.Has("x-ms-start-epk");
  if (directed || run.query.from.empty()) return std::nullopt;
  const bool lenient = run.context.options.lenient;
  if (!lenient && run.container().settings()->has_partition_key &&
      !request.Flag("x-ms-documentdb-query-enablecrosspartition")) {
    return BadRequest(std::string(kCrossPartitionDisabled));
  }
  // A client that says so wants to send the ranges their parts itself, all at once.
  const bool parallel = request.Flag("x-ms-documentdb-query-parallelizecrosspartitionquery");
  if (!parallel && (lenient || !sql::TraitsOf(run.query).needs_plan())) return std::nullopt;
  ServiceError error = BadRequest(
      "The provided cross partition query can not be directly served by the gateway. This is a "
      "first "
      "chance (internal) exception that all newer clients will know how to handle gracefully.",
      kNeedsPlan);
  error.additional_info =
      ToJson(sql::MakePlan(run.query, PlanRanges(run.query, run.container()), false));
  return error;
}

std::vector<Partition*> PartitionsOf(const QueryRun& run) {
  std::vector<Partition*> partitions;
  for (const auto& partition : run.container().partitions()) {
    const RangeInfo& info = partition->info();
    if (cosmosdb::CompareEpk(info.max, run.scope.min) > 0 &&
        cosmosdb::CompareEpk(info.min, run.scope.max) < 0) {
      partitions.push_back(partition.get());
    }
  }
  return partitions;
}

// ---- pages

// Rows document by document; a page ends where it is full and goes on from there.
class StreamingPage {
 public:
  StreamingPage(QueryRun* run, Continuation start)
      : run_(*run), at_(std::move(start)), functions_(run->functions()) {}

  Page Read(bool resumed) {
    const ScanPosition start = at_.position;
    if (!LimitReached()) {
      ScanItems(
          run_.container(), run_.scope, resumed ? &start : nullptr, run_.now(),
          [this](const Item& item, const ScanPosition& position) { return Visit(item, position); });
    }
    if (more_) page_.continuation = ContinuationText(at_, run_.container().rid());
    return std::move(page_);
  }

 private:
  uint64_t Limit() const {
    return std::min(run_.query.top.value_or(UINT64_MAX), run_.query.limit.value_or(UINT64_MAX));
  }
  bool LimitReached() const { return at_.returned >= Limit(); }
  bool PageFull() const {
    return page_.rows.size() >= run_.page || run_.examined >= kExaminedPerPageMax;
  }

  bool Visit(const Item& item, const ScanPosition& position) {
    if (PageFull()) {
      more_ = true;
      return false;
    }
    ++run_.examined;
    run_.examined_bytes += item.body.size();
    const std::vector<std::string> rows = Rows(item);
    size_t row = at_.partial_sequence == item.sequence ? at_.partial_rows : 0;
    for (; row < rows.size(); ++row) {
      if (PageRowsFull()) return StopInside(item, row);
      if (at_.skipped < run_.query.offset.value_or(0)) {
        ++at_.skipped;
        continue;
      }
      if (!page_.HasRoomFor(rows[row])) return StopInside(item, row);
      page_.Add(rows[row]);
      ++at_.returned;
      if (LimitReached()) return false;
    }
    at_.position = position;
    at_.partial_sequence = 0;
    at_.partial_rows = 0;
    return true;
  }

  bool PageRowsFull() const { return page_.rows.size() >= run_.page; }

  bool StopInside(const Item& item, size_t row) {
    at_.partial_sequence = item.sequence;
    at_.partial_rows = row;
    more_ = true;
    return false;
  }

  std::vector<std::string> Rows(const Item& item) const {
    std::string text = TextOf(run_, item);
    const bool whole = GivesWholeDocuments(run_.query);
    if (whole && run_.query.where == nullptr) return {std::move(text)};
    const std::vector<Value> values = sql::RowsOf(run_.query, *ParseJson(text), functions_);
    if (whole && !values.empty()) return {std::move(text)};
    std::vector<std::string> rows;
    for (const Value& value : values) rows.push_back(ToJson(value));
    return rows;
  }

  QueryRun& run_;
  Continuation at_;
  const sql::FunctionContext functions_;
  Page page_;
  bool more_ = false;
};

// Everything first, then the rows from an index on. Runs anew for every page.
Page BlockingPage(QueryRun* run, size_t index) {
  sql::Execution execution(&run->query, run->functions());
  const bool only_counts = OnlyCounts(run->query);
  if (run->query.from.empty()) {
    execution.Add(Value());
  } else {
    ScanItems(run->container(), run->scope, nullptr, run->now(),
              [&](const Item& item, const ScanPosition&) {
                ++run->examined;
                run->examined_bytes += item.body.size();
                execution.Add(only_counts ? Value(true) : *ParseJson(TextOf(*run, item)));
                return true;
              });
  }
  const std::vector<Value> rows = execution.Finish();
  Page page;
  for (; index < rows.size(); ++index) {
    std::string row = ToJson(rows[index]);
    if (page.rows.size() >= run->page || !page.HasRoomFor(row)) {
      page.continuation = std::string(kIndexToken) + std::to_string(index);
      break;
    }
    page.Add(std::move(row));
  }
  return page;
}

Outcome<Page> ReadPage(QueryRun* run) {
  const std::string_view token = run->context.request.Header("x-ms-continuation");
  if (sql::TraitsOf(run->query).streams() && !run->query.from.empty()) {
    EMULATOR_TRY(std::optional<Continuation> start, ParseContinuation(token));
    const bool resumed = start.has_value();
    return StreamingPage(run, std::move(start).value_or(Continuation{})).Read(resumed);
  }
  size_t index = 0;
  if (!token.empty()) {
    const std::string_view number = token.substr(std::min(token.size(), kIndexToken.size()));
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), index);
    if (!token.starts_with(kIndexToken) || error != std::errc()) {
      return BadRequest("The continuation token '" + std::string(token) + "' is invalid.");
    }
  }
  return BlockingPage(run, index);
}

std::string MetricsText(const QueryRun& run, const Page& page) {
  return fmt::format(
      "totalExecutionTimeInMs=0.00;queryCompileTimeInMs=0.00;queryLogicalPlanBuildTimeInMs=0.00;"
      "queryPhysicalPlanBuildTimeInMs=0.00;queryOptimizationTimeInMs=0.00;VMExecutionTimeInMs=0.00;"
      "indexLookupTimeInMs=0.00;instructionCount=0;documentLoadTimeInMs=0.00;"
      "systemFunctionExecuteTimeInMs=0.00;userFunctionExecuteTimeInMs=0.00;"
      "retrievedDocumentCount={};retrievedDocumentSize={};outputDocumentCount={};"
      "outputDocumentSize={};writeOutputTimeInMs=0.00;indexUtilizationRatio=1.00",
      run.examined, run.examined_bytes, page.rows.size(), page.bytes);
}

void ChargePartitions(const QueryRun& run, double charge) {
  const std::vector<Partition*> partitions = PartitionsOf(run);
  const SteadyTime now = run.context.account.clock.Now();
  for (Partition* partition : partitions) {
    partition->bucket->Charge(charge / static_cast<double>(partitions.size()), now, run.admission);
  }
}

// Clients say what they can merge; a plan beyond that would give them wrong results.
std::optional<ServiceError> CheckFeatures(const sql::Query& query, std::string_view supported) {
  if (sql::ComposesAggregates(query)) {
    return BadRequest("Compositions of aggregates and other expressions are not allowed.");
  }
  std::string missing;
  for (const std::string_view feature : sql::RequiredFeatures(query)) {
    const size_t at = supported.find(feature);
    if (at == std::string_view::npos) missing.append(" ").append(feature);
    if (at == std::string_view::npos &&
        (feature == "NonValueAggregate" || feature == "MultipleAggregates")) {
      return BadRequest(
          "Cross partition query only supports 'VALUE <AggregateFunc>' for aggregates.");
    }
  }
  if (missing.empty()) return std::nullopt;
  return BadRequest(
      "Query contains the following features, which the calling client does not support:" +
      missing);
}

}  // namespace

Reply HandleQuery(const Context& context) {
  EMULATOR_TRY(const ContainerTarget target, FindTarget(context));
  EMULATOR_TRY(const auto query, ParseQueryRequest(context));
  EMULATOR_TRY(ScanScope scope, RequestedScope(context.request, *target.container));
  QueryRun run{context, target, *query, std::move(scope), PageSize(context.request, kPageDefault)};
  NarrowToPinnedKey(&run);
  EMULATOR_CHECK(CheckServable(run));
  if (!context.options.lenient) {
    EMULATOR_CHECK(CheckCompositeIndex(*query, *target.container->settings()));
  }
  EMULATOR_TRY(run.admission, StartReading(context, target, run.scope));
  EMULATOR_TRY(const Page page, ReadPage(&run));
  if (!run.refusal.empty()) return BadRequest(std::string(run.refusal));
  Reply reply = FeedReply(RidText(target.container->rid()), "Documents", page.rows);
  if (!page.continuation.empty()) reply.Set("x-ms-continuation", page.continuation);
  const double charge = charges::Query(run.examined, page.bytes);
  reply.Set("x-ms-request-charge", ChargeText(charge));
  ChargePartitions(run, charge);
  if (context.request.Flag("x-ms-documentdb-populatequerymetrics")) {
    reply.Set("x-ms-documentdb-query-metrics", MetricsText(run, page));
  }
  if (context.request.Flag("x-ms-cosmos-populateindexmetrics")) {
    reply.Set("x-ms-cosmos-index-utilization", IndexMetrics(*query));
  }
  Partition& first = target.container->PartitionOf(run.scope.min);
  std::lock_guard lock(first.mutex);
  AddPartitionHeaders(target, first, &reply);
  return reply;
}

Reply HandleQueryPlan(const Context& context) {
  EMULATOR_TRY(const ContainerTarget target, FindTarget(context));
  EMULATOR_TRY(const auto query, ParseQueryRequest(context));
  if (!context.options.lenient) {
    EMULATOR_CHECK(CheckCompositeIndex(*query, *target.container->settings()));
  }
  const std::string_view supported = context.request.Header("x-ms-cosmos-supported-query-features");
  EMULATOR_CHECK(CheckFeatures(*query, supported));
  // Clients that can merge aggregates outside VALUE are those that take MIN and MAX with a count.
  const bool composite_extremes = supported.find("NonValueAggregate") != std::string_view::npos;
  Reply reply;
  reply.body =
      ToJson(sql::MakePlan(*query, PlanRanges(*query, *target.container), composite_extremes));
  return reply;
}

}  // namespace spillway::emulator
