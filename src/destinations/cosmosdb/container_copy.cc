#include "destinations/cosmosdb/container_copy.h"

#include <utility>
#include <vector>

#include "destinations/cosmosdb/cosmos_json.h"
#include "net/url.h"

namespace spillway::cosmosdb {
namespace {

constexpr int kExists = 409;
constexpr RetryPolicy kReadPolicy{};

// What the service takes when a container is made, beside its id and partition key.
constexpr std::string_view kSettings[] = {"indexingPolicy",        "defaultTtl",
                                          "uniqueKeyPolicy",       "conflictResolutionPolicy",
                                          "vectorEmbeddingPolicy", "fullTextPolicy",
                                          "computedProperties",    "changeFeedPolicy",
                                          "geospatialConfig",      "analyticalStorageTtl"};

// Of a container of the account's database.
struct Place {
  std::string link;
  std::string path;
};

Place PlaceOf(const CosmosOptions& options, const std::string& container) {
  return {"dbs/" + options.database + "/colls/" + container,
          "/dbs/" + PercentEncode(options.database) + "/colls/" + PercentEncode(container)};
}

// The partition key of a definition that the options would give a container of their own.
std::string OwnPartitionKey(const CosmosOptions& options) {
  CosmosOptions plain = options;
  plain.create = ContainerCreation{};
  return ContainerDefinition(plain);
}

std::vector<HttpHeader> ThroughputHeaders(const std::optional<OfferInfo>& offer) {
  if (!offer.has_value()) return {};
  if (offer->autoscale_max.has_value()) {
    return {{"x-ms-cosmos-offer-autopilot-settings",
             "{\"maxThroughput\":" + std::to_string(*offer->autoscale_max) + "}"}};
  }
  return {{"x-ms-offer-throughput", std::to_string(offer->throughput)}};
}

}  // namespace

Result<std::string> DefinitionLike(std::string_view definition, const CosmosOptions& options) {
  ASSIGN_OR_RETURN(const JsonDocument json, JsonDocument::Parse(definition, "the container"));
  ASSIGN_OR_RETURN(const ContainerInfo info, ParseContainer(definition));
  std::string body = "{\"id\":";
  AppendJsonString(options.container, &body);
  simdjson::dom::element key;
  if (info.partition_key == options.partition_key &&
      json.root()["partitionKey"].get(key) == simdjson::SUCCESS) {
    body.append(",\"partitionKey\":").append(simdjson::minify(key));
  } else {
    // The key that the options would give, from the definition that they would make.
    const std::string own = OwnPartitionKey(options);
    ASSIGN_OR_RETURN(const JsonDocument own_json, JsonDocument::Parse(own, "the definition"));
    body.append(",\"partitionKey\":").append(simdjson::minify(own_json.root()["partitionKey"]));
  }
  for (const std::string_view name : kSettings) {
    simdjson::dom::element value;
    if (json.root()[name].get(value) != simdjson::SUCCESS || value.is_null()) continue;
    body.append(",\"").append(name).append("\":").append(simdjson::minify(value));
  }
  return body + "}";
}

Result<ContainerModel> ReadModel(ContainerClient& client, const CallContext& ctx) {
  const CosmosOptions& options = client.client().account().options();
  const Place model = PlaceOf(options, options.create_like);
  ASSIGN_OR_RETURN(const CosmosResponse found,
                   client.client().Read(
                       {.resource_type = "colls", .resource_link = model.link, .path = model.path},
                       kReadPolicy, ctx));
  if (found.is_absent()) {
    return NotFound("there is no container " + options.create_like +
                    " whose settings a new one could get")
        .WithHint("say in the destination's `create:` how a container is made");
  }
  ASSIGN_OR_RETURN(const ContainerInfo info, ParseContainer(found.body));
  ASSIGN_OR_RETURN(std::string definition, DefinitionLike(found.body, options));
  return ContainerModel{info.self, std::move(definition)};
}

Status CreateContainerAs(ContainerClient& client, std::string_view definition,
                         const std::optional<OfferInfo>& offer, const CallContext& ctx) {
  const CosmosOptions& options = client.client().account().options();
  const std::string database_link = "dbs/" + options.database;
  const std::string path = "/dbs/" + PercentEncode(options.database) + "/colls";
  CosmosRequest request{.method = HttpMethod::kPost,
                        .resource_type = "colls",
                        .resource_link = database_link,
                        .path = path,
                        .headers = {{"content-type", "application/json"}},
                        .body = definition,
                        .write = true};
  for (HttpHeader& header : ThroughputHeaders(offer)) request.headers.push_back(std::move(header));
  ASSIGN_OR_RETURN(const CosmosResponse made, client.client().Call(request, ctx));
  if (made.ok() || made.status == kExists) return Status::Ok();
  return made.ToStatus().WithContext("creating the container");
}

}  // namespace spillway::cosmosdb
