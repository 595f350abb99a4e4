#include "app/switcher.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "app/switch_place.h"
#include "base/log.h"
#include "engine/run_frame.h"
#include "engine/run_options.h"
#include "generations/generation_state.h"

namespace spillway {
namespace {

// Names that others have taken are passed over, so many at most.
constexpr int64_t kNamesTriedMax = 100;

std::chrono::milliseconds LeaseTime() {
  return RunOptions{}.lease;
}

std::string Arrow(const SwitchSummary& summary) {
  if (summary.from.empty()) return fmt::format("readers read {} now", summary.to);
  return fmt::format("readers read {} now, and read {} before", summary.to, summary.from);
}

}  // namespace

Result<std::unique_ptr<Switcher>> Switcher::Open(const Project& project,
                                                 const PipelineConfig& pipeline, StateStore& state,
                                                 std::function<void(const SwitchNews&)> on_news,
                                                 const CallContext& ctx) {
  std::unique_ptr<Switcher> switcher(
      new Switcher(project, pipeline, state, std::move(on_news), ctx));
  ASSIGN_OR_RETURN(switcher->table_, OpenGenerations(project, pipeline));
  RETURN_IF_ERROR(switcher->table_->Prepare(ctx).WithContext("the pointer"));
  RETURN_IF_ERROR(switcher->Refresh());
  return switcher;
}

Status Switcher::Refresh() {
  ASSIGN_OR_RETURN(stand_, table_->Read(ctx_));
  return Status::Ok();
}

Result<bool> Switcher::KnowsLive() {
  return StateIsAbout(state_, pipeline_.name, stand_.live());
}

Result<OpenedPipeline> Switcher::OpenContainer(const std::string& container) {
  return OpenPipelineAt(project_, pipeline_, {container, stand_.live()});
}

void Switcher::Tell(SwitchStep step, const std::string& container) const {
  LogLine(LogLevel::kInfo, "switch",
          fmt::format("pipeline {}: {} {}", pipeline_.name, SwitchStepName(step), container));
  if (on_news_) on_news_({step, container});
}

Status Switcher::WithLease(const std::function<Status(const LeaseKeeper&)>& step) {
  RunStop stop(ctx_.stop);
  ASSIGN_OR_RETURN(const std::unique_ptr<LeaseKeeper> lease,
                   LeaseKeeper::Acquire(state_, SystemClock(), pipeline_.name, LeaseTime(), stop));
  RETURN_IF_ERROR(Refresh());
  return step(*lease);
}

Result<SwitchSummary> Switcher::AsRun(
    const std::function<Result<SwitchSummary>(const LeaseKeeper&, int64_t run_id)>& step) {
  const RunFrame frame{.pipeline = pipeline_.name, .kind = "switch", .lease = LeaseTime()};
  return RunFramed(
      state_, SystemClock(), frame, ctx_,
      [&](RunStop&, const LeaseKeeper& lease, RunJournal& journal) -> Result<SwitchSummary> {
        RETURN_IF_ERROR(Refresh());
        ASSIGN_OR_RETURN(SwitchSummary summary, step(lease, journal.run_id()));
        summary.run_id = journal.run_id();
        journal.SetVersion(summary.version);
        journal.SetMessage(Arrow(summary));
        return summary;
      });
}

Result<bool> Switcher::GivesUp(BuildingPolicy policy) {
  if (!stand_.list.building.has_value() || policy == BuildingPolicy::kKeep) return false;
  if (policy == BuildingPolicy::kGiveUp) return true;
  const std::string& container = stand_.list.building->container;
  ASSIGN_OR_RETURN(const bool known,
                   StateIsAbout(state_, GenerationStateName(pipeline_.name, container), container));
  return !known;
}

// What would need the lease. A container that is unknown to the state is no reason: the state
// cannot be made to follow.
Result<bool> Switcher::IsTidy(BuildingPolicy policy) {
  ASSIGN_OR_RETURN(const bool gives_up, GivesUp(policy));
  if (gives_up) return false;
  if (!stand_.live().empty()) {
    const std::string name = GenerationStateName(pipeline_.name, stand_.live());
    ASSIGN_OR_RETURN(const bool aligned, KnowsLive());
    if (!aligned) {
      // Not looked at when it is aligned: of what was moved, a process that died may have left
      // half.
      ASSIGN_OR_RETURN(const bool can_align, StateIsAbout(state_, name, stand_.live()));
      if (can_align) return false;
    } else {
      ASSIGN_OR_RETURN(const std::optional<std::string> tuning, state_.TuningOf(name));
      if (tuning.has_value()) return false;
    }
  }
  if (stand_.list.retired.empty()) return true;
  ASSIGN_OR_RETURN(const int64_t now_ms, table_->NowMillis(ctx_));
  SwitchStand looked_at = stand_;
  return MarkDue(looked_at, now_ms).empty();
}

Status Switcher::Tidy(BuildingPolicy policy) {
  ASSIGN_OR_RETURN(const bool tidy, IsTidy(policy));
  if (tidy) return Status::Ok();
  return WithLease([&](const LeaseKeeper& lease) { return TidyUnderLease(policy, lease); });
}

Status Switcher::TidyUnderLease(BuildingPolicy policy, const LeaseKeeper& lease) {
  if (!stand_.live().empty()) {
    Tell(SwitchStep::kAlign, stand_.live());
    RETURN_IF_ERROR(AlignState(state_, pipeline_.name, stand_.live()).status());
  }
  ASSIGN_OR_RETURN(const bool gives_up, GivesUp(policy));
  if (gives_up) {
    GiveUpBuilding(stand_);
    RETURN_IF_ERROR(table_->Write(stand_, false, ctx_));
  }
  return DropDue(lease);
}

// Marked first: nobody goes back to a container that is being deleted.
Status Switcher::DropDue(const LeaseKeeper& lease) {
  if (stand_.list.retired.empty()) return Status::Ok();
  ASSIGN_OR_RETURN(const int64_t now_ms, table_->NowMillis(ctx_));
  const std::vector<std::string> due = MarkDue(stand_, now_ms);
  if (due.empty()) return Status::Ok();
  RETURN_IF_ERROR(table_->Write(stand_, false, ctx_));
  for (const std::string& container : due) RETURN_IF_ERROR(Drop(container, lease));
  RemoveDropped(stand_);
  return table_->Write(stand_, false, ctx_);
}

Status Switcher::Drop(const std::string& container, const LeaseKeeper& lease) {
  if (container == stand_.live()) {
    return Internal(fmt::format("container {} is read and was about to be deleted", container));
  }
  RETURN_IF_ERROR(lease.CheckHeld());
  Tell(SwitchStep::kDrop, container);
  ASSIGN_OR_RETURN(const OpenedPipeline opened, OpenContainer(container));
  RETURN_IF_ERROR(opened.destination->Remove(ctx_));
  const std::string name = GenerationStateName(pipeline_.name, container);
  ASSIGN_OR_RETURN(const std::optional<std::string> tuning, state_.TuningOf(name));
  if (tuning.has_value()) RETURN_IF_ERROR(state_.SetTuning(name, std::nullopt));
  return state_.Forget(name);
}

// A container of that name that is not ours stays as it is.
Result<bool> Switcher::IsFree(const std::string& container) {
  ASSIGN_OR_RETURN(const OpenedPipeline opened, OpenContainer(container));
  const Result<Preparation> missing = opened.destination->Prepare(true, ctx_);
  if (missing.ok()) return !missing->steps.empty();
  // It is there, with another partition key.
  if (missing.status().code() == StatusCode::kInvalidArgument) return false;
  return missing.status();
}

Status Switcher::Reserve() {
  return WithLease([&](const LeaseKeeper&) -> Status {
    if (stand_.list.building.has_value()) {
      return Unavailable(fmt::format("container {} is being built by another run",
                                     stand_.list.building->container))
          .WithHint("run the same command again: it goes on from what is there now");
    }
    const std::string base = BaseContainer(project_, pipeline_);
    for (int64_t number = stand_.list.last + 1; number <= stand_.list.last + kNamesTriedMax;
         ++number) {
      ASSIGN_OR_RETURN(const bool free, IsFree(GenerationName(base, number)));
      if (!free) continue;
      RETURN_IF_ERROR(spillway::Reserve(stand_, base, number));
      Tell(SwitchStep::kReserve, stand_.list.building->container);
      return table_->Write(stand_, false, ctx_);
    }
    return Conflict(fmt::format("containers {}-v{} and the {} behind it are there already", base,
                                stand_.list.last + 1, kNamesTriedMax - 1));
  });
}

Status Switcher::NoteVerified(int64_t version) {
  return WithLease([&](const LeaseKeeper&) -> Status {
    if (!stand_.list.building.has_value()) return Unavailable("what was built is not there");
    stand_.list.building->verified = version;
    Tell(SwitchStep::kVerified, stand_.list.building->container);
    return table_->Write(stand_, false, ctx_);
  });
}

// It came from the list as it is now: written once more, the list is another.
Status Switcher::FenceEarlierFlips() {
  return WithLease([&](const LeaseKeeper&) { return table_->Write(stand_, false, ctx_); });
}

// The pointer as it stands here becomes the one that readers follow.
Status Switcher::Publish(const LeaseKeeper& lease) {
  RETURN_IF_ERROR(lease.CheckHeld());
  Tell(SwitchStep::kFlip, stand_.live());
  RETURN_IF_ERROR(table_->Write(stand_, true, ctx_));
  Tell(SwitchStep::kAlign, stand_.live());
  return AlignState(state_, pipeline_.name, stand_.live()).status();
}

Result<SwitchSummary> Switcher::Flip(const std::string& container, int64_t version) {
  return AsRun([&](const LeaseKeeper& lease, int64_t run_id) -> Result<SwitchSummary> {
    if (!stand_.list.building.has_value() || stand_.list.building->container != container) {
      return Unavailable(
                 fmt::format("container {} is not the one that is being built any more", container))
          .WithHint("run the same command again: it goes on from what is there now");
    }
    SwitchSummary summary;
    summary.from = stand_.live();
    summary.to = container;
    summary.version = version;
    summary.verified_version = stand_.list.building->verified.value_or(version);
    Pointer pointer;
    pointer.version = version;
    pointer.pipeline = pipeline_.name;
    pointer.run = run_id;
    ASSIGN_OR_RETURN(pointer.switched_ms, table_->NowMillis(ctx_));
    spillway::Flip(stand_, std::move(pointer), pipeline_.sync.switching.keep);
    RETURN_IF_ERROR(Publish(lease));
    return summary;
  });
}

Result<SwitchSummary> Switcher::FlipBack() {
  return AsRun([&](const LeaseKeeper& lease, int64_t run_id) -> Result<SwitchSummary> {
    SwitchSummary summary;
    summary.from = stand_.live();
    Pointer pointer;
    pointer.pipeline = pipeline_.name;
    pointer.run = run_id;
    ASSIGN_OR_RETURN(pointer.switched_ms, table_->NowMillis(ctx_));
    const std::string previous =
        stand_.pointer.has_value() ? stand_.pointer->previous : std::string();
    ASSIGN_OR_RETURN(const std::optional<Checkpoint> kept,
                     state_.LoadCheckpoint(GenerationStateName(pipeline_.name, previous)));
    if (kept.has_value()) pointer.version = kept->version;
    summary.version = pointer.version;
    if (stand_.list.building.has_value()) GiveUpBuilding(stand_);
    RETURN_IF_ERROR(spillway::FlipBack(stand_, std::move(pointer), pipeline_.sync.switching.keep));
    summary.to = stand_.live();
    RETURN_IF_ERROR(Publish(lease));
    return summary;
  });
}

Status Switcher::Release() {
  return WithLease([&](const LeaseKeeper&) -> Status {
    if (!stand_.list.held) return Status::Ok();
    stand_.list.held = false;
    return table_->Write(stand_, false, ctx_);
  });
}

}  // namespace spillway
