// WriteReport: what one call of Writer::Write did, row by row. A bad row is data here, not an
// error.
#ifndef SPILLWAY_MODEL_WRITE_REPORT_H_
#define SPILLWAY_MODEL_WRITE_REPORT_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace spillway {

enum class RowOutcome : uint8_t {
  kUpserted,  // inserted or replaced: which of them cannot be told
  kInserted,  // there was no document before
  kReplaced,  // there was one
  kDeleted,
  kNotFound,    // a delete that found nothing: a success
  kSuppressed,  // the mode says to leave it: `append` of an existing key, `update` of a missing one
                // …
  kFailed,      // see WriteReport::failures
};

// What the engine must do with a failed row. The connector judges; the engine alone waits and
// retries.
enum class Disposition : uint8_t {
  kRetry,   // surely not applied: send it again, after `retry_after`
  kUnsure,  // may have been applied: settle it as I3 says
  kReject,  // refused for good: keep it with its reason, go on with the others
  kStop,    // nothing of this run can succeed: stop with this status
};

struct RowFailure {
  uint32_t index = 0;  // into the documents given to Write
  Disposition disposition = Disposition::kRetry;
  std::string reason;  // stable code for grouping: "throttled", "http_413" …
  Status status;       // the service's own words; retry_after where it gave one
};

struct WriteReport {
  std::vector<RowOutcome> outcomes;  // one per document given
  std::vector<RowFailure> failures;  // one per outcome kFailed, in order of index
  std::vector<double> row_costs;     // one per document given, all attempts; empty: not told by row
  double cost = 0;  // in the destination's unit (request units), every attempt counted
  uint32_t requests = 0;
  uint32_t throttled_requests = 0;  // whole requests or requests with throttled rows
  uint64_t bytes_sent = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_MODEL_WRITE_REPORT_H_
