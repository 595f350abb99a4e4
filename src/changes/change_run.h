// ChangeRun: brings the destination from the version of the checkpoint to a newer one: reads what
// changed, window by window, collapses it, writes it and settles it. Batch: until there is nothing
// more; continuous: until it is stopped.
#ifndef SPILLWAY_CHANGES_CHANGE_RUN_H_
#define SPILLWAY_CHANGES_CHANGE_RUN_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "changes/change_window.h"
#include "changes/delete_guard.h"
#include "connector/source.h"
#include "engine/load_run.h"

namespace spillway {

struct ChangeOptions : RunOptions {
  ChangePolicy changes = ChangePolicy::kAuto;
  // Keeps an index of what the destination was told (changes/table_index.h), so that the table can
  // be compared with it when its log or its old files do not tell any more what changed. kIndex
  // always does; kFeed and kFiles never use it.
  bool keep_index = false;
  DeleteGuardOptions delete_guard{};
  std::optional<int64_t> until{};  // the last version to be applied
  bool continuous = false;
  std::optional<std::chrono::milliseconds> poll_max{};  // instead of the source's own
};

enum class ChangeActivity : uint8_t { kWaiting, kReading, kSending };

// A picture of a run, given to the listener about four times a second and at the end.
struct ChangeReport {
  int64_t version = 0;                           // the destination is at this version
  int64_t through_version = 0;                   // the window at hand ends here
  std::optional<std::chrono::milliseconds> lag;  // of `version`'s commit when it was applied
  ChangeActivity activity = ChangeActivity::kReading;
  // The last that there was reason for: the table nearly let go of what was still needed.
  std::string retention_warning;
  IntentCounts counts;  // of this run
  uint64_t windows = 0;
  uint64_t documents = 0;
  double cost = 0;
  uint64_t requests = 0;
  uint64_t throttled_requests = 0;
  uint64_t bytes_sent = 0;
  uint64_t bytes_read = 0;
  ThroughputPicture throughput;
  std::chrono::nanoseconds elapsed{0};
};

struct ChangeSummary {
  int64_t run_id = 0;
  int64_t from_version = 0;  // where the run began
  bool resumed = false;      // it finished a window that an earlier run had begun
  std::vector<MethodCount> methods;
  std::vector<std::string> late_columns;
  ChangeReport totals;
};

// "3 versions by added and removed files (the change feed was off)": for people.
std::string DescribeMethod(const MethodCount& method);

// Blocks until the changes are applied, the run fails or it is stopped; whatever the end, what was
// settled is checkpointed and the same call goes on from there. REQUIRES: a load that is done.
// Errors: kLocked, kRejectedOverBudget, kCancelled (stop, after a clean checkpoint), kConflict (the
// mapping is another; a duplicate; the delete guard), kDataLoss (changes that are needed are gone:
// names --resync), kUnsupported (a change of the table that needs a decision), and what source and
// destination return.
Result<ChangeSummary> RunChanges(const LoadParts& parts, const DocumentOptions& documents,
                                 const ChangeOptions& options,
                                 const std::function<void(const ChangeReport&)>& on_progress,
                                 const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_CHANGE_RUN_H_
