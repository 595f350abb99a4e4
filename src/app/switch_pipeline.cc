#include "app/switch_pipeline.h"

#include <fmt/format.h>

#include <utility>

#include "app/switch_decision.h"
#include "app/switcher.h"
#include "app/verify_pipeline.h"
#include "engine/hold.h"
#include "generations/generation_state.h"
#include "generations/state_view.h"

namespace spillway {
namespace {

class SwitchingSync {
 public:
  SwitchingSync(const Project& project, const PipelineConfig& pipeline, const SyncRequest& request,
                const SyncListener& listener, const CallContext& ctx)
      : project_(project), pipeline_(pipeline), request_(request), listener_(listener), ctx_(ctx) {}

  Result<SyncResult> Run() {
    ASSIGN_OR_RETURN(state_, OpenState(project_));
    ASSIGN_OR_RETURN(switcher_,
                     Switcher::Open(project_, pipeline_, *state_, listener_.on_switch, ctx_));
    const bool anew = request_.full || request_.resync;
    RETURN_IF_ERROR(
        switcher_->Tidy(anew ? BuildingPolicy::kGiveUp : BuildingPolicy::kGiveUpUnknown));
    if (request_.resume) RETURN_IF_ERROR(Resume());
    RETURN_IF_ERROR(CheckNotHeld());
    SyncResult result;
    ASSIGN_OR_RETURN(const bool build, BuildIsDue());
    if (build) {
      RETURN_IF_ERROR(Build(result));
      RETURN_IF_ERROR(switcher_->Tidy(BuildingPolicy::kGiveUpUnknown));
      if (!request_.continuous) return result;
    }
    ASSIGN_OR_RETURN(SyncResult into_live, IntoLive(build));
    if (!build) return into_live;
    result.changes = std::move(into_live.changes);
    if (into_live.tuning) result.tuning = std::move(into_live.tuning);
    return result;
  }

 private:
  const SwitchStand& stand() const { return switcher_->stand(); }

  Status Resume() {
    return ReleaseHold(*state_, SystemClock(), pipeline_.name, RunOptions().lease, ctx_);
  }

  // After a way back, whatever this did would undo or contradict it.
  Status CheckNotHeld() const {
    if (request_.full || request_.resync) return Status::Ok();
    if (stand().list.building.has_value()) return Status::Ok();  // asked for since, by --full
    if (!stand().list.held) return CheckNotRolledBack();
    return Conflict(fmt::format("pipeline {}: readers were taken back to {}, and nothing is written"
                                " until you decide what it is to be",
                                pipeline_.name, stand().live()))
        .WithHint(fmt::format(
            "spillway switch {0} --release   goes on with changes into {1}\n"
            "spillway switch {0} --back      readers read {2} again\n"
            "spillway sync {0} --full        loads into a new container and switches to it",
            pipeline_.name, stand().live(), stand().pointer->previous));
  }

  // A new container would undo a rollback as changes would.
  Status CheckNotRolledBack() const {
    ASSIGN_OR_RETURN(const std::optional<Checkpoint> stored,
                     state_->LoadCheckpoint(pipeline_.name));
    return stored.has_value() ? spillway::CheckNotHeld(*stored, pipeline_.name) : Status::Ok();
  }

  Result<bool> BuildIsDue() {
    if (request_.from.given()) return FromIsPossible();
    if (request_.full || request_.resync) return true;
    const bool weigh_changes = !request_.at.given() && !request_.until.given();
    ASSIGN_OR_RETURN(const std::string why,
                     WhyBuild(project_, pipeline_, stand(), state_.get(), weigh_changes, ctx_));
    return !why.empty();
  }

  Result<bool> FromIsPossible() const {
    if (!stand().live().empty()) return false;
    return InvalidArgument(
               fmt::format("pipeline {}: --from takes the container that readers read as it is, and"
                           " there is none yet",
                           pipeline_.name))
        .WithHint(fmt::format("to load it, run: spillway sync {}", pipeline_.name));
  }

  Status Build(SyncResult& result) {
    if (!stand().list.building.has_value()) {
      RETURN_IF_ERROR(switcher_->Reserve());
    } else {
      RETURN_IF_ERROR(switcher_->FenceEarlierFlips());
    }
    if (!stand().list.building.has_value()) return NotThereAnyMore();
    const std::string container = stand().list.building->container;
    const std::unique_ptr<StateStore> view =
        MakeStateView(*state_, pipeline_.name, GenerationStateName(pipeline_.name, container));
    switcher_->Tell(SwitchStep::kLoad, container);
    ASSIGN_OR_RETURN(result, Into(container, *view));
    SwitchSummary verified;
    RETURN_IF_ERROR(VerifyBuilt(container, *view, verified));
    if (!request_.at.given()) {
      switcher_->Tell(SwitchStep::kCatchUp, container);
      ASSIGN_OR_RETURN(SyncResult caught_up, Into(container, *view));
      const bool applied = caught_up.changes && caught_up.changes->totals.windows > 0;
      if (applied || !result.load) result.changes = std::move(caught_up.changes);
      if (caught_up.tuning) result.tuning = std::move(caught_up.tuning);
    }
    ASSIGN_OR_RETURN(const std::optional<Checkpoint> loaded, view->LoadCheckpoint(pipeline_.name));
    if (!loaded.has_value()) return Internal("what was loaded is not in the state");
    ASSIGN_OR_RETURN(result.switched.emplace(), switcher_->Flip(container, loaded->version));
    result.switched->documents = verified.documents;
    result.switched->verify_cost = verified.verify_cost;
    return Status::Ok();
  }

  static Status NotThereAnyMore() {
    return Unavailable("what was being built was switched to, or given up, meanwhile")
        .WithHint("run the same command again: it goes on from what is there now");
  }

  // What an interrupted load is gone on with by is the checkpoint's affair.
  Result<SyncResult> Into(const std::string& container, StateStore& view) {
    SyncRequest request = request_;
    request.full = request.resync = request.continuous = request.resume = false;
    request.from = {};
    ASSIGN_OR_RETURN(OpenedPipeline opened, switcher_->OpenContainer(container));
    return SyncInto(project_, std::move(opened), view, request, listener_, ctx_);
  }

  Status VerifyBuilt(const std::string& container, StateStore& view, SwitchSummary& found) {
    if (stand().list.building->verified.has_value()) return Status::Ok();
    switcher_->Tell(SwitchStep::kVerify, container);
    ASSIGN_OR_RETURN(const OpenedPipeline opened, switcher_->OpenContainer(container));
    ASSIGN_OR_RETURN(const VerifySummary verified,
                     VerifyOpened(project_, opened, view, {.differences_max = 1}, {}, ctx_));
    if (!verified.matches()) return NotEqual(container, verified);
    found.documents = verified.destination_documents;
    found.verify_cost = verified.cost;
    return switcher_->NoteVerified(verified.version);
  }

  Status NotEqual(const std::string& container, const VerifySummary& verified) const {
    std::string first;
    if (!verified.differences.empty()) {
      first = fmt::format(", the first of them {} {}", verified.differences.front().partition_key,
                          verified.differences.front().id);
    }
    const std::string stays = stand().live().empty()
                                  ? "readers have no container to read"
                                  : fmt::format("readers still read {}", stand().live());
    return Status(StatusCode::kMismatch,
                  fmt::format("container {} is not equal to version {} of the table: {} missing, {}"
                              " extra, {} different{}; {}",
                              container, verified.version, verified.missing, verified.extra,
                              verified.different, first, stays))
        .WithHint(fmt::format("look at it, then give it up: spillway switch {0} --abort\n"
                              "and load again: spillway sync {0} --full",
                              pipeline_.name));
  }

  Result<SyncResult> IntoLive(bool built) {
    ASSIGN_OR_RETURN(OpenedPipeline opened, switcher_->OpenContainer(stand().live()));
    SyncRequest request = request_;
    request.full = request.resync = request.resume = false;
    if (built) request.at = request.from = {};
    return SyncInto(project_, std::move(opened), *state_, request, listener_, ctx_);
  }

  const Project& project_;
  const PipelineConfig& pipeline_;
  const SyncRequest& request_;
  const SyncListener& listener_;
  const CallContext& ctx_;
  std::unique_ptr<StateStore> state_;
  std::unique_ptr<Switcher> switcher_;
};

}  // namespace

Result<SyncResult> SyncSwitching(const Project& project, const PipelineConfig& pipeline,
                                 const SyncRequest& request, const SyncListener& listener,
                                 const CallContext& ctx) {
  return SwitchingSync(project, pipeline, request, listener, ctx).Run();
}

}  // namespace spillway
