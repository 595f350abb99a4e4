// Sweep: takes away (or marks, as the mode says) what the destination holds and the loaded version
// of the table does not: the end of a resync, after a new load has written everything that should
// be there. Both sides are compared by identity, in bounded memory.
#ifndef SPILLWAY_CHANGES_SWEEP_H_
#define SPILLWAY_CHANGES_SWEEP_H_

#include <cstdint>

#include "changes/change_run.h"

namespace spillway {

struct SweepSummary {
  int64_t run_id = 0;
  int64_t version = 0;
  uint64_t documents = 0;  // that the destination had, without those whose row was gone before
  IntentCounts counts;     // one delete per document that the table does not have
  double cost = 0;         // of the deletes
  uint64_t requests = 0;
};

// REQUIRES: a load that is done. Blocks until the documents are gone, and takes the mark
// Checkpoint::sweep away. Idempotent: run again after a crash, it does what is left. Errors:
// kConflict (the delete guard), kLocked, kCancelled, and what source and destination return.
Result<SweepSummary> RunSweep(const LoadParts& parts, const DocumentOptions& documents,
                              const ChangeOptions& options, const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_SWEEP_H_
