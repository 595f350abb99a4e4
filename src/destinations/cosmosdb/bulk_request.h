// The body of a bulk request: a JSON array of operations. Bodies of items are copied once, as they
// are. Facts: the batch serialisers of the public SDKs (JavaScript src/utils/batch.ts, Java
// BatchRequest).
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_BULK_REQUEST_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_BULK_REQUEST_H_

#include <span>
#include <string>

#include "destinations/cosmosdb/operation.h"

namespace spillway::cosmosdb {

// Operations in one bulk request (service limit).
inline constexpr size_t kBulkOperationsMax = 100;
// Bytes of a request's body (service limit).
inline constexpr size_t kRequestBytesMax = 2 << 20;

// An upper bound of what the operation takes in the body.
size_t BulkOperationBytesMax(const Operation& operation);

// Replaces `body`; allocates at most once.
void BuildBulkRequest(std::span<const Operation> operations, std::string* body);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_BULK_REQUEST_H_
