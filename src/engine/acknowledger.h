// Acknowledger: gathers what is settled, split by split, and moves the checkpoint over it. Batches
// settle out of order; only the part of a split before its first unsettled row counts and is stored
// (I5), and a row is counted only there (I4): what a crash makes a later run read again was not
// counted before.
#ifndef SPILLWAY_ENGINE_ACKNOWLEDGER_H_
#define SPILLWAY_ENGINE_ACKNOWLEDGER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/batch_in_flight.h"
#include "model/table.h"
#include "state/state_store.h"

namespace spillway {

// A batch of which every row has its fate.
struct SettledBatch {
  uint32_t split = 0;
  uint64_t first_row = 0;
  uint64_t rows = 0;
  IntentCounts counts;
  std::vector<RejectedRow> rejected;  // rows inside the batch
  BatchShares shares;                 // held until it is behind the checkpoint
};

// nullopt: other parts of the batch are open, and this one is counted with the last of them.
// REQUIRES: every document of it has its fate.
std::optional<SettledBatch> TakeSettled(BatchInFlight& batch);

struct AcknowledgerOptions {
  std::string pipeline;
  int64_t run_id = 0;
  Checkpoint checkpoint;                // where the load stands
  std::vector<SplitProgress> progress;  // of the splits that were begun
  std::span<const Split> splits;        // of the snapshot, which outlives this
  // Makes durable what must be so before the checkpoint may pass the rows: the identities.
  std::function<Status()> before_commit = [] { return Status::Ok(); };
  // Says of a rejected row where it stands in the table (version, split, row), when that is not the
  // split and row that it was sent as.
  std::function<Status(uint32_t split, uint64_t row, RejectedRecord& record)> locate;
};

// Thread-safe.
class Acknowledger {
 public:
  Acknowledger(StateStore& state, Clock& clock, AcknowledgerOptions options);

  Status OnBatchSettled(SettledBatch batch);
  // The reader reached the end of the split, which has `rows` live rows.
  void OnSplitRead(uint32_t split, uint64_t rows);

  // One transaction with everything that moved since the last one; none when nothing did.
  Status Commit();
  // When a run ends early: rejected rows that the checkpoint has not reached are listed all the
  // same, so that people can see them, but not counted. First those of a batch that did not settle,
  // then those of settled batches behind one. The next Commit stores them.
  void ListRejected(uint32_t split, uint64_t first_row, std::vector<RejectedRow> rejected);
  void ListRejectedAhead();
  // The last commit of a load: `superseded` of the upserted rows turn out to be that, and it is
  // loaded. REQUIRES: AllComplete.
  Status CommitLoaded(uint64_t superseded);
  // The last commit of a window of changes: `checkpoint` is where it ends, without counts;
  // `counts` and `rejected` are of the images that were not sent. REQUIRES: AllComplete.
  Status CommitWindow(Checkpoint checkpoint, const IntentCounts& counts,
                      std::vector<RejectedRecord> rejected);

  IntentCounts counts() const;      // of the load
  IntentCounts run_counts() const;  // since this was made
  uint32_t splits_done() const;
  bool AllComplete() const { return splits_done() == options_.splits.size(); }

 private:
  struct SplitState {
    uint64_t rows_settled = 0;
    std::optional<uint64_t> rows;            // known once it is read to its end
    std::map<uint64_t, SettledBatch> ahead;  // settled, but behind an unsettled row; by first row
  };
  struct Uncommitted {
    Checkpoint checkpoint;
    std::map<uint32_t, SplitProgress> moved;
    std::vector<RejectedRecord> rejected;
    std::vector<Budget::Share> shares;  // of the memory of `rejected`
    bool empty() const { return moved.empty() && rejected.empty(); }
  };

  // These three hold mutex_.
  void Advance(uint32_t split, SplitState& state);
  void Count(SettledBatch batch);
  void AddRejected(uint32_t split, uint64_t first_row, std::vector<RejectedRow> rejected);
  Status CheckAddsUp() const;
  // Holds commit_mutex_.
  Status Write(Uncommitted& uncommitted);

  StateStore& state_;
  Clock& clock_;
  const AcknowledgerOptions options_;

  std::mutex commit_mutex_;  // taken before mutex_; held across the transaction
  mutable std::mutex mutex_;
  std::map<uint32_t, SplitState> splits_;  // those being read
  Uncommitted uncommitted_;
  IntentCounts run_counts_;
  uint32_t splits_done_ = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_ACKNOWLEDGER_H_
