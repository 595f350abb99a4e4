// EmbeddedLoad and EmbeddedPart: a pipeline's sync in a program that has many processes on many
// machines (Spark's driver and its tasks). One process has the lease, the plan and the checkpoint
// (EmbeddedLoad) and gives out the load in parts; the others do them (EmbeddedPart). Both read the
// same spillway.yaml, as text: its secrets are references, which each process resolves by itself.
#ifndef SPILLWAY_APP_EMBEDDED_LOAD_H_
#define SPILLWAY_APP_EMBEDDED_LOAD_H_

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "app/part_exchange.h"
#include "app/pipeline.h"
#include "app/sync_pipeline.h"
#include "engine/live_progress.h"
#include "engine/write_permit.h"

namespace spillway {

// {"project": "version: 1 …", "path": "/x/spillway.yaml", "pipeline": "products",
//  and of the load: "load_only": true, "full": false, "at_a_time": 8, "lingers_ms": 5000,
//  and of a part: "permit": true, "lent_share": false, "share": 0.125, "lanes": 16, "memory_bytes":
//  134217728, "scratch_folder": "/tmp/x"}
struct EmbeddedProject {
  std::unique_ptr<Project> project;
  const PipelineConfig* pipeline = nullptr;
  // Of the load.
  bool load_only = false;  // by a crew; else all of the sync, by this process alone
  bool full = false;
  uint32_t at_a_time = 1;
  std::chrono::milliseconds lingers{0};  // SyncRequest::crew_lingers
  // Of a part.
  bool permit = false;
  // Of the pipeline's limit, where no group shares it: what is lent, else an even share.
  bool lent_share = false;
  double share = 1;
  uint32_t lanes = 16;
  uint64_t memory_bytes = 128ull << 20;
  std::string scratch_folder;
};
// An even share of a limit that nobody divides.
ThroughputLimit PartOf(ThroughputLimit limit, double share);

// kInvalidArgument with every problem of the project.
Result<EmbeddedProject> ParseEmbeddedProject(std::string_view settings);

class EmbeddedLoad {
 public:
  explicit EmbeddedLoad(EmbeddedProject settings);
  // Stops the sync first, and waits for its end.
  ~EmbeddedLoad();

  // As PartExchange. Any thread.
  std::optional<std::string> Take() { return exchange_.Take(stop_.get_token()); }
  Status Put(std::string_view outcome) { return exchange_.Put(outcome); }
  void Fail(Status why) { exchange_.Fail(std::move(why)); }
  void Stop() { stop_.request_stop(); }

  std::chrono::milliseconds settle() const { return settings_.pipeline->sync.settle; }

  // Of the load; nullopt: none is going on yet. Any thread.
  std::optional<LoadProgressReport> progress() const;
  // That all parts may spend together, as PartExchange. Any thread.
  std::optional<ThroughputLimit> limit() const { return exchange_.limit(); }

  // Blocks until the sync has ended. Errors as SyncPipeline. Called once.
  Result<SyncResult> Finish();

 private:
  const EmbeddedProject settings_;
  std::stop_source stop_;
  PartExchange exchange_;
  mutable std::mutex mutex_;
  std::optional<LoadProgressReport> progress_;
  std::optional<Result<SyncResult>> result_;  // the thread's, until it is joined
  std::jthread thread_;                       // last: it uses the rest
};

// Used by one thread, but for Permit, LendShare and progress.
class EmbeddedPart {
 public:
  explicit EmbeddedPart(EmbeddedProject settings, const std::stop_token& stop);

  // Does a part; OutcomeText. Errors: as RunSplits, and those of opening. Called once.
  Result<std::string> Run(std::string_view part);
  // As WritePermit::Extend; any thread.
  void Permit(SteadyTime steady, WallTime wall) { permit_.Extend(steady, wall); }
  // As LentShare::Set; any thread.
  void LendShare(double part, SteadyTime until, const std::optional<ThroughputLimit>& limit) {
    share_.Set(part, until, limit);
  }
  LiveProgress progress() { return LiveProgressOf(meter_, share_); }

 private:
  RunOptions Options();

  const EmbeddedProject settings_;
  const std::stop_token stop_;
  WritePermit permit_;
  LentShare share_;
  RunMeter meter_;
};

}  // namespace spillway

#endif  // SPILLWAY_APP_EMBEDDED_LOAD_H_
