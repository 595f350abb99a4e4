// What to buy for a load and for the changes after it: physical partitions, request units a second,
// manual or autoscale. Facts: "Azure Cosmos DB service quotas", "Best practices for scaling
// provisioned throughput (RU/s)", "How to choose between manual and autoscale"; the recipe of a
// load is that of the Spark ingestion guide.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_CAPACITY_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_CAPACITY_H_

#include <cstdint>
#include <string>

#include "connector/capacity.h"
#include "destinations/cosmosdb/cosmos_options.h"

namespace spillway::cosmosdb {

inline constexpr double kRangeBytesMax = 50e9;
inline constexpr double kRangeUnitsMax = 10'000;
// Of a new container: fewer than the 10,000 that a range can give, where the throughput is fixed.
inline constexpr double kManualUnitsPerRange = 6'000;
inline constexpr double kAutoscaleUnitsPerRange = 10'000;
// Recommended to be in a range after a load, so that it can grow without a split.
inline constexpr double kRangeBytesTarget = 40e9;

// A container as it is, or would be made.
struct ContainerCapacity {
  std::string name{};
  bool is_there = false;
  bool shared = false;      // the throughput is its database's
  Throughput throughput{};  // neither: none of its own, or not known
  uint32_t ranges = 1;
};

// Ranges that so many bytes need; at least 1.
double RangesOfBytes(double documents_bytes);

// Pure.
CapacityAdvice AdviseCosmosCapacity(const ContainerCapacity& container,
                                    const CapacityQuestion& question);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_CAPACITY_H_
