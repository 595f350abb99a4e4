#include "app/sync_pipeline.h"

#include <fmt/format.h>

#include <utility>

#include "app/run_settings.h"
#include "app/switch_decision.h"
#include "app/switch_pipeline.h"
#include "changes/adopt.h"
#include "engine/hold.h"
#include "generations/generation_state.h"
#include "generations/state_view.h"

namespace spillway {
namespace {

// With a version asked for, RunLoad itself says whether that one is loaded.
Result<bool> LoadIsDue(StateStore* state, const std::string& pipeline, const SyncRequest& request) {
  if (request.full || request.resync || request.at.given()) return true;
  if (request.from.given()) return false;
  if (state == nullptr) return true;
  ASSIGN_OR_RETURN(const std::optional<Checkpoint> stored, state->LoadCheckpoint(pipeline));
  return !stored.has_value() || stored->phase != LoadPhase::kLoaded;
}

class Syncer {
 public:
  Syncer(const Project& project, OpenedPipeline opened, StateStore& state,
         const SyncRequest& request, const SyncListener& listener, const CallContext& ctx)
      : project_(project),
        pipeline_(*opened.config),
        request_(request),
        listener_(listener),
        ctx_(ctx),
        opened_(std::move(opened)),
        state_(&state) {}

  Result<SyncResult> Run() {
    if (request_.resume) {
      RETURN_IF_ERROR(
          ReleaseHold(*state_, SystemClock(), pipeline_.name, RunOptions().lease, ctx_));
    }
    MakeTuning();
    Result<SyncResult> result = RunParts();
    if (tuning_ == nullptr) return result;
    const TuningReport& report = tuning_->report();
    if (result.ok() && !(report.steps.empty() && report.left_over.ok())) result->tuning = report;
    if (!result.ok() && !report.left_over.ok()) Tell(report.left_over);
    return result;
  }

  Result<RetrySummary> Retry(const RetrySelection& selection) {
    return RunRetry(Parts(), pipeline_.documents, ChangesOptions(), selection, ctx_);
  }

 private:
  LoadParts Parts() const {
    return {*opened_.source, *opened_.destination, *state_, SystemClock()};
  }

  Result<SyncResult> RunParts() {
    if (request_.from.given()) {
      RETURN_IF_ERROR(
          AdoptVersion(Parts(), pipeline_.documents, ChangesOptions(), request_.from, ctx_));
    }
    SyncResult result;
    ASSIGN_OR_RETURN(const bool load_is_due, LoadIsDue(state_, pipeline_.name, request_));
    if (load_is_due) {
      ASSIGN_OR_RETURN(result.load, RunLoad(Parts(), pipeline_.documents, LoadingOptions(),
                                            Polling(listener_.on_load), ctx_));
    } else if (request_.load_only) {
      return result;
    } else if (tuning_ != nullptr) {
      RETURN_IF_ERROR(
          RestoreTuning(*tuning_, *state_, SystemClock(), pipeline_.name, ctx_).status());
    }
    if (request_.load_only) return result;
    RETURN_IF_ERROR(SweepIfDue(result));
    if (!load_is_due) RETURN_IF_ERROR(RetryIfDue(result));
    ASSIGN_OR_RETURN(const bool changes_are_due, ChangesAreDue(load_is_due));
    if (!changes_are_due) return result;
    ChangeOptions options = ChangesOptions();
    ASSIGN_OR_RETURN(options.until, Resolve(request_.until));
    ASSIGN_OR_RETURN(result.changes, RunChanges(Parts(), pipeline_.documents, options,
                                                Polling(listener_.on_changes), ctx_));
    return result;
  }

  void MakeTuning() {
    Tuning* const tuning = opened_.destination->tuning();
    if (tuning == nullptr) return;
    TuningOptions options = TuningOptionsOf(pipeline_);
    options.allowed = options.allowed || request_.allow_cost;
    tuning_ = std::make_unique<LoadTuning>(*tuning, *state_, SystemClock(), pipeline_.name,
                                           TargetOf(project_, pipeline_), std::move(options),
                                           listener_.on_tuning);
  }

  // A run's own pictures of itself are the moments to go on with what the destination takes long
  // for: the run has the pipeline's lease, and its thread that reports has the time.
  template <typename Report>
  std::function<void(const Report&)> Polling(const std::function<void(const Report&)>& listener) {
    return [this, listener](const Report& report) {
      if (tuning_ != nullptr) tuning_->Poll();
      if (listener) listener(report);
    };
  }

  void Tell(const Status& left_over) const {
    if (!listener_.on_tuning) return;
    listener_.on_tuning(fmt::format("the destination is not set back yet: {}; next: {}",
                                    left_over.message(), left_over.hint()));
  }

  Status SweepIfDue(SyncResult& result) {
    ASSIGN_OR_RETURN(const std::optional<Checkpoint> stored,
                     state_->LoadCheckpoint(pipeline_.name));
    if (!stored.has_value() || !stored->sweep) return Status::Ok();
    ASSIGN_OR_RETURN(result.sweep, RunSweep(Parts(), pipeline_.documents, ChangesOptions(), ctx_));
    return Status::Ok();
  }

  // What was begun comes first; then the next sync tries. What is held, the changes will tell.
  Status RetryIfDue(SyncResult& result) {
    if (!pipeline_.sync.retry_rejected) return Status::Ok();
    ASSIGN_OR_RETURN(const std::optional<Checkpoint> stored,
                     state_->LoadCheckpoint(pipeline_.name));
    if (!stored.has_value() || stored->begun_through > stored->version) return Status::Ok();
    if (stored->hold != Hold::kNone) return Status::Ok();
    ASSIGN_OR_RETURN(const std::vector<ReasonCount> reasons,
                     state_->RejectedByReason(pipeline_.name));
    if (reasons.empty()) return Status::Ok();
    ASSIGN_OR_RETURN(result.retried, Retry({}));
    return Status::Ok();
  }

  // Right after a load there is mostly nothing, and then no run of changes to tell of.
  Result<bool> ChangesAreDue(bool loaded_just_now) {
    if (request_.at.given()) return false;
    if (!loaded_just_now || request_.continuous) return true;
    // Which makes the index.
    if (pipeline_.sync.index || pipeline_.sync.changes == ChangePolicy::kIndex) return true;
    ASSIGN_OR_RETURN(const std::optional<Checkpoint> stored,
                     state_->LoadCheckpoint(pipeline_.name));
    ChangesRequest request;
    request.after = stored->position;
    request.policy = pipeline_.sync.changes;
    ASSIGN_OR_RETURN(const std::unique_ptr<ChangeLog> log,
                     opened_.source->OpenChanges(request, ctx_));
    ASSIGN_OR_RETURN(const int64_t latest, log->LatestVersion(ctx_));
    return latest > stored->version;
  }

  Result<std::optional<int64_t>> Resolve(const VersionSelector& at) {
    if (!at.timestamp_ms.has_value()) return at.version;
    SnapshotRequest request;
    request.at = at;
    ASSIGN_OR_RETURN(const std::unique_ptr<Snapshot> snapshot,
                     opened_.source->OpenSnapshot(request, ctx_));
    return std::optional<int64_t>(snapshot->info().version);
  }

  RunOptions OptionsOfAnyRun() const {
    RunOptions options = RunSettings(project_, pipeline_, *state_);
    options.generation = opened_.container;
    options.settle += request_.crew_lingers;
    options.readers_max = request_.readers.value_or(options.readers_max);
    options.lanes_max = request_.lanes.value_or(options.lanes_max);
    return options;
  }

  LoadOptions LoadingOptions() const {
    LoadOptions options{OptionsOfAnyRun()};
    options.restart = request_.full || request_.resync;
    options.sweep = request_.resync;
    options.at = request_.at.given() ? request_.at : request_.until;
    options.around = tuning_.get();
    options.crew = request_.crew;
    return options;
  }

  ChangeOptions ChangesOptions() const {
    ChangeOptions options{OptionsOfAnyRun()};
    options.changes = pipeline_.sync.changes;
    options.keep_index = pipeline_.sync.index;
    options.delete_guard = GuardSettings(pipeline_, request_.allow_deletes);
    options.continuous = request_.continuous;
    if (pipeline_.sync.poll.count() > 0) options.poll_max = pipeline_.sync.poll;
    return options;
  }

  const Project& project_;
  const PipelineConfig& pipeline_;
  const SyncRequest& request_;
  const SyncListener& listener_;
  const CallContext& ctx_;
  OpenedPipeline opened_;
  StateStore* const state_;
  std::unique_ptr<LoadTuning> tuning_;  // null: the destination has nothing to set
};

Status CheckRequest(const PipelineConfig& pipeline, const SyncRequest& request) {
  if ((request.full || request.resync) && request.from.given()) {
    return InvalidArgument(
        "--full and --resync load the table, --from takes it as loaded: only"
        " one of them");
  }
  if (request.resync && !PropagatesDeletes(pipeline.sync.mode.write())) {
    return InvalidArgument(fmt::format("--resync deletes what the table does not have, and"
                                       " pipelines.{}.sync.mode is neither mirror nor"
                                       " soft_delete",
                                       pipeline.name))
        .WithHint("use --full, which deletes nothing");
  }
  if (request.resume && (request.full || request.resync || request.from.given())) {
    return InvalidArgument(
        "--resume goes on from where a rollback has left the pipeline; --full, --resync and "
        "--from"
        " begin anew: only one of them");
  }
  if (request.crew != nullptr && pipeline.sync.strategy == StrategyKind::kSwitch) {
    return Unsupported(fmt::format("pipelines.{}.sync.strategy is switch, which one process does",
                                   pipeline.name))
        .WithHint(fmt::format("run: spillway sync {}", pipeline.name));
  }
  if (request.continuous && request.at.given()) {
    return InvalidArgument(
        "--continuous follows the table, --version stays at one: only one of"
        " them");
  }
  return Status::Ok();
}

// Of a container beside the one that is read; what its load has set already is in its own state.
Result<TuningPlan> PlanBuildTuning(const Project& project, const PipelineConfig& pipeline,
                                   const SwitchPlan& plan, StateStore* state,
                                   const CallContext& ctx) {
  ASSIGN_OR_RETURN(const OpenedPipeline beside,
                   OpenPipelineAt(project, pipeline, {plan.to, plan.from}));
  std::unique_ptr<StateStore> view;
  if (state != nullptr) {
    view = MakeStateView(*state, pipeline.name, GenerationStateName(pipeline.name, plan.to));
  }
  return PlanTuning(pipeline, *beside.destination, view.get(), true, ctx);
}

}  // namespace

Result<TuningPlan> PlanSyncTuning(const Project& project, const PipelineConfig& pipeline,
                                  const SyncRequest& request, const CallContext& ctx) {
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStore> state, OpenStateIfThere(project));
  const SwitchQuestion question{.anew = request.full || request.resync,
                                .weigh_changes = !request.at.given() && !request.until.given() &&
                                                 TuningOptionsOf(pipeline).is_set()};
  ASSIGN_OR_RETURN(const std::optional<SwitchPlan> switching,
                   PlanSwitch(project, pipeline, state.get(), question, ctx));
  if (switching && !request.from.given())
    return PlanBuildTuning(project, pipeline, *switching, state.get(), ctx);
  ASSIGN_OR_RETURN(const OpenedPipeline opened, OpenPipeline(project, pipeline, ctx));
  ASSIGN_OR_RETURN(const bool load_is_due, LoadIsDue(state.get(), pipeline.name, request));
  return PlanTuning(pipeline, *opened.destination, state.get(), load_is_due, ctx);
}

Result<SyncResult> SyncPipeline(const Project& project, const PipelineConfig& pipeline,
                                const SyncRequest& request, const SyncListener& listener,
                                const CallContext& ctx) {
  RETURN_IF_ERROR(CheckRequest(pipeline, request));
  if (pipeline.sync.strategy == StrategyKind::kSwitch) {
    return SyncSwitching(project, pipeline, request, listener, ctx);
  }
  ASSIGN_OR_RETURN(OpenedPipeline opened, OpenPipeline(project, pipeline, ctx));
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStore> state, OpenState(project));
  return SyncInto(project, std::move(opened), *state, request, listener, ctx);
}

Result<SyncResult> SyncInto(const Project& project, OpenedPipeline opened, StateStore& state,
                            const SyncRequest& request, const SyncListener& listener,
                            const CallContext& ctx) {
  return Syncer(project, std::move(opened), state, request, listener, ctx).Run();
}

Result<RetrySummary> RetryRejected(const Project& project, const PipelineConfig& pipeline,
                                   const RetrySelection& selection, const CallContext& ctx) {
  ASSIGN_OR_RETURN(OpenedPipeline opened, OpenPipeline(project, pipeline, ctx));
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStore> state, OpenState(project));
  const SyncRequest request;
  const SyncListener listener;
  return Syncer(project, std::move(opened), *state, request, listener, ctx).Retry(selection);
}

}  // namespace spillway
