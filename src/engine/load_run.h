// LoadRun: an initial load, from a snapshot to the destination, resumable at any point. It reads
// splits in parallel, encodes, routes to lanes, delivers with the one retry home, settles, and
// checkpoints.
#ifndef SPILLWAY_ENGINE_LOAD_RUN_H_
#define SPILLWAY_ENGINE_LOAD_RUN_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/call_context.h"
#include "base/clock.h"
#include "base/result.h"
#include "connector/destination.h"
#include "connector/source.h"
#include "engine/load_crew.h"
#include "engine/run_options.h"
#include "model/intent_counts.h"
#include "state/state_store.h"
#include "transforms/document_options.h"

namespace spillway {

// What is done to the destination for the time of a load, under the pipeline's lease. Called by one
// thread at a time.
class LoadSurroundings {
 public:
  virtual ~LoadSurroundings() = default;
  // The destination is prepared, and something will be sent. A failure ends the load.
  virtual Status Enter(const CallContext& ctx) = 0;
  // The load has ended, however and wherever it did; not called once the lease is lost.
  virtual void Leave() = 0;
};

struct LoadOptions : RunOptions {
  bool restart = false;  // --full: forget the progress, load again
  bool sweep = false;    // a fresh load is marked: what it leaves over is to be taken away
  VersionSelector at{};
  LoadSurroundings* around = nullptr;  // outlives the load; null: nothing is done
  // Reads and writes the splits, but for the winners among duplicates, in place of this process;
  // outlives the load.
  LoadCrew* crew = nullptr;
};

enum class BindingLimit : uint8_t { kSource, kDestination, kThrottled, kStarting };

// A picture of a run, given to the listener about four times a second and once at the end.
struct LoadProgressReport {
  int64_t version = 0;
  std::optional<uint64_t> rows_total;  // when the source's statistics tell
  uint64_t bytes_total = 0;            // of the splits, compressed
  uint64_t bytes_read = 0;
  uint32_t splits_total = 0;
  uint32_t splits_done = 0;
  IntentCounts counts;      // this load, all its runs
  IntentCounts run_counts;  // this run alone
  uint64_t rows_ahead = 0;  // have their fate, but are not counted yet: rows before them have none
  double cost = 0;
  uint64_t requests = 0;
  uint64_t throttled_requests = 0;
  uint64_t bytes_sent = 0;
  ThroughputPicture throughput;
  std::chrono::nanoseconds elapsed{0};
  BindingLimit limited_by = BindingLimit::kStarting;
};

enum class LoadOutcome : uint8_t { kLoaded, kAlreadyLoaded };

struct LoadSummary {
  LoadOutcome outcome = LoadOutcome::kLoaded;
  int64_t run_id = 0;
  bool resumed = false;
  TableInfo table;                        // at the version that is loaded
  std::optional<int64_t> latest_version;  // of the table, when this run had to look: a newer one is
                                          // not loaded by running again, only with `restart`
  LoadProgressReport totals;
  uint64_t bytes_sent = 0;
};

struct LoadParts {
  Source& source;
  Destination& destination;
  StateStore& state;
  Clock& clock;
};

// Blocks until the load is done, failed or stopped; whatever the end, what was settled is
// checkpointed and the same call goes on from there. Errors: kLocked (another run),
// kRejectedOverBudget, kCancelled (stop, after a clean checkpoint), kConflict (the table, the
// version asked for or the mapping is not the one that was being loaded: says so and names --full;
// or two rows share an identity under DuplicatePolicy::kFail), kDataLoss (the identities of an
// interrupted load are gone: names --full), kInvalidArgument, and what source and destination
// return. kLoaded and asked for again: nothing is written, see LoadSummary::latest_version.
Result<LoadSummary> RunLoad(const LoadParts& parts, const DocumentOptions& documents,
                            const LoadOptions& options,
                            const std::function<void(const LoadProgressReport&)>& on_progress,
                            const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_LOAD_RUN_H_
