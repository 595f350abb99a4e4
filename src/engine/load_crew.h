// LoadCrew: whoever reads and writes the splits of a load in other processes (executors of Spark),
// for the one process that has the lease, plans the work and keeps the checkpoint.
#ifndef SPILLWAY_ENGINE_LOAD_CREW_H_
#define SPILLWAY_ENGINE_LOAD_CREW_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/identity_log.h"
#include "engine/reader_pool.h"
#include "engine/run_stop.h"
#include "model/intent_counts.h"
#include "model/table.h"
#include "throughput/throughput_limit.h"

namespace spillway {

// What a run wants done: `work` of one version of a table.
struct CrewWork {
  std::string table_id;
  int64_t version = 0;
  int64_t run_id = 0;
  std::span<const Split> splits;  // of the version: what `work` counts
  std::vector<SplitWork> work;    // without only_rows
};

// What became of a split from `first_row` to its end. Every row has its fate.
struct SplitOutcome {
  uint32_t split = 0;
  uint64_t first_row = 0;
  uint64_t rows = 0;  // from there on
  IntentCounts counts{};
  std::vector<RejectedRow> rejected{};  // rows counted from first_row
  std::vector<IdentityRecord> identities{};
};

// Of some splits together, by one process.
struct CrewOutcome {
  std::vector<SplitOutcome> splits;
  double cost = 0;
  uint64_t requests = 0;
  uint64_t throttled_requests = 0;
  uint64_t bytes_sent = 0;
};

class LoadCrew {
 public:
  virtual ~LoadCrew() = default;
  // What all of it may spend together from now on; told before Do, and when it has changed.
  virtual void SetLimit(const ThroughputLimit& limit) = 0;
  // Blocks until all work is done or `stop` says that the run ends; then nothing more is given out,
  // and what comes late is dropped: its rows are read again. Both functions are called on this
  // thread, `on_tick` about so often. A failure of the crew, or of `on_outcome`, stops the run.
  virtual void Do(CrewWork work, std::chrono::milliseconds tick, RunStop& stop,
                  const std::function<Status(CrewOutcome)>& on_outcome,
                  const std::function<void()>& on_tick) = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_LOAD_CREW_H_
