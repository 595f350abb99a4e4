// Operation: one thing asked of the service about one item, and what it answered. Writers plan
// operations; a sender (bulk or one by one) brings them there.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_OPERATION_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_OPERATION_H_

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/call_context.h"
#include "model/document.h"
#include "model/write_report.h"

namespace spillway::cosmosdb {

enum class OperationKind : uint8_t { kCreate, kUpsert, kReplace, kPatch, kDelete, kRead };

// A view: all of it belongs to the caller.
struct Operation {
  OperationKind kind = OperationKind::kUpsert;
  const Document* document = nullptr;  // names the item: id and partition key
  uint32_t row = 0;                    // into the documents given to Write
  std::string_view body;               // the item, or the patch; empty for deletes and reads
  std::string_view if_match;           // an etag with its quotes; empty: unconditional
};

// An answer of the service, or a failure: to get one, or of what the answer made us look at.
// A failure counts before the status.
struct OperationResult {
  int status = 0;
  int sub_status = 0;
  std::chrono::milliseconds retry_after{0};
  double charge = 0;    // request units
  std::string message;  // the service's words when it refused
  std::string etag;     // of reads
  std::string body;     // of reads: the item
  Status failure;       // as HttpTransport::Send fails; kConflict: another container
};

// Used by one thread at a time. Sends every operation at most once: nothing here waits or tries
// again.
class OperationSender {
 public:
  virtual ~OperationSender() = default;
  // Fills one result per operation. Adds cost, requests and bytes to `report`; nothing else of it.
  virtual void Send(std::span<const Operation> operations, std::span<OperationResult> results,
                    WriteReport* report, const CallContext& ctx) = 0;
};

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_OPERATION_H_
