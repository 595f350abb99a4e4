#include "destinations/cosmosdb/container_client.h"

#include <utility>

#include "destinations/cosmosdb/cosmos_json.h"
#include "destinations/cosmosdb/partition_key.h"
#include "net/url.h"

namespace spillway::cosmosdb {
namespace {

constexpr char kSupportedQueryFeatures[] =
    "NonValueAggregate,Aggregate,Distinct,MultipleOrderBy,OffsetAndLimit,OrderBy,Top,"
    "CompositeAggregate,GroupBy,MultipleAggregates";

std::vector<HttpHeader> QueryHeaders() {
  return {{"content-type", "application/query+json"}};
}

void AddScope(const FeedScope& scope, std::vector<HttpHeader>* headers) {
  headers->push_back({"x-ms-documentdb-partitionkeyrangeid", scope.range_id});
  if (!scope.partial) return;
  headers->push_back({"x-ms-read-key-type", "EffectivePartitionKeyRange"});
  headers->push_back({"x-ms-start-epk", EpkToHex(scope.min)});
  headers->push_back({"x-ms-end-epk", EpkToHex(scope.max)});
}

void AddPaging(const std::string& continuation, std::vector<HttpHeader>* headers) {
  headers->push_back({"x-ms-max-item-count", std::to_string(kPageItemsMax)});
  if (!continuation.empty()) headers->push_back({"x-ms-continuation", continuation});
}

void AddThroughput(const Throughput& throughput, std::vector<HttpHeader>* headers) {
  if (throughput.manual.has_value()) {
    headers->push_back({"x-ms-offer-throughput", std::to_string(*throughput.manual)});
  } else if (throughput.autoscale_max.has_value()) {
    headers->push_back({"x-ms-cosmos-offer-autopilot-settings",
                        "{\"maxThroughput\":" + std::to_string(*throughput.autoscale_max) + "}"});
  }
}

HttpMethod MethodOf(OperationKind kind) {
  switch (kind) {
    case OperationKind::kCreate:
    case OperationKind::kUpsert:
      return HttpMethod::kPost;
    case OperationKind::kReplace:
      return HttpMethod::kPut;
    case OperationKind::kPatch:
      return HttpMethod::kPatch;
    case OperationKind::kDelete:
      return HttpMethod::kDelete;
    case OperationKind::kRead:
      return HttpMethod::kGet;
  }
  return HttpMethod::kGet;
}

// OK also when the resource is there already: two runs may prepare at once.
Status CreatedOrThere(const Result<CosmosResponse>& response, std::string_view what) {
  constexpr int kConflict = 409;
  if (!response.ok()) return Status(response.status()).WithContext("creating " + std::string(what));
  if (response->ok() || response->status == kConflict) return Status::Ok();
  return response->ToStatus().WithContext("creating " + std::string(what));
}

Result<PartitionKeyRange> ParseRange(const simdjson::dom::element& element) {
  PartitionKeyRange range;
  range.id = StringMember(element, "id");
  if (range.id.empty()) range.id = std::to_string(IntMember(element, "id", -1));
  ASSIGN_OR_RETURN(range.min, EpkFromHex(StringMember(element, "minInclusive")));
  ASSIGN_OR_RETURN(range.max, EpkFromHex(StringMember(element, "maxExclusive")));
  for (const simdjson::dom::element parent : ArrayMember(element, "parents")) {
    std::string_view id;
    if (parent.get(id) == simdjson::SUCCESS) range.parents.emplace_back(id);
  }
  return range;
}

}  // namespace

ContainerClient::ContainerClient(CosmosAccount& account, std::unique_ptr<HttpTransport> transport,
                                 RetryPolicy read_policy)
    : client_(account, std::move(transport)),
      read_policy_(read_policy),
      database_link_("dbs/" + account.options().database),
      container_link_(database_link_ + "/colls/" + account.options().container),
      database_path_("/dbs/" + PercentEncode(account.options().database)),
      container_path_(database_path_ + "/colls/" + PercentEncode(account.options().container)),
      documents_path_(container_path_ + "/docs") {}

Result<std::optional<std::string>> ContainerClient::ReadDatabase(const CallContext& ctx) {
  const Result<CosmosResponse> response = client_.Read(
      {.resource_type = "dbs", .resource_link = database_link_, .path = database_path_},
      read_policy_, ctx);
  if (!response.ok()) return Status(response.status()).WithContext("reading the database");
  if (response->is_absent()) return std::optional<std::string>();
  ASSIGN_OR_RETURN(const JsonDocument json,
                   JsonDocument::Parse(response->body, "the database resource"));
  return std::optional<std::string>(StringMember(json.root(), "_rid"));
}

Result<std::optional<ContainerInfo>> ContainerClient::ReadContainer(const CallContext& ctx) {
  const Result<CosmosResponse> response = client_.Read(
      {.resource_type = "colls", .resource_link = container_link_, .path = container_path_},
      read_policy_, ctx);
  const bool no_owner = response.status().code() == StatusCode::kNotFound;
  if (no_owner || (response.ok() && response->is_absent())) return std::optional<ContainerInfo>();
  if (!response.ok()) return Status(response.status()).WithContext("reading the container");
  ASSIGN_OR_RETURN(ContainerInfo info, ParseContainer(response->body));
  return std::optional<ContainerInfo>(std::move(info));
}

Status ContainerClient::CreateDatabase(const CallContext& ctx) {
  std::string body = "{\"id\":";
  AppendJsonString(client_.account().options().database, &body);
  body += "}";
  const CosmosRequest request{.method = HttpMethod::kPost,
                              .resource_type = "dbs",
                              .resource_link = "",
                              .path = "/dbs",
                              .headers = {{"content-type", "application/json"}},
                              .body = body,
                              .write = true};
  return CreatedOrThere(client_.Call(request, ctx), "the database");
}

Status ContainerClient::CreateContainer(const CallContext& ctx) {
  const std::string body = ContainerDefinition(client_.account().options());
  const std::string path = database_path_ + "/colls";
  CosmosRequest request{.method = HttpMethod::kPost,
                        .resource_type = "colls",
                        .resource_link = database_link_,
                        .path = path,
                        .headers = {{"content-type", "application/json"}},
                        .body = body,
                        .write = true};
  AddThroughput(client_.account().options().create->throughput, &request.headers);
  return CreatedOrThere(client_.Call(request, ctx), "the container");
}

Result<std::vector<ListedContainer>> ContainerClient::ListContainers(const CallContext& ctx) {
  const std::string path = database_path_ + "/colls";
  std::vector<ListedContainer> listed;
  std::string continuation;
  do {
    CosmosRequest request{.resource_type = "colls", .resource_link = database_link_, .path = path};
    AddPaging(continuation, &request.headers);
    const Result<CosmosResponse> response = client_.Read(request, read_policy_, ctx);
    const bool no_database = response.status().code() == StatusCode::kNotFound;
    if (no_database || (response.ok() && response->is_absent())) return listed;
    if (!response.ok()) return Status(response.status()).WithContext("listing the containers");
    ASSIGN_OR_RETURN(const JsonDocument json,
                     JsonDocument::Parse(response->body, "the list of containers"));
    for (const simdjson::dom::element container : ArrayMember(json.root(), "DocumentCollections")) {
      listed.push_back({std::string(StringMember(container, "id")), IntMember(container, "_ts")});
    }
    continuation = response->headers.Find("x-ms-continuation");
  } while (!continuation.empty());
  return listed;
}

Status ContainerClient::DeleteContainer(const CallContext& ctx) {
  return Delete("colls", container_link_, container_path_, ctx)
      .WithContext("deleting the container " + client_.account().options().container);
}

Status ContainerClient::DeleteDatabase(const CallContext& ctx) {
  return Delete("dbs", database_link_, database_path_, ctx)
      .WithContext("deleting the database " + client_.account().options().database);
}

// Whatever else may be repeated, a delete may: what is gone stays gone.
Status ContainerClient::Delete(std::string_view type, const std::string& link,
                               const std::string& path, const CallContext& ctx) {
  const Result<CosmosResponse> response = client_.Read(
      {.method = HttpMethod::kDelete, .resource_type = type, .resource_link = link, .path = path},
      read_policy_, ctx);
  if (response.status().code() == StatusCode::kNotFound) return Status::Ok();
  if (!response.ok()) return response.status();
  return response->ok() || response->is_absent() ? Status::Ok() : response->ToStatus();
}

Result<std::string> ContainerClient::ReadOffers(std::string_view resource_self,
                                                const CallContext& ctx) {
  std::string body = R"({"query":"SELECT * FROM root WHERE root.resource = @self","parameters":[)";
  body += R"({"name":"@self","value":)";
  AppendJsonString(resource_self, &body);
  body += "}]}";
  CosmosRequest request{.method = HttpMethod::kPost,
                        .resource_type = "offers",
                        .resource_link = "",
                        .path = "/offers",
                        .headers = QueryHeaders(),
                        .body = body};
  request.headers.push_back({"x-ms-documentdb-isquery", "True"});
  ASSIGN_OR_RETURN(CosmosResponse response, ReadPresent(request, ctx));
  return std::move(response.body);
}

Result<std::optional<OfferInfo>> ContainerClient::ReadOffer(std::string_view resource_self,
                                                            const CallContext& ctx) {
  ASSIGN_OR_RETURN(const std::string body, ReadOffers(resource_self, ctx));
  ASSIGN_OR_RETURN(const JsonDocument json, JsonDocument::Parse(body, "the list of offers"));
  for (const simdjson::dom::element offer : ArrayMember(json.root(), "Offers")) {
    simdjson::dom::element content;
    if (offer["content"].get(content) != simdjson::SUCCESS) continue;
    OfferInfo info{.throughput = static_cast<uint32_t>(IntMember(content, "offerThroughput")),
                   .autoscale_max = std::nullopt};
    simdjson::dom::element autoscale;
    if (content["offerAutopilotSettings"].get(autoscale) == simdjson::SUCCESS &&
        autoscale.is_object()) {
      info.autoscale_max = static_cast<uint32_t>(IntMember(autoscale, "maxThroughput"));
    }
    return std::optional<OfferInfo>(info);
  }
  return std::optional<OfferInfo>();
}

Result<RangePage> ContainerClient::ReadRanges(const std::string& etag, const CallContext& ctx) {
  constexpr int kNotModified = 304;
  const std::string path = container_path_ + "/pkranges";
  CosmosRequest request{.resource_type = "pkranges",
                        .resource_link = container_link_,
                        .path = path,
                        .headers = {{"a-im", "Incremental Feed"}, {"x-ms-max-item-count", "-1"}}};
  if (!etag.empty()) request.headers.push_back({"if-none-match", etag});
  Result<CosmosResponse> response = ReadPresent(request, ctx);
  if (!response.ok()) {
    return std::move(response).status().WithContext("reading the partition key ranges");
  }
  RangePage page;
  page.etag = response->headers.Find("etag");
  page.not_modified = response->status == kNotModified;
  if (page.not_modified) return page;
  ASSIGN_OR_RETURN(const JsonDocument json,
                   JsonDocument::Parse(response->body, "the list of partition key ranges"));
  for (const simdjson::dom::element element : ArrayMember(json.root(), "PartitionKeyRanges")) {
    ASSIGN_OR_RETURN(PartitionKeyRange range, ParseRange(element));
    page.ranges.push_back(std::move(range));
  }
  return page;
}

RangeSource ContainerClient::range_source() {
  return [this](const std::string& etag, const CallContext& ctx) { return ReadRanges(etag, ctx); };
}

// A read of something that must be there: the container, or what belongs to it.
Result<CosmosResponse> ContainerClient::ReadPresent(const CosmosRequest& request,
                                                    const CallContext& ctx) {
  ASSIGN_OR_RETURN(CosmosResponse response, client_.Read(request, read_policy_, ctx));
  if (!response.ok()) return response.ToStatus();
  return response;
}

Result<ItemPage> ContainerClient::ReadPage(const CosmosRequest& request, const CallContext& ctx) {
  ASSIGN_OR_RETURN(CosmosResponse response, client_.Read(request, read_policy_, ctx));
  ItemPage page;
  page.range_gone = response.is_range_gone();
  if (page.range_gone) return page;
  if (!response.ok()) return response.ToStatus();
  page.body = std::move(response.body);
  page.continuation = response.headers.Find("x-ms-continuation");
  page.charge = response.charge;
  return page;
}

CosmosRequest ContainerClient::DocumentsRequest(HttpMethod method) const {
  return {.method = method,
          .resource_type = "docs",
          .resource_link = container_link_,
          .path = documents_path_};
}

Status ContainerClient::CheckExpectedContainer(const CallContext& ctx) {
  const Result<std::optional<ContainerInfo>> now = ReadContainer(ctx);
  if (!now.ok() || (now->has_value() && (*now)->rid == expected_rid_)) return Status::Ok();
  return Conflict("the container was deleted, or deleted and created again, during the run")
      .WithHint("run again from the beginning: what was written before is gone");
}

void ContainerClient::AddWriteHeaders(std::vector<HttpHeader>* headers) const {
  if (!expected_rid_.empty()) {
    headers->push_back({"x-ms-cosmos-intended-collection-rid", expected_rid_});
  }
  const CosmosOptions& options = client_.account().options();
  if (!options.priority_level.empty()) {
    headers->push_back({"x-ms-cosmos-priority-level", options.priority_level});
  }
  if (options.throughput_bucket != 0) {
    headers->push_back(
        {"x-ms-cosmos-throughput-bucket", std::to_string(options.throughput_bucket)});
  }
}

Result<CosmosResponse> ContainerClient::Bulk(std::string_view range_id, bool with_items,
                                             HttpBody body, const CallContext& ctx) {
  CosmosRequest request = DocumentsRequest(HttpMethod::kPost);
  request.headers = {{"content-type", "application/json"},
                     {"x-ms-cosmos-is-batch-request", "True"},
                     {"x-ms-cosmos-batch-atomic", "False"},
                     {"x-ms-cosmos-batch-continue-on-error", "True"},
                     {"x-ms-documentdb-partitionkeyrangeid", std::string(range_id)}};
  if (!with_items) request.headers.push_back({"prefer", "return=minimal"});
  AddWriteHeaders(&request.headers);
  request.body = body;
  request.write = true;
  return client_.Call(request, ctx);
}

Result<CosmosResponse> ContainerClient::Batch(std::string_view partition_key, std::string_view body,
                                              bool write, const CallContext& ctx) {
  CosmosRequest request = DocumentsRequest(HttpMethod::kPost);
  request.headers = {{"content-type", "application/json"},
                     {"x-ms-cosmos-is-batch-request", "True"},
                     {"x-ms-cosmos-batch-atomic", "True"},
                     {"x-ms-cosmos-batch-ordered", "True"},
                     {"x-ms-documentdb-partitionkey", AsciiJson(partition_key)}};
  AddWriteHeaders(&request.headers);
  request.body = body;
  request.write = write;
  return client_.Call(request, ctx);
}

Result<CosmosResponse> ContainerClient::Item(const Operation& operation, const CallContext& ctx) {
  const Document& document = *operation.document;
  CosmosRequest request = DocumentsRequest(MethodOf(operation.kind));
  std::string link, path;
  if (request.method != HttpMethod::kPost) {
    link.append(container_link_).append("/docs/").append(document.id);
    path = documents_path_ + "/" + PercentEncode(document.id);
    request.resource_link = link;
    request.path = path;
  }
  request.write = operation.kind != OperationKind::kRead;
  request.headers.push_back({"x-ms-documentdb-partitionkey", AsciiJson(document.partition_key)});
  if (operation.kind == OperationKind::kUpsert) {
    request.headers.push_back({"x-ms-documentdb-is-upsert", "True"});
  }
  if (!operation.body.empty()) {
    const bool patch = operation.kind == OperationKind::kPatch;
    request.headers.push_back(
        {"content-type", patch ? "application/json_patch+json" : "application/json"});
    request.body = operation.body;
  }
  if (request.write) request.headers.push_back({"prefer", "return=minimal"});
  if (!operation.if_match.empty()) {
    request.headers.push_back({"if-match", std::string(operation.if_match)});
  }
  AddWriteHeaders(&request.headers);
  return client_.Call(request, ctx);
}

Result<std::optional<std::string>> ContainerClient::ReadItem(std::string_view partition_key,
                                                             std::string_view id,
                                                             const CallContext& ctx) {
  const std::string link = container_link_ + "/docs/" + std::string(id);
  const std::string path = documents_path_ + "/" + PercentEncode(id);
  const CosmosRequest request{
      .resource_type = "docs",
      .resource_link = link,
      .path = path,
      .headers = {{"x-ms-documentdb-partitionkey", AsciiJson(partition_key)}}};
  Result<CosmosResponse> response = client_.Read(request, read_policy_, ctx);
  if (!response.ok()) return std::move(response).status().WithContext("reading an item");
  if (response->is_absent()) return std::optional<std::string>();
  return std::optional<std::string>(std::move(response->body));
}

Result<ItemPage> ContainerClient::ReadFeed(const FeedScope& scope, const std::string& continuation,
                                           const CallContext& ctx) {
  CosmosRequest request = DocumentsRequest(HttpMethod::kGet);
  AddScope(scope, &request.headers);
  AddPaging(continuation, &request.headers);
  return ReadPage(request, ctx);
}

Result<ItemPage> ContainerClient::Query(const std::optional<FeedScope>& scope,
                                        std::string_view query, const std::string& continuation,
                                        const CallContext& ctx) {
  CosmosRequest request = DocumentsRequest(HttpMethod::kPost);
  request.headers = QueryHeaders();
  request.headers.push_back({"x-ms-documentdb-isquery", "True"});
  request.headers.push_back({"x-ms-documentdb-query-enablecrosspartition", "True"});
  if (scope.has_value()) AddScope(*scope, &request.headers);
  AddPaging(continuation, &request.headers);
  request.body = query;
  return ReadPage(request, ctx);
}

Result<ItemPage> ContainerClient::QueryPartition(std::string_view partition_key,
                                                 std::string_view query,
                                                 const std::string& continuation,
                                                 const CallContext& ctx) {
  CosmosRequest request = DocumentsRequest(HttpMethod::kPost);
  request.headers = QueryHeaders();
  request.headers.push_back({"x-ms-documentdb-isquery", "True"});
  request.headers.push_back({"x-ms-documentdb-partitionkey", AsciiJson(partition_key)});
  AddPaging(continuation, &request.headers);
  request.body = query;
  return ReadPage(request, ctx);
}

Result<std::string> ContainerClient::QueryPlan(std::string_view query, const CallContext& ctx) {
  CosmosRequest request = DocumentsRequest(HttpMethod::kPost);
  request.headers = QueryHeaders();
  request.headers.push_back({"x-ms-cosmos-is-query-plan-request", "True"});
  request.headers.push_back({"x-ms-cosmos-supported-query-features", kSupportedQueryFeatures});
  request.headers.push_back({"x-ms-cosmos-query-version", "1.4"});
  request.body = query;
  ASSIGN_OR_RETURN(CosmosResponse response, ReadPresent(request, ctx));
  return std::move(response.body);
}

}  // namespace spillway::cosmosdb
