#include "destinations/cosmosdb/query_plan.h"

#include <algorithm>
#include <utility>

#include "destinations/cosmosdb/cosmos_json.h"
#include "destinations/cosmosdb/partition_hash.h"

namespace spillway::cosmosdb {
namespace {

using simdjson::dom::element;

// Where a client that resumes a sorted query puts its filter; we always begin at the beginning.
constexpr std::string_view kFilterPlaceholder = "{documentdb-formattableorderbyquery-filter}";
constexpr std::string_view kNoFilter = "true";

constexpr std::pair<std::string_view, Aggregate> kAggregates[] = {{"Count", Aggregate::kCount},
                                                                  {"Sum", Aggregate::kSum},
                                                                  {"Min", Aggregate::kMin},
                                                                  {"Max", Aggregate::kMax},
                                                                  {"Average", Aggregate::kAverage}};

Status CannotMerge(std::string_view clause) {
  return Unsupported("this query needs " + std::string(clause) +
                     " merged over several partitions, which is not supported")
      .WithHint("restrict the query to one partition key, or take the clause out");
}

bool IsPresent(const element& object, std::string_view name) {
  element value;
  return object[name].get(value) == simdjson::SUCCESS && !value.is_null();
}

Status CheckMergeable(const element& root, const element& info) {
  const bool has_aggregates = !ArrayMember(info, "aggregates").empty();
  if (IsPresent(root, "hybridSearchQueryInfo")) return CannotMerge("a hybrid search");
  if (BoolMember(info, "hasNonStreamingOrderBy")) return CannotMerge("a vector search");
  if (IsPresent(info, "dCountInfo")) return CannotMerge("COUNT of DISTINCT values");
  if (!ArrayMember(info, "groupByExpressions").empty()) return CannotMerge("GROUP BY");
  simdjson::dom::object by_alias;
  const bool named =
      info["groupByAliasToAggregateType"].get(by_alias) == simdjson::SUCCESS && by_alias.size() > 0;
  if (named || (has_aggregates && !BoolMember(info, "hasSelectValue"))) {
    return CannotMerge("an aggregate without SELECT VALUE");
  }
  if (ArrayMember(info, "aggregates").size() > 1) return CannotMerge("several aggregates");
  return Status::Ok();
}

Status ReadAggregate(const element& info, QueryPlan* plan) {
  for (const element& name : ArrayMember(info, "aggregates")) {
    std::string_view text;
    if (name.get(text) != simdjson::SUCCESS) return DataLoss("a query plan names no aggregate");
    const auto* known = std::find_if(std::begin(kAggregates), std::end(kAggregates),
                                     [&](const auto& pair) { return pair.first == text; });
    if (known == std::end(kAggregates)) return CannotMerge("the aggregate " + std::string(text));
    plan->aggregate = known->second;
  }
  return Status::Ok();
}

void ReadLimits(const element& info, QueryPlan* plan) {
  constexpr int64_t kNone = -1;
  for (const char* name : {"top", "limit"}) {
    const int64_t count = IntMember(info, name, kNone);
    if (count == kNone) continue;
    plan->limit = std::min(plan->limit.value_or(UINT64_MAX), static_cast<uint64_t>(count));
  }
  plan->offset = static_cast<uint64_t>(std::max<int64_t>(IntMember(info, "offset"), 0));
}

Status ReadIntervals(const element& root, QueryPlan* plan) {
  for (const element& range : ArrayMember(root, "queryRanges")) {
    ASSIGN_OR_RETURN(std::string min, EpkFromHex(StringMember(range, "min")));
    ASSIGN_OR_RETURN(std::string max, EpkFromHex(StringMember(range, "max")));
    // A point comes closed, [A, A]: its successor closes the half-open form.
    if (BoolMember(range, "isMaxInclusive")) max.append(kEpkMax);
    plan->intervals.push_back({std::move(min), std::move(max)});
  }
  if (plan->intervals.empty()) {
    plan->intervals.push_back({std::string(kEpkMin), std::string(kEpkMax)});
  }
  return Status::Ok();
}

}  // namespace

Result<QueryPlan> ParseQueryPlan(std::string_view plan_text, std::string_view query) {
  ASSIGN_OR_RETURN(const JsonDocument json, JsonDocument::Parse(plan_text, "the query plan"));
  element info;
  if (json.root()["queryInfo"].get(info) != simdjson::SUCCESS || !info.is_object()) {
    return DataLoss("the query plan has no queryInfo");
  }
  RETURN_IF_ERROR(CheckMergeable(json.root(), info));
  QueryPlan plan;
  RETURN_IF_ERROR(ReadAggregate(info, &plan));
  ReadLimits(info, &plan);
  RETURN_IF_ERROR(ReadIntervals(json.root(), &plan));
  plan.distinct = StringMember(info, "distinctType", "None") != "None";
  for (const element& direction : ArrayMember(info, "orderBy")) {
    std::string_view text;
    plan.descending.push_back(direction.get(text) == simdjson::SUCCESS && text == "Descending");
  }
  plan.query = StringMember(info, "rewrittenQuery");
  plan.rewritten = !plan.query.empty();
  if (!plan.rewritten) plan.query = query;
  const size_t filter = plan.query.find(kFilterPlaceholder);
  if (filter != std::string::npos) plan.query.replace(filter, kFilterPlaceholder.size(), kNoFilter);
  return plan;
}

}  // namespace spillway::cosmosdb
