// CosmosOptions: everything a Cosmos DB destination can be told, as plain values.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_OPTIONS_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/secret.h"
#include "identity/token_provider.h"

namespace spillway::cosmosdb {

// Request units per second of a new container. Neither: the database's shared throughput, or
// serverless.
struct Throughput {
  std::optional<uint32_t> manual{};         // 400 or more, a multiple of 100
  std::optional<uint32_t> autoscale_max{};  // 1000 or more, a multiple of 1000
};

enum class Indexing : uint8_t {
  kDefault,  // the service's: every property
  kNone,     // no property; point reads and whole scans only
  kCustom,   // ContainerCreation::indexing_policy
};

// How a missing container is made. Of an existing one only the partition key is compared.
struct ContainerCreation {
  Throughput throughput{};
  Indexing indexing = Indexing::kDefault;
  std::string indexing_policy{};         // JSON object, for kCustom
  std::optional<int32_t> ttl_seconds{};  // absent: off; -1: on without a default; else the default
  std::vector<std::vector<std::string>> unique_keys{};  // each a list of paths
};

// Where the account is in Azure Resource Manager, and who we are there.
struct ArmOptions {
  std::string endpoint{};  // "https://management.azure.com"
  std::string subscription{};
  std::string resource_group{};
  std::string account{};
  TokenUse token{};
};

struct CosmosOptions {
  std::string endpoint{};  // "https://account.documents.azure.com:443/"
  std::string key{};       // base64; empty: `key_source` or `token`
  // Gives the key where it is kept: asked when there is none yet, and again when the service
  // refuses the one that we have, so that keys can be changed while a run goes on.
  SecretSource key_source{};
  TokenUse token{};  // of Microsoft Entra ID, instead of a key
  // With a token only: makes containers and knows throughput, which the data plane keeps for keys.
  std::optional<ArmOptions> arm{};
  std::string database{};
  std::string container{};
  std::vector<std::string> partition_key{};  // paths: "/category"; two or three: hierarchical
  bool partition_key_v1 = false;             // the old hash, for a container made by us
  std::optional<ContainerCreation> create = ContainerCreation{};  // absent: nothing is ever created
  bool bulk = true;                                               // false: one request per document
  uint32_t bulk_bytes_target = 220'201;  // of one bulk request, as the official clients have it
  std::string ca_file{};                 // for the transport; PEM
  std::string priority_level{};          // "", "Low" or "High"
  uint32_t throughput_bucket = 0;        // 1 to 5; 0: none
  // False: every request goes to `endpoint`, whatever the account says about its regions.
  bool discover_regions = true;
  std::vector<std::string> preferred_regions{};  // for accounts with several write regions
};

// All that is wrong with the options, one sentence per fault, in one kInvalidArgument.
Status ValidateCosmosOptions(const CosmosOptions& options);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_OPTIONS_H_
