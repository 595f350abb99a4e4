// The keys of a `cosmosdb` connection and of a pipeline's destination there, as spillway.yaml has
// them. connectors.cc turns them into CosmosOptions, secrets fetched.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_SPEC_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_SPEC_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/spec.h"
#include "identity/identity_spec.h"

namespace spillway::cosmosdb {

struct ArmSection {
  std::string subscription;
  std::string resource_group;
  std::string account;
  std::string endpoint;
};

struct CosmosConnection {
  std::string endpoint;
  std::string database;
  AuthSection auth;
  std::string audience;
  std::optional<CloudName> cloud;
  std::optional<ArmSection> arm;
  std::string ca_file;
  bool discover_regions = true;
  std::vector<std::string> preferred_regions;
};

struct ThroughputSection {
  std::optional<uint32_t> manual;
  std::optional<uint32_t> autoscale;
};

enum class IndexingKind : uint8_t { kDefault, kNone, kFile };

struct IndexingSection {
  IndexingKind kind = IndexingKind::kDefault;
  std::string file;
};

struct TimeToLive {
  std::optional<int32_t> seconds;  // absent: off; -1: on, without a default
  bool operator==(const TimeToLive&) const = default;
};

struct CreateSection {
  bool never = false;
  std::optional<ThroughputSection> throughput;
  IndexingSection indexing;
  TimeToLive ttl;
  std::vector<std::vector<std::string>> unique_keys;
};

struct CosmosContainer {
  std::string container;
  CreateSection create;
  bool bulk = true;
  std::string priority;
  uint32_t throughput_bucket = 0;
};

const Spec<CosmosConnection>& CosmosConnectionSpec();
const Spec<CosmosContainer>& CosmosContainerSpec();

// The key of every local server, published by its makers: worth nothing beyond this machine.
std::string_view EmulatorKey();

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_SPEC_H_
