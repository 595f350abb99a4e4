#include "destinations/cosmosdb/cosmos_options.h"

#include "destinations/cosmosdb/cosmos_json.h"
#include "net/url.h"

namespace spillway::cosmosdb {
namespace {

constexpr size_t kPartitionKeyPathsMax = 3;
constexpr uint32_t kBulkBytesTargetMax = 1'500'000;
constexpr uint32_t kThroughputBucketMax = 5;
constexpr size_t kUniqueKeysMax = 10;
constexpr size_t kUniqueKeyPathsMax = 16;
constexpr size_t kNameBytesMax = 255;

using Faults = std::vector<std::string>;

bool IsPath(std::string_view path) {
  return path.size() > 1 && path.starts_with('/');
}

void CheckName(std::string_view what, std::string_view name, Faults* faults) {
  if (name.empty()) {
    faults->push_back("no " + std::string(what) + " is given");
  } else if (name.size() > kNameBytesMax || name.find_first_of("/\\?#") != std::string_view::npos) {
    faults->push_back(std::string(what) + " '" + std::string(name) +
                      "' is longer than 255 bytes or holds one of / \\ ? #");
  }
}

void CheckThroughput(const Throughput& throughput, Faults* faults) {
  if (throughput.manual.has_value() && throughput.autoscale_max.has_value()) {
    faults->push_back("throughput is either manual or autoscale, not both");
  }
  if (throughput.manual.has_value() &&
      (*throughput.manual < 400 || *throughput.manual % 100 != 0)) {
    faults->push_back("manual throughput must be 400 or more, in steps of 100");
  }
  const std::optional<uint32_t>& autoscale = throughput.autoscale_max;
  if (autoscale.has_value() && (*autoscale < 1000 || *autoscale % 1000 != 0)) {
    faults->push_back("autoscale throughput must be 1000 or more, in steps of 1000");
  }
}

void CheckCreation(const ContainerCreation& creation, Faults* faults) {
  CheckThroughput(creation.throughput, faults);
  if (creation.indexing == Indexing::kCustom) {
    const Result<JsonDocument> policy =
        JsonDocument::Parse(creation.indexing_policy, "the indexing policy");
    if (!policy.ok()) faults->emplace_back(policy.status().message());
    if (policy.ok() && !policy->root().is_object()) {
      faults->push_back("the indexing policy must be a JSON object");
    }
  }
  if (creation.ttl_seconds.has_value() && *creation.ttl_seconds != -1 &&
      *creation.ttl_seconds < 1) {
    faults->push_back("ttl must be -1 or a positive number of seconds");
  }
  if (creation.unique_keys.size() > kUniqueKeysMax) {
    faults->push_back("a container has at most 10 unique keys");
  }
  for (const std::vector<std::string>& paths : creation.unique_keys) {
    if (paths.empty() || paths.size() > kUniqueKeyPathsMax) {
      faults->push_back("a unique key has 1 to 16 paths");
    }
    for (const std::string& path : paths) {
      if (!IsPath(path)) faults->push_back("unique key path '" + path + "' must start with /");
    }
  }
}

void CheckPartitionKey(const CosmosOptions& options, Faults* faults) {
  const size_t paths = options.partition_key.size();
  if (paths == 0 || paths > kPartitionKeyPathsMax) {
    faults->push_back("a partition key has 1 to 3 paths");
  }
  if (paths > 1 && options.partition_key_v1) {
    faults->push_back("a hierarchical partition key cannot use the old hash (version 1)");
  }
  for (const std::string& path : options.partition_key) {
    if (!IsPath(path)) faults->push_back("partition key path '" + path + "' must start with /");
  }
}

}  // namespace

Status ValidateCosmosOptions(const CosmosOptions& options) {
  Faults faults;
  const Result<Url> endpoint = ParseUrl(options.endpoint);
  if (!endpoint.ok()) {
    faults.emplace_back(endpoint.status().message());
  } else if (endpoint->scheme == "http" && !IsLoopbackHost(endpoint->host)) {
    faults.push_back("plain http to " + endpoint->host + " is refused; use https");
  }
  if (options.key.empty() && !options.key_source && !options.token.given()) {
    faults.emplace_back("no key and no other credential is given");
  }
  CheckName("database", options.database, &faults);
  CheckName("container", options.container, &faults);
  CheckPartitionKey(options, &faults);
  if (options.create.has_value()) CheckCreation(*options.create, &faults);
  if (options.bulk_bytes_target == 0 || options.bulk_bytes_target > kBulkBytesTargetMax) {
    faults.emplace_back("the target size of a bulk request must be 1 to 1500000 bytes");
  }
  if (!options.priority_level.empty() && options.priority_level != "Low" &&
      options.priority_level != "High") {
    faults.push_back("priority level '" + options.priority_level + "' must be Low or High");
  }
  if (options.throughput_bucket > kThroughputBucketMax) {
    faults.emplace_back("the throughput bucket must be 1 to 5");
  }
  if (faults.empty()) return Status::Ok();
  std::string message = "cosmosdb: ";
  for (size_t i = 0; i < faults.size(); ++i) message += (i == 0 ? "" : "; ") + faults[i];
  return InvalidArgument(std::move(message));
}

}  // namespace spillway::cosmosdb
