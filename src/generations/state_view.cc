#include "generations/state_view.h"

#include <utility>

namespace spillway {
namespace {

// Held together: what is written under either name is fenced.
class BothLeases : public Lease {
 public:
  BothLeases(std::unique_ptr<Lease> outer, std::unique_ptr<Lease> inner)
      : outer_(std::move(outer)), inner_(std::move(inner)) {}
  Status Renew() override {
    RETURN_IF_ERROR(outer_->Renew());
    return inner_->Renew();
  }

 private:
  const std::unique_ptr<Lease> outer_;  // given back last: who has it may take the inner one
  const std::unique_ptr<Lease> inner_;
};

class StateView : public StateStore {
 public:
  StateView(StateStore& state, std::string pipeline, std::string kept_under)
      : state_(state), pipeline_(std::move(pipeline)), kept_under_(std::move(kept_under)) {}

  StoreInfo info() const override { return state_.info(); }
  Result<std::unique_ptr<Lease>> AcquireLease(std::string_view pipeline,
                                              std::chrono::milliseconds expires_after) override {
    ASSIGN_OR_RETURN(std::unique_ptr<Lease> outer, state_.AcquireLease(pipeline, expires_after));
    if (pipeline != pipeline_) return outer;
    ASSIGN_OR_RETURN(std::unique_ptr<Lease> inner, state_.AcquireLease(kept_under_, expires_after));
    return std::unique_ptr<Lease>(std::make_unique<BothLeases>(std::move(outer), std::move(inner)));
  }
  Result<std::optional<LeaseHolder>> Holder(std::string_view pipeline) override {
    return state_.Holder(pipeline);
  }
  Result<std::optional<Checkpoint>> LoadCheckpoint(std::string_view pipeline) override {
    return state_.LoadCheckpoint(NameOf(pipeline));
  }
  Result<std::vector<SplitProgress>> LoadProgress(std::string_view pipeline) override {
    return state_.LoadProgress(NameOf(pipeline));
  }
  Status StartLoad(std::string_view pipeline, const Checkpoint& checkpoint) override {
    return state_.StartLoad(NameOf(pipeline), checkpoint);
  }
  Status Restore(std::string_view pipeline, const Checkpoint& checkpoint,
                 const std::vector<SplitProgress>& progress,
                 const std::vector<RejectedRecord>& rejected) override {
    return state_.Restore(NameOf(pipeline), checkpoint, progress, rejected);
  }
  Status Forget(std::string_view pipeline) override { return state_.Forget(NameOf(pipeline)); }
  Status StartWindow(std::string_view pipeline, const Checkpoint& checkpoint) override {
    return state_.StartWindow(NameOf(pipeline), checkpoint);
  }
  Status Commit(std::string_view pipeline, const Checkpoint& checkpoint,
                const std::vector<SplitProgress>& moved,
                const std::vector<RejectedRecord>& rejected) override {
    return state_.Commit(NameOf(pipeline), checkpoint, moved, rejected);
  }
  Result<std::optional<std::string>> ThroughputLimitOf(std::string_view pipeline) override {
    return state_.ThroughputLimitOf(pipeline);
  }
  Status SetThroughputLimit(std::string_view pipeline,
                            const std::optional<std::string>& limit) override {
    return state_.SetThroughputLimit(pipeline, limit);
  }
  // Of a container, not of a pipeline: what a build has set is set back in what is built.
  Result<std::optional<std::string>> TuningOf(std::string_view pipeline) override {
    return state_.TuningOf(NameOf(pipeline));
  }
  Status SetTuning(std::string_view pipeline, const std::optional<std::string>& tuning) override {
    return state_.SetTuning(NameOf(pipeline), tuning);
  }
  Result<int64_t> StartRun(const RunRecord& run) override { return state_.StartRun(run); }
  Status UpdateRun(const RunRecord& run) override { return state_.UpdateRun(run); }
  Result<std::vector<RunRecord>> Runs(std::string_view pipeline, uint32_t count_max) override {
    return state_.Runs(pipeline, count_max);
  }
  Result<std::vector<RejectedRecord>> Rejected(std::string_view pipeline,
                                               std::optional<int64_t> run_id,
                                               uint32_t count_max) override {
    return state_.Rejected(NameOf(pipeline), run_id, count_max);
  }
  Result<std::vector<ReasonCount>> RejectedByReason(std::string_view pipeline) override {
    return state_.RejectedByReason(NameOf(pipeline));
  }

 private:
  std::string_view NameOf(std::string_view pipeline) const {
    return pipeline == pipeline_ ? std::string_view(kept_under_) : pipeline;
  }

  StateStore& state_;
  const std::string pipeline_;
  const std::string kept_under_;
};

}  // namespace

std::unique_ptr<StateStore> MakeStateView(StateStore& state, std::string pipeline,
                                          std::string kept_under) {
  return std::make_unique<StateView>(state, std::move(pipeline), std::move(kept_under));
}

}  // namespace spillway
