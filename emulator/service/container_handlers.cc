// Containers and their partition key ranges.

#include <algorithm>
#include <charconv>
#include <iterator>
#include <mutex>

#include "emulator/json/value.h"
#include "emulator/service/charges.h"
#include "emulator/service/handlers.h"
#include "emulator/service/query_request.h"
#include "emulator/service/quota.h"
#include "emulator/service/session.h"
#include "emulator/service/throughput.h"
#include "emulator/store/rid.h"

namespace spillway::emulator {
namespace {

constexpr uint32_t kRangesMax = 1000;
// Ours, not the service's: how many ranges a new container gets.
constexpr std::string_view kRangesHeader = "x-spillway-range-count";

ServiceError ConflictError() {
  ServiceError error;
  error.status = 409;
  error.message = "Resource with specified id, name, or unique index already exists.";
  return error;
}

constexpr std::string_view kEtagPath = "/\"_etag\"/?";

Value IndexOf(const char* kind, const char* type, int precision) {
  return Object{{"kind", kind}, {"dataType", type}, {"precision", precision}};
}

bool HasType(const Array& indexes, const char* type) {
  return std::any_of(indexes.begin(), indexes.end(),
                     [&](const Value& index) { return index["dataType"] == Value(type); });
}

// The indexes of a path as clients of before the API version 2018-12-31 are told them: ranges over
// numbers and strings, and the spatial ones that were asked for.
Array RangeIndexes(const Array& asked) {
  Array indexes = {IndexOf("Range", "Number", -1), IndexOf("Range", "String", -1)};
  std::copy_if(asked.begin(), asked.end(), std::back_inserter(indexes),
               [](const Value& index) { return index["kind"] == Value("Spatial"); });
  return indexes;
}

// As those of before 2018-06-18 are: what was asked for, and hashes of strings by default.
Array HashIndexes(const Array& asked) {
  Array indexes = asked;
  if (!HasType(asked, "Number")) indexes.push_back(IndexOf("Range", "Number", -1));
  if (!HasType(asked, "String")) indexes.push_back(IndexOf("Hash", "String", 3));
  return indexes;
}

void ShowAsOfVersion(std::string_view version, Value* policy) {
  if (version.empty() || version >= "2018-12-31") return;
  const bool hashes = version < "2018-06-18";
  for (Value& path : policy->FindMutable("includedPaths")->MutableArray()) {
    const Value asked = path["indexes"].is_array() ? path["indexes"] : Value(Array{});
    path.Set("indexes", hashes ? HashIndexes(asked.array()) : RangeIndexes(asked.array()));
  }
  if (!hashes) return;
  std::erase_if(policy->FindMutable("excludedPaths")->MutableArray(),
                [](const Value& path) { return path["path"] == Value(kEtagPath); });
}

// REQUIRES: the container's topology, shared.
std::string ContainerJson(const Context& context, const Container& container) {
  Value json = container.settings()->definition;
  ShowAsOfVersion(context.request.Header("x-ms-version"), json.FindMutable("indexingPolicy"));
  json.Set("_rid", RidText(container.rid()));
  json.Set("_ts", static_cast<double>(container.timestamp));
  json.Set("_self", container.self());
  json.Set("_etag", EtagText(container.version, container.timestamp));
  json.Set("_docs", "docs/");
  json.Set("_sprocs", "sprocs/");
  json.Set("_triggers", "triggers/");
  json.Set("_udfs", "udfs/");
  json.Set("_conflicts", "conflicts/");
  return ToJson(json);
}

// Percent of the index that follows the present policy; linear over the time that it takes.
int64_t TransformationProgress(const Context& context, const Container& container) {
  const auto duration = context.options.index_transformation;
  if (!container.indexing_changed_at || duration.count() == 0) return 100;
  const auto passed = context.account.clock.Now() - *container.indexing_changed_at;
  return passed >= duration ? 100 : passed * 100 / duration;
}

Reply ContainerReply(const Context& context, const Container& container, const Database& database,
                     int status) {
  Reply reply;
  reply.status = status;
  reply.body = ContainerJson(context, container);
  reply.Set("etag", EtagText(container.version, container.timestamp));
  reply.Set("x-ms-documentdb-collection-index-transformation-progress",
            std::to_string(TransformationProgress(context, container)));
  if (container.settings()->definition["indexingPolicy"]["indexingMode"] == Value("lazy")) {
    reply.Set("x-ms-documentdb-collection-lazy-indexing-progress", "100");
  }
  reply.Set("x-ms-alt-content-path", "dbs/" + database.id);
  reply.Set("x-ms-content-path", RidText(database.rid));
  // Some clients keep it for the documents, so it must be a token that reads of them can meet.
  Partition& first = *container.partitions().front();
  std::lock_guard lock(first.mutex);
  reply.Set("x-ms-session-token",
            SessionToken(first.info().id, first.lsn(), TakesVectorTokens(context.request)));
  return reply;
}

Outcome<uint32_t> RangeCount(const Context& context, const std::optional<Throughput>& requested,
                             bool shared) {
  if (const std::string_view text = context.request.Header(kRangesHeader); !text.empty()) {
    uint32_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || end != text.data() + text.size() || count < 1 ||
        count > kRangesMax) {
      return BadRequest("The header x-spillway-range-count must be a number from 1 to 1000.");
    }
    return count;
  }
  if (context.options.default_ranges) return *context.options.default_ranges;
  if (requested) return RangesFor(*requested);
  return shared ? 1 : RangesFor({false, context.options.default_throughput});
}

Reply CreateContainer(const Context& context) {
  Result<Value> body = ParseJson(context.request.body);
  if (!body.ok()) return BadRequest("The container definition is not valid JSON.");
  const auto settings = ContainerSettings::Make(*std::move(body));
  if (!settings.ok()) return BadRequest(std::string(settings.status().message()));
  EMULATOR_TRY(const std::optional<Throughput> requested, RequestedThroughput(context.request));

  std::unique_lock lock(context.account.mutex);
  bool by_rid = false;
  const auto database = context.account.FindDatabase(context.path.database, &by_rid);
  if (database == nullptr) return NotFoundError();
  if (database->containers.contains((*settings)->id)) return ConflictError();
  const bool shared = !requested && database->shared_bucket != nullptr;
  EMULATOR_TRY(const uint32_t range_count, RangeCount(context, requested, shared));
  const auto container = context.account.AddContainer(database.get(), *settings, range_count);
  // A server without limits is as a serverless account: throughput that nobody asked for is none.
  if (requested || (!shared && !context.options.unlimited)) {
    context.account.AddOffer(
        container->self(), RidText(container->rid()),
        requested.value_or(Throughput{false, context.options.default_throughput}));
  }
  ApplyThroughput(context.account, context.options, database.get());
  EMULATOR_CHECK(SaveCatalog(context.account));
  Reply reply = ContainerReply(context, *container, *database, 201);
  reply.Set("x-ms-request-charge", ChargeText(charges::kDefinitionWrite));
  return reply;
}

// Partition and unique keys are fixed for a container's life.
std::optional<ServiceError> CheckReplacement(const ContainerSettings& before,
                                             const ContainerSettings& after) {
  if (before.id != after.id) {
    return BadRequest("The id of the definition does not match the container's.");
  }
  if (!(before.definition["partitionKey"] == after.definition["partitionKey"])) {
    return BadRequest("Document collection partition key cannot be changed.");
  }
  if (!(before.definition["uniqueKeyPolicy"]["uniqueKeys"] ==
        after.definition["uniqueKeyPolicy"]["uniqueKeys"])) {
    ServiceError error = BadRequest(
        "The unique index cannot be modified. To change the unique index, remove the collection "
        "and re-create a new one.");
    error.status = 403;
    return error;
  }
  return std::nullopt;
}

std::optional<ServiceError> ApplyDefinition(const Context& context, Container* container,
                                            std::shared_ptr<const ContainerSettings> settings) {
  std::unique_lock topology(container->topology);
  EMULATOR_CHECK(CheckReplacement(*container->settings(), *settings));
  const std::string_view if_match = context.request.Header("if-match");
  if (!if_match.empty() && if_match != "*" &&
      if_match != EtagText(container->version, container->timestamp)) {
    ServiceError error;
    error.status = 412;
    error.message = "One of the specified pre-condition is not met.";
    return error;
  }
  const bool ttl_changed =
      container->settings()->default_ttl_seconds != settings->default_ttl_seconds;
  if (!(container->settings()->definition["indexingPolicy"] ==
        settings->definition["indexingPolicy"])) {
    container->indexing_changed_at = context.account.clock.Now();
  }
  container->SetSettings(std::move(settings));
  container->version = context.account.NextVersion();
  container->timestamp = context.account.clock.Seconds();
  if (ttl_changed) container->ApplyDefaultTtl();
  return std::nullopt;
}

Reply ReplaceContainer(const Context& context, const Database& database, Container* container) {
  Result<Value> body = ParseJson(context.request.body);
  if (!body.ok()) return BadRequest("The container definition is not valid JSON.");
  const auto settings = ContainerSettings::Make(*std::move(body));
  if (!settings.ok()) return BadRequest(std::string(settings.status().message()));
  EMULATOR_CHECK(ApplyDefinition(context, container, *settings));
  {
    std::unique_lock lock(context.account.mutex);
    EMULATOR_CHECK(SaveCatalog(context.account));
  }
  std::shared_lock topology(container->topology);
  Reply reply = ContainerReply(context, *container, database, 200);
  reply.Set("x-ms-request-charge", ChargeText(charges::kDefinitionWrite));
  return reply;
}

std::string RangeJson(const Container& container, const RangeInfo& info, double fraction,
                      uint64_t lsn) {
  const std::string rid = RidText(RangeRid(container.rid(), info.number));
  Value json{Object{}};
  json.Set("_rid", rid);
  json.Set("id", info.id);
  json.Set("_etag", EtagText(container.version, container.timestamp));
  json.Set("minInclusive", cosmosdb::EpkToHex(info.min));
  json.Set("maxExclusive", cosmosdb::EpkToHex(info.max));
  json.Set("ridPrefix", static_cast<double>(info.number));
  json.Set("_self", container.self() + "pkranges/" + rid + "/");
  json.Set("throughputFraction", fraction);
  json.Set("status", "online");
  Array parents;
  for (const std::string& parent : info.parents) parents.emplace_back(parent);
  json.Set("parents", std::move(parents));
  json.Set("ownedArchivalPKRangeIds", Array{});
  json.Set("_ts", static_cast<double>(container.timestamp));
  json.Set("_lsn", static_cast<double>(lsn));
  json.Set("lsn", static_cast<double>(lsn));
  return ToJson(json);
}

}  // namespace

Outcome<ContainerTarget> FindTarget(const Context& context) {
  ContainerTarget target;
  target.takes_vector_tokens = TakesVectorTokens(context.request);
  {
    std::shared_lock lock(context.account.mutex);
    const auto database = context.account.FindDatabase(context.path.database, &target.by_rid);
    if (database == nullptr) return NotFoundError("Owner resource does not exist", 1003);
    target.container = Account::FindContainer(*database, context.path.container, target.by_rid);
    if (target.container == nullptr) return NotFoundError("Owner resource does not exist", 1003);
    target.name = database->id;
  }
  target.topology = std::shared_lock(target.container->topology);
  target.name_path = "dbs/" + target.name + "/colls/" + target.container->settings()->id;
  target.name += "/" + target.container->settings()->id;
  const std::string_view intended = context.request.Header("x-ms-cosmos-intended-collection-rid");
  if (!intended.empty() && intended != RidText(target.container->rid())) {
    return BadRequest("The container was created anew: its rid is not the intended one.", 1024);
  }
  return target;
}

Reply HandleContainers(const Context& context) {
  if (context.request.method == "POST" && !IsQuery(context.request)) {
    return CreateContainer(context);
  }
  if (context.request.method != "GET" && context.request.method != "POST") {
    return MethodNotAllowed();
  }
  std::vector<std::string> items;
  std::string rid;
  {
    std::shared_lock lock(context.account.mutex);
    bool by_rid = false;
    const auto database = context.account.FindDatabase(context.path.database, &by_rid);
    if (database == nullptr) return NotFoundError();
    rid = RidText(database->rid);
    for (const auto& [id, container] : database->containers) {
      std::shared_lock topology(container->topology);
      items.push_back(ContainerJson(context, *container));
    }
  }
  return DefinitionFeed(context, rid, "DocumentCollections", std::move(items));
}

Reply HandleContainer(const Context& context) {
  bool by_rid = false;
  std::shared_ptr<Database> database;
  std::shared_ptr<Container> container;
  {
    std::shared_lock lock(context.account.mutex);
    database = context.account.FindDatabase(context.path.database, &by_rid);
    if (database == nullptr) return NotFoundError();
    container = Account::FindContainer(*database, context.path.container, by_rid);
    if (container == nullptr) return NotFoundError();
  }
  if (context.request.method == "PUT") {
    return ReplaceContainer(context, *database, container.get());
  }
  if (context.request.method == "GET") {
    std::shared_lock topology(container->topology);
    Reply reply = ContainerReply(context, *container, *database, 200);
    AddQuota(context.request, *container, HoldingOf(*container), &reply);
    return reply;
  }
  if (context.request.method != "DELETE") return MethodNotAllowed();
  std::unique_lock lock(context.account.mutex);
  context.account.RemoveContainer(database.get(), *container);
  EMULATOR_CHECK(SaveCatalog(context.account));
  Reply reply;
  reply.status = 204;
  reply.Set("x-ms-request-charge", ChargeText(charges::kDefinitionWrite));
  return reply;
}

Reply HandleConflicts(const Context& context) {
  const Request& request = context.request;
  EMULATOR_TRY(const ContainerTarget target, FindTarget(context));
  if (!context.path.leaf.empty()) return NotFoundError();
  if (request.method != "GET" && !IsQuery(request)) return MethodNotAllowed();
  if (IsQuery(request) && target.container->settings()->has_partition_key &&
      !request.Has("x-ms-documentdb-partitionkey") &&
      !request.Flag("x-ms-documentdb-query-enablecrosspartition")) {
    return BadRequest(std::string(kCrossPartitionDisabled));
  }
  return DefinitionFeed(context, RidText(target.container->rid()), "Conflicts", {});
}

Reply HandleRanges(const Context& context) {
  if (context.request.method != "GET") return MethodNotAllowed();
  EMULATOR_TRY(const ContainerTarget target, FindTarget(context));
  const Container& container = *target.container;
  const std::string etag = "\"" + std::to_string(container.topology_version()) + "\"";
  // Read as a change feed: nothing new since the etag that the client has.
  if (context.request.Has("a-im") && context.request.Header("if-none-match") == etag) {
    Reply reply;
    reply.status = 304;
    reply.Set("etag", etag);
    return reply;
  }
  std::vector<std::string> items;
  for (const auto& partition : container.partitions()) {
    std::lock_guard lock(partition->mutex);
    items.push_back(RangeJson(container, partition->info(),
                              1.0 / static_cast<double>(container.partitions().size()),
                              partition->lsn()));
  }
  Reply reply = FeedReply(RidText(container.rid()), "PartitionKeyRanges", items);
  reply.Set("etag", etag);
  return reply;
}

}  // namespace spillway::emulator
