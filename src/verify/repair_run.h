// RepairRun: makes the destination equal to a version of the table with as few writes as that
// takes: compares them, says what it would do, asks, writes exactly the documents that differ, and
// compares those again. `repair` does it at the checkpoint's version and leaves the checkpoint
// alone; `rollback` does it at an earlier one, which the pipeline is then held at.
#ifndef SPILLWAY_VERIFY_REPAIR_RUN_H_
#define SPILLWAY_VERIFY_REPAIR_RUN_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "changes/delete_guard.h"
#include "engine/load_run.h"
#include "verify/difference.h"

namespace spillway {

struct RepairOptions : RunOptions {
  DeleteGuardOptions delete_guard{};
  std::vector<std::string> ignored_fields{};  // as VerifyOptions
  uint32_t differences_max = 20;              // listed in the plan; all are counted
  ThroughputLimit read_limit{};               // of reading the destination
  bool dry_run = false;                       // the plan, and nothing after it
  // A rollback: to this version, where the pipeline is held then. Empty: a repair.
  std::optional<VersionSelector> back_to{};
};

// What a run would do, before it writes anything.
struct RepairPlan : ComparisonCounts {
  int64_t version = 0;                  // that the destination is made equal to
  int64_t from_version = 0;             // of the checkpoint
  std::vector<Difference> differences;  // the first of them
  uint64_t upserts = 0;                 // missing and different documents
  uint64_t removes = 0;                 // extra ones: deleted, or marked where the mode says so
  uint64_t left = 0;                    // extra ones that the mode does not delete
  uint64_t bytes = 0;                   // of the documents to be written
  double write_cost = 0;                // about what the writes will cost; 0: not known
  uint64_t writes() const { return upserts + removes; }
};

struct RepairSummary {
  int64_t run_id = 0;
  RepairPlan plan;
  bool carried_out = false;  // false: a dry run, refused, or a repair with nothing to do
  IntentCounts counts;       // of the writes
  uint64_t checked = 0;      // documents that were written and then compared again
  uint64_t still_different = 0;
  double cost = 0;  // of the writes
  uint64_t requests = 0;
  uint64_t throttled_requests = 0;
  uint64_t bytes_sent = 0;
};

struct RepairListener {
  std::function<void(uint64_t documents_done)> on_progress;  // of the comparison; may be empty
  // Whether to go on with this plan, which writes something. May take its time: the pipeline is
  // held meanwhile.
  std::function<Result<bool>(const RepairPlan& plan)> confirm;
};

// Blocks until the destination is repaired, or rolled back. Killed at any moment, the same is just
// run again; a rollback that was begun keeps every other run away until then. REQUIRES: a load that
// is done. Errors: kLocked (a run goes on), kConflict (changes were begun and not
// finished; the mapping is another; the delete guard), kUnsupported (a mode that does not make the
// destination equal to the table), kRejectedOverBudget, kCancelled, and what source, destination
// and state return.
Result<RepairSummary> RunRepair(const LoadParts& parts, const DocumentOptions& documents,
                                const RepairOptions& options, const RepairListener& listener,
                                const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_VERIFY_REPAIR_RUN_H_
