// What a write costs, in request units: a model for `plan`, not a bill. Fitted to the service's
// published figures ("Request Units in Azure Cosmos DB", "Optimize request cost"): a 1 KB insert
// without indexes costs 5, one of 100 KB 50, and one of 1 KB with the default indexing policy
// about 10.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_COST_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_COST_H_

#include <algorithm>
#include <cstdint>

namespace spillway::cosmosdb {

inline constexpr double kInsertFirstKilobyteUnits = 5.0;
inline constexpr double kInsertNextKilobyteUnits = 0.45;
inline constexpr double kIndexedPropertyUnits = 0.3;

// Of one new document.
inline double InsertUnits(double document_bytes, double indexed_properties) {
  const double kilobytes = std::max(1.0, document_bytes / 1024);
  return kInsertFirstKilobyteUnits + kInsertNextKilobyteUnits * (kilobytes - 1) +
         kIndexedPropertyUnits * indexed_properties;
}

// Of a document that is there: replacing and deleting it take its old index terms away. (The
// documentation says "about two times an insert" of a replace.)
inline constexpr double kExistingFactor = 1.5;

// Before anything is known of the container's policy: a dozen indexed properties, and as many of
// its documents replaced as inserted.
inline double ExpectedWriteUnits(uint64_t document_bytes) {
  constexpr double kProperties = 12;
  return (1 + kExistingFactor) / 2 * InsertUnits(static_cast<double>(document_bytes), kProperties);
}

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_COST_H_
