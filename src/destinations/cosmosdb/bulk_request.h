// The body of a bulk request: a JSON array of operations. Bodies of items are not copied: the
// request is made of pieces, and they are some of them. Facts: the batch serialisers of the public
// SDKs (JavaScript src/utils/batch.ts, Java BatchRequest).
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_BULK_REQUEST_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_BULK_REQUEST_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "destinations/cosmosdb/operation.h"
#include "net/http_transport.h"

namespace spillway::cosmosdb {

// Operations in one bulk request (service limit).
inline constexpr size_t kBulkOperationsMax = 100;
// Bytes of a request's body (service limit).
inline constexpr size_t kRequestBytesMax = 2 << 20;

// An upper bound of what the operation takes in the body.
size_t BulkOperationBytesMax(const Operation& operation);

// One request at a time; kept for its capacity.
class BulkRequest {
 public:
  // The bodies of the operations are borrowed until the next Build.
  void Build(std::span<const Operation> operations);
  HttpBody body() const { return HttpBody(pieces_); }

 private:
  std::string envelope_;                  // what stands around the bodies, all of it
  std::vector<std::string_view> pieces_;  // of the envelope and bodies in turn
};

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_BULK_REQUEST_H_
