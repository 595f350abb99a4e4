// The answer to a bulk request: one result per operation, in order.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_BULK_RESPONSE_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_BULK_RESPONSE_H_

#include <memory>
#include <span>
#include <string>

#include "base/status.h"
#include "destinations/cosmosdb/operation.h"

namespace spillway::cosmosdb {

// Keeps its buffers from one response to the next. Used by one thread at a time.
class BulkResponseParser {
 public:
  BulkResponseParser();
  ~BulkResponseParser();

  // Fills `results`, one per operation that was sent and all as new; etags and items only
  // `with_items`. May grow the capacity of `body`. kDataLoss: the body is no JSON array of results,
  // is cut off, or has another number of them; then nothing is known of any operation, and all
  // results are as new.
  Status Parse(std::string* body, bool with_items, std::span<OperationResult> results);

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_BULK_RESPONSE_H_
