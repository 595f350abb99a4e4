// CosmosPartitioning: the service's rules of partition keys and physical partitions, for the advice
// which key to take. Facts: "Azure Cosmos DB service quotas", "Partitioning and horizontal
// scaling", "Hierarchical partition keys".
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_PARTITIONING_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_PARTITIONING_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connector/partitioning.h"
#include "destinations/cosmosdb/container_client.h"
#include "destinations/cosmosdb/cosmos_options.h"
#include "destinations/cosmosdb/partition_key_ranges.h"

namespace spillway::cosmosdb {

// The container as it stands.
struct PresentContainer {
  ContainerInfo info;
  RangeMapPointer ranges;
  std::optional<OfferInfo> offer;  // of its own, or of its database
  bool offer_is_shared = false;    // of its database
  bool offer_hidden = false;       // it may not be read
};

// Without a container: of the one that `options` would create for so many bytes of documents.
// kUnsupported: more ranges than advice is given for (kRangesMax).
inline constexpr uint32_t kRangesMax = 4096;
Result<std::unique_ptr<Partitioning>> MakeCosmosPartitioning(
    const CosmosOptions& options, const std::optional<PresentContainer>& present,
    double documents_bytes);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_PARTITIONING_H_
