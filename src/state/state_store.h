// StateStore: what must survive a process: where each pipeline stands, what its runs did, which
// rows were rejected, and who is running it. Durable when a call returns.
#ifndef SPILLWAY_STATE_STATE_STORE_H_
#define SPILLWAY_STATE_STATE_STORE_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/intent_counts.h"

namespace spillway {

inline constexpr int64_t kLoadsWithRejectedRowsMax = 8;  // older loads' rows are forgotten

enum class LoadPhase : uint8_t { kLoading, kLoaded };

// Whether the pipeline was taken back to an earlier version (`rollback`).
enum class Hold : uint8_t {
  kNone,
  kRollingBack,  // begun and not finished: some documents are at `hold_version` already
  kHeld,         // there, and it stays until somebody says that it may go on
};

// The durable position before which every row is settled.
struct Checkpoint {
  std::string table_id;
  std::string location;
  int64_t version = 0;
  LoadPhase phase = LoadPhase::kLoading;
  std::string mapping_hash;  // a changed mapping means a new load, not a continuation
  uint64_t splits = 0;       // of the load, to check that the work list is the same
  IntentCounts counts;       // of everything settled since the load began, over all its runs
  // The source's own words for where changes go on after `version`; opaque.
  std::string position;
  // Of changes: a window that began after `version` and ends with this one may have been sent in
  // part, so it must be finished, to its very end, before anything newer is sent (I2). 0: none.
  int64_t begun_through = 0;
  // In the destination, as far as this pipeline has put them there.
  uint64_t documents = 0;
  // What the destination holds and this load did not write is still to be taken away.
  bool sweep = false;
  // Columns that the table got after the load: a document without them is as the mapping says.
  std::vector<std::string> late_columns;
  Hold hold = Hold::kNone;
  int64_t hold_version = 0;  // of a hold: where to
};

// How far one split of a load, or one list of a window of changes, is settled: its first
// `rows_settled` live rows are.
struct SplitProgress {
  uint32_t split = 0;
  uint64_t rows_settled = 0;
  bool complete = false;
};

enum class RunState : uint8_t { kRunning, kSucceeded, kFailed, kStopped, kAbandoned };

struct RunRecord {
  int64_t id = 0;  // given by StartRun; ascending
  std::string pipeline;
  std::string kind;  // "load", "changes", "sweep", "verify", "repair", "rollback"
  RunState state = RunState::kRunning;
  int64_t started_ms = 0;  // UTC
  int64_t ended_ms = 0;    // 0 while running
  int64_t version = 0;
  IntentCounts counts;  // of this run alone
  double cost = 0;      // request units
  uint64_t requests = 0;
  uint64_t throttled_requests = 0;
  uint64_t bytes_sent = 0;
  // Request units a second that it might spend when it ended: its limit, or what the destination
  // admitted; 0: not known.
  double units_cap = 0;
  // The busiest second of any range, as a share of what that range admits; 0: not known.
  double peak_normalised = 0;
  uint64_t unsure = 0;  // documents whose last write may still land after the run has ended
  std::string message;  // why it failed or stopped; empty when it succeeded
};

struct RejectedRecord {
  int64_t run_id = 0;
  std::string pipeline;
  int64_t version = 0;
  std::string split;  // Split::key
  uint64_t row = 0;   // ordinal among the split's live rows
  std::string key;
  std::string reason;
  std::string message;
  int64_t at_ms = 0;
};

struct ReasonCount {
  std::string reason;
  uint64_t rows = 0;
};

// What a store is, for people.
struct StoreInfo {
  std::string kind;   // "sqlite", or the type of the connection that keeps it
  std::string place;  // a path, or where on the service; no credentials
  int64_t schema = 0;
};

// Who has, or had, the right to run a pipeline.
struct LeaseHolder {
  std::string owner;  // "process 12 on host"
  int64_t acquired_ms = 0;
  int64_t expires_ms = 0;
  bool holds = false;  // false: it has expired, or its process is known to be dead
};

// The right to run one pipeline (I8): released by the destructor; others see it expire when the
// process dies.
class Lease {
 public:
  virtual ~Lease() = default;
  // Extends it. kLocked when it was lost: then nothing more may be sent.
  virtual Status Renew() = 0;
};

// Thread-safe. kDataLoss of any call: what is stored is damaged, or a part of it is missing; it is
// never taken for a pipeline that has not run yet.
class StateStore {
 public:
  virtual ~StateStore() = default;

  virtual StoreInfo info() const = 0;

  // kLocked, naming the owner and since when, while another runner holds it and is alive.
  virtual Result<std::unique_ptr<Lease>> AcquireLease(std::string_view pipeline,
                                                      std::chrono::milliseconds expires_after) = 0;

  // nullopt: nobody has taken it, or it was given back.
  virtual Result<std::optional<LeaseHolder>> Holder(std::string_view pipeline) = 0;

  virtual Result<std::optional<Checkpoint>> LoadCheckpoint(std::string_view pipeline) = 0;
  virtual Result<std::vector<SplitProgress>> LoadProgress(std::string_view pipeline) = 0;
  // Starts over: replaces the checkpoint and forgets all progress of splits.
  virtual Status StartLoad(std::string_view pipeline, const Checkpoint& checkpoint) = 0;
  // As StartLoad, with progress and rejected rows that another store had: one transaction.
  virtual Status Restore(std::string_view pipeline, const Checkpoint& checkpoint,
                         const std::vector<SplitProgress>& progress,
                         const std::vector<RejectedRecord>& rejected) = 0;
  // A window of changes begins: stores the checkpoint and forgets all progress of splits. REQUIRES:
  // a load.
  virtual Status StartWindow(std::string_view pipeline, const Checkpoint& checkpoint) = 0;
  // One transaction: the checkpoint with its counts, the splits that moved and rows rejected on the
  // way.
  virtual Status Commit(std::string_view pipeline, const Checkpoint& checkpoint,
                        const std::vector<SplitProgress>& moved,
                        const std::vector<RejectedRecord>& rejected) = 0;

  // A limit that was set for the pipeline from outside of its runs, as it would be configured;
  // nullopt: none, what is configured holds. Any process may set it, at any time.
  virtual Result<std::optional<std::string>> ThroughputLimitOf(std::string_view pipeline) = 0;
  virtual Status SetThroughputLimit(std::string_view pipeline,
                                    const std::optional<std::string>& limit) = 0;

  // What the destination was before a run set it for a load, and what it is set to: opaque text,
  // below 64 KiB; nullopt: it is as it should be. REQUIRES, to set it: the pipeline's lease.
  virtual Result<std::optional<std::string>> TuningOf(std::string_view pipeline) = 0;
  virtual Status SetTuning(std::string_view pipeline, const std::optional<std::string>& tuning) = 0;

  // Stores the run as it is given, under a new id. Others of the pipeline that still say "running"
  // become abandoned.
  virtual Result<int64_t> StartRun(const RunRecord& run) = 0;
  virtual Status UpdateRun(const RunRecord& run) = 0;
  // Newest first. An empty pipeline: all.
  virtual Result<std::vector<RunRecord>> Runs(std::string_view pipeline, uint32_t count_max) = 0;

  virtual Result<std::vector<RejectedRecord>> Rejected(std::string_view pipeline,
                                                       std::optional<int64_t> run_id,
                                                       uint32_t count_max) = 0;
  virtual Result<std::vector<ReasonCount>> RejectedByReason(std::string_view pipeline) = 0;
};

// Opens or creates `path` (folder 0700, file 0600), and brings its schema up to date. A store
// written by a newer version is refused.
Result<std::unique_ptr<StateStore>> OpenSqliteStore(const std::string& path, Clock& clock);

}  // namespace spillway

#endif  // SPILLWAY_STATE_STATE_STORE_H_
