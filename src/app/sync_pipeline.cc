#include "app/sync_pipeline.h"

#include <fmt/format.h>

#include <utility>

#include "app/switch_pipeline.h"
#include "changes/adopt.h"

namespace spillway {
namespace {

bool Asks(const VersionSelector& at) {
  return at.version.has_value() || at.timestamp_ms.has_value();
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
    if (Asks(request_.from)) {
      RETURN_IF_ERROR(
          AdoptVersion(Parts(), pipeline_.documents, ChangesOptions(), request_.from, ctx_));
    }
    SyncResult result;
    ASSIGN_OR_RETURN(const bool load_is_due, LoadIsDue());
    if (load_is_due) {
      ASSIGN_OR_RETURN(result.load, RunLoad(Parts(), pipeline_.documents, LoadingOptions(),
                                            listener_.on_load, ctx_));
    }
    RETURN_IF_ERROR(SweepIfDue(result));
    if (!load_is_due) RETURN_IF_ERROR(RetryIfDue(result));
    ASSIGN_OR_RETURN(const bool changes_are_due, ChangesAreDue(load_is_due));
    if (!changes_are_due) return result;
    ChangeOptions options = ChangesOptions();
    ASSIGN_OR_RETURN(options.until, Resolve(request_.until));
    ASSIGN_OR_RETURN(result.changes,
                     RunChanges(Parts(), pipeline_.documents, options, listener_.on_changes, ctx_));
    return result;
  }

  Result<RetrySummary> Retry(const RetrySelection& selection) {
    return RunRetry(Parts(), pipeline_.documents, ChangesOptions(), selection, ctx_);
  }

 private:
  LoadParts Parts() const {
    return {*opened_.source, *opened_.destination, *state_, SystemClock()};
  }

  // With a version asked for, RunLoad itself says whether that one is loaded.
  Result<bool> LoadIsDue() {
    if (request_.full || request_.resync || Asks(request_.at)) return true;
    ASSIGN_OR_RETURN(const std::optional<Checkpoint> stored,
                     state_->LoadCheckpoint(pipeline_.name));
    return !stored.has_value() || stored->phase != LoadPhase::kLoaded;
  }

  Status SweepIfDue(SyncResult& result) {
    ASSIGN_OR_RETURN(const std::optional<Checkpoint> stored,
                     state_->LoadCheckpoint(pipeline_.name));
    if (!stored.has_value() || !stored->sweep) return Status::Ok();
    ASSIGN_OR_RETURN(result.sweep, RunSweep(Parts(), pipeline_.documents, ChangesOptions(), ctx_));
    return Status::Ok();
  }

  // What was begun comes first; then the next sync tries.
  Status RetryIfDue(SyncResult& result) {
    if (!pipeline_.sync.retry_rejected) return Status::Ok();
    ASSIGN_OR_RETURN(const std::optional<Checkpoint> stored,
                     state_->LoadCheckpoint(pipeline_.name));
    if (!stored.has_value() || stored->begun_through > stored->version) return Status::Ok();
    ASSIGN_OR_RETURN(const std::vector<ReasonCount> reasons,
                     state_->RejectedByReason(pipeline_.name));
    if (reasons.empty()) return Status::Ok();
    ASSIGN_OR_RETURN(result.retried, Retry({}));
    return Status::Ok();
  }

  // Right after a load there is mostly nothing, and then no run of changes to tell of.
  Result<bool> ChangesAreDue(bool loaded_just_now) {
    if (Asks(request_.at)) return false;
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
    RunOptions options;
    options.pipeline = pipeline_.name;
    options.target = TargetOf(project_, pipeline_);
    options.generation = opened_.container;
    options.mode = pipeline_.sync.mode.write();
    options.duplicates = pipeline_.sync.duplicates;
    options.max_rejected = pipeline_.sync.max_rejected;
    options.memory_bytes_max = project_.memory_bytes();
    options.readers_max = request_.readers.value_or(options.readers_max);
    options.lanes_max = request_.lanes.value_or(options.lanes_max);
    options.settle = pipeline_.sync.settle;
    options.throughput = Throughput();
    options.spill_folder = project_.spill_folder();
    return options;
  }

  LoadOptions LoadingOptions() const {
    LoadOptions options{OptionsOfAnyRun()};
    options.restart = request_.full || request_.resync;
    options.sweep = request_.resync;
    options.at = Asks(request_.at) ? request_.at : request_.until;
    return options;
  }

  ChangeOptions ChangesOptions() const {
    ChangeOptions options{OptionsOfAnyRun()};
    options.changes = pipeline_.sync.changes;
    options.keep_index = pipeline_.sync.index;
    options.delete_guard.share.reset();
    if (pipeline_.sync.delete_guard.has_value() && !request_.allow_deletes) {
      options.delete_guard.share = pipeline_.sync.delete_guard->value;
    }
    options.continuous = request_.continuous;
    if (pipeline_.sync.poll.count() > 0) options.poll_max = pipeline_.sync.poll;
    return options;
  }

  ThroughputOptions Throughput() const {
    return {.limit = pipeline_.throughput.limit,
            .limit_now = [this] { return LimitSetFor(*state_, pipeline_.name); }};
  }

  const Project& project_;
  const PipelineConfig& pipeline_;
  const SyncRequest& request_;
  const SyncListener& listener_;
  const CallContext& ctx_;
  OpenedPipeline opened_;
  StateStore* const state_;
};

Status CheckRequest(const PipelineConfig& pipeline, const SyncRequest& request) {
  if ((request.full || request.resync) && Asks(request.from)) {
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
  if (request.continuous && Asks(request.at)) {
    return InvalidArgument(
        "--continuous follows the table, --version stays at one: only one of"
        " them");
  }
  return Status::Ok();
}

}  // namespace

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
