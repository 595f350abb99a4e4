// SyncPipeline: what `sync` does: load the table when that is not done, then apply what has changed
// since; it decides by itself which of the two is due.
#ifndef SPILLWAY_APP_SYNC_PIPELINE_H_
#define SPILLWAY_APP_SYNC_PIPELINE_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "app/load_tuning.h"
#include "app/pipeline.h"
#include "app/switch_steps.h"
#include "app/tuning_plan.h"
#include "changes/change_run.h"
#include "changes/retry.h"
#include "changes/sweep.h"

namespace spillway {

// What distinguishes one run from the pipeline's configuration.
struct SyncRequest {
  bool full = false;           // forget the progress, load again
  bool resync = false;         // the same, and then take away what the table does not have
  VersionSelector at{};        // load this version, and nothing after it
  VersionSelector until{};     // apply nothing after it
  VersionSelector from{};      // the destination holds this version already: go on from there
  bool continuous = false;     // follow the table until stopped
  bool resume = false;         // from where a rollback has left it
  bool allow_deletes = false;  // this once, whatever the delete guard says
  bool allow_cost = false;     // somebody has agreed to what the load's throughput costs
  bool load_only = false;      // not what has changed since, nor what was rejected
  LoadCrew* crew = nullptr;    // who loads in place of this process; outlives the call
  // What processes of an earlier run may go on sending after it has died, besides `settle`.
  std::chrono::milliseconds crew_lingers{0};
  std::optional<uint32_t> readers{};
  std::optional<uint32_t> lanes{};
};

// Absent: that part was not due.
struct SyncResult {
  std::optional<LoadSummary> load;
  std::optional<SweepSummary> sweep;
  std::optional<RetrySummary> retried;
  std::optional<ChangeSummary> changes;
  std::optional<TuningReport> tuning;  // something was set for a load, or set back
  std::optional<SwitchSummary> switched;
};

struct SyncListener {
  std::function<void(const LoadProgressReport&)> on_load;
  std::function<void(const ChangeReport&)> on_changes;
  LoadTuning::OnStep on_tuning{};
  std::function<void(const SwitchNews&)> on_switch{};
};

// What SyncPipeline would set for a load, were it called now. Errors as PlanTuning.
Result<TuningPlan> PlanSyncTuning(const Project& project, const PipelineConfig& pipeline,
                                  const SyncRequest& request, const CallContext& ctx);

// Errors as RunLoad and RunChanges, and those of opening; with `strategy: switch` as SyncSwitching.
Result<SyncResult> SyncPipeline(const Project& project, const PipelineConfig& pipeline,
                                const SyncRequest& request, const SyncListener& listener,
                                const CallContext& ctx);

// Rejected rows once more, in the container that is read. Errors as RunRetry, and those of opening.
Result<RetrySummary> RetryRejected(const Project& project, const PipelineConfig& pipeline,
                                   const RetrySelection& selection, const CallContext& ctx);

// The same as SyncPipeline into a destination that is open, with the state that is about it.
Result<SyncResult> SyncInto(const Project& project, OpenedPipeline opened, StateStore& state,
                            const SyncRequest& request, const SyncListener& listener,
                            const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_APP_SYNC_PIPELINE_H_
