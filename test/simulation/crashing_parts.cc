#include "simulation/crashing_parts.h"

#include <utility>

namespace spillway {
namespace {

Status Dead() {
  return Internal("the process has died");
}

class CrashingStore : public StateStore {
 public:
  CrashingStore(StateStore& store, CrashPoint& crash, std::function<void()> on_committed)
      : store_(store), crash_(crash), on_committed_(std::move(on_committed)) {}

  // Given back even by a dead process, as one that is seen to be dead on this machine loses it.
  Result<std::unique_ptr<Lease>> AcquireLease(std::string_view pipeline,
                                              std::chrono::milliseconds expires_after) override {
    return store_.AcquireLease(pipeline, expires_after);
  }
  Result<std::optional<Checkpoint>> LoadCheckpoint(std::string_view pipeline) override {
    return store_.LoadCheckpoint(pipeline);
  }
  Result<std::vector<SplitProgress>> LoadProgress(std::string_view pipeline) override {
    return store_.LoadProgress(pipeline);
  }
  StoreInfo info() const override { return store_.info(); }
  Result<std::optional<LeaseHolder>> Holder(std::string_view pipeline) override {
    return store_.Holder(pipeline);
  }
  Status Restore(std::string_view pipeline, const Checkpoint& checkpoint,
                 const std::vector<SplitProgress>& progress,
                 const std::vector<RejectedRecord>& rejected) override {
    return crash_.Passed() ? Dead() : store_.Restore(pipeline, checkpoint, progress, rejected);
  }
  Status StartLoad(std::string_view pipeline, const Checkpoint& checkpoint) override {
    if (crash_.Passed()) return Dead();
    RETURN_IF_ERROR(store_.StartLoad(pipeline, checkpoint));
    on_committed_();
    return crash_.Passed() ? Dead() : Status::Ok();
  }
  Status StartWindow(std::string_view pipeline, const Checkpoint& checkpoint) override {
    if (crash_.Passed()) return Dead();
    RETURN_IF_ERROR(store_.StartWindow(pipeline, checkpoint));
    on_committed_();
    return crash_.Passed() ? Dead() : Status::Ok();
  }
  Status Commit(std::string_view pipeline, const Checkpoint& checkpoint,
                const std::vector<SplitProgress>& moved,
                const std::vector<RejectedRecord>& rejected) override {
    if (crash_.Passed()) return Dead();
    RETURN_IF_ERROR(store_.Commit(pipeline, checkpoint, moved, rejected));
    on_committed_();
    return crash_.Passed() ? Dead() : Status::Ok();
  }
  Result<int64_t> StartRun(const RunRecord& run) override {
    if (crash_.Passed()) return Dead();
    return store_.StartRun(run);
  }
  Status UpdateRun(const RunRecord& run) override {
    return crash_.Passed() ? Dead() : store_.UpdateRun(run);
  }
  Result<std::optional<std::string>> ThroughputLimitOf(std::string_view pipeline) override {
    return store_.ThroughputLimitOf(pipeline);
  }
  Status SetThroughputLimit(std::string_view pipeline,
                            const std::optional<std::string>& limit) override {
    return crash_.Passed() ? Dead() : store_.SetThroughputLimit(pipeline, limit);
  }
  Result<std::optional<std::string>> TuningOf(std::string_view pipeline) override {
    return store_.TuningOf(pipeline);
  }
  Status SetTuning(std::string_view pipeline, const std::optional<std::string>& tuning) override {
    return crash_.Passed() ? Dead() : store_.SetTuning(pipeline, tuning);
  }
  Result<std::vector<RunRecord>> Runs(std::string_view pipeline, uint32_t count_max) override {
    return store_.Runs(pipeline, count_max);
  }
  Result<std::vector<RejectedRecord>> Rejected(std::string_view pipeline,
                                               std::optional<int64_t> run_id,
                                               uint32_t count_max) override {
    return store_.Rejected(pipeline, run_id, count_max);
  }
  Result<std::vector<ReasonCount>> RejectedByReason(std::string_view pipeline) override {
    return store_.RejectedByReason(pipeline);
  }

 private:
  StateStore& store_;
  CrashPoint& crash_;
  const std::function<void()> on_committed_;
};

class CrashingWriter : public Writer {
 public:
  CrashingWriter(std::unique_ptr<Writer> writer, CrashPoint& crash)
      : writer_(std::move(writer)), crash_(crash) {}

  Result<WriteReport> Write(std::span<const Document> documents, const CallContext& ctx) override {
    if (crash_.Passed()) return Dead();
    // The answer to what was sent before the crash is lost with the process.
    Result<WriteReport> report = writer_->Write(documents, ctx);
    return crash_.Passed() ? Result<WriteReport>(Dead()) : std::move(report);
  }

 private:
  const std::unique_ptr<Writer> writer_;
  CrashPoint& crash_;
};

class CrashingDestination : public Destination {
 public:
  CrashingDestination(Destination& destination, CrashPoint& crash)
      : destination_(destination), crash_(crash) {}

  const Capabilities& capabilities() const override { return destination_.capabilities(); }
  Status Check(const CallContext& ctx) override { return destination_.Check(ctx); }
  Result<Preparation> Prepare(bool dry_run, const CallContext& ctx) override {
    return destination_.Prepare(dry_run, ctx);
  }
  Result<LanePlan> PlanLanes(uint32_t lanes_max, const CallContext& ctx) override {
    return destination_.PlanLanes(lanes_max, ctx);
  }
  Hash128 Route(const Document& document) const override { return destination_.Route(document); }
  Result<std::unique_ptr<Writer>> OpenWriter(WriteMode mode, const CallContext& ctx) override {
    ASSIGN_OR_RETURN(std::unique_ptr<Writer> writer, destination_.OpenWriter(mode, ctx));
    return std::unique_ptr<Writer>(std::make_unique<CrashingWriter>(std::move(writer), crash_));
  }
  Result<std::vector<std::unique_ptr<DocumentReader>>> OpenReaders(
      const CallContext& ctx) override {
    return destination_.OpenReaders(ctx);
  }
  Result<std::optional<std::string>> ReadOne(std::string_view partition_key, std::string_view id,
                                             const CallContext& ctx) override {
    return destination_.ReadOne(partition_key, id, ctx);
  }

 private:
  Destination& destination_;
  CrashPoint& crash_;
};

}  // namespace

std::unique_ptr<StateStore> MakeCrashingStore(StateStore& store, CrashPoint& crash,
                                              std::function<void()> on_committed) {
  return std::make_unique<CrashingStore>(store, crash, std::move(on_committed));
}

std::unique_ptr<Destination> MakeCrashingDestination(Destination& destination, CrashPoint& crash) {
  return std::make_unique<CrashingDestination>(destination, crash);
}

}  // namespace spillway
