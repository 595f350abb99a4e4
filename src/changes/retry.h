// Retry: rejected rows once more, each with the value that it has now: at the version of the
// checkpoint, under the pipeline's lease, through the same lanes as changes. So nothing newer can
// be overwritten: whatever is newer than the checkpoint comes later, and nobody else writes
// meanwhile.
#ifndef SPILLWAY_CHANGES_RETRY_H_
#define SPILLWAY_CHANGES_RETRY_H_

#include <cstdint>
#include <optional>
#include <string>

#include "changes/change_run.h"

namespace spillway {

// Keys that one run takes; the rest is left for the next.
inline constexpr size_t kRetryKeysMax = 100'000;

// Which rejected rows; all of it left out: every one.
struct RetrySelection {
  std::optional<int64_t> run_id;
  std::string reason;
  std::string id;
};

struct RetrySummary {
  int64_t run_id = 0;
  int64_t version = 0;          // the rows are as they are there
  uint64_t rows = 0;            // rejected rows that were meant
  uint64_t without_key = 0;     // of them: their key is not known, so they cannot be found again
  uint64_t keys = 0;            // of the others, each once
  uint64_t written = 0;         // keys whose document is there now
  uint64_t gone = 0;            // keys that the table does not have any more
  uint64_t still_rejected = 0;  // keys
  uint64_t left = 0;            // rows beyond kRetryKeysMax
  double cost = 0;
  uint64_t requests = 0;
};

// Reads the table once. What is written or gone leaves the list of rejected rows; what is refused
// again stays. REQUIRES: a load that is done. Errors: kConflict (the mapping is another; changes
// were begun and come first; several rows have such a key), kInvalidArgument (the mode deletes),
// kLocked, kCancelled, and what source and destination return.
Result<RetrySummary> RunRetry(const LoadParts& parts, const DocumentOptions& documents,
                              const ChangeOptions& options, const RetrySelection& selection,
                              const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_RETRY_H_
