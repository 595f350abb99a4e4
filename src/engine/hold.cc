#include "engine/hold.h"

#include <fmt/format.h>

#include "engine/lease_keeper.h"
#include "engine/run_stop.h"

namespace spillway {

Status CheckNotHeld(const Checkpoint& checkpoint, std::string_view pipeline) {
  switch (checkpoint.hold) {
    case Hold::kNone:
      break;
    case Hold::kRollingBack:
      return Conflict(fmt::format("pipeline {}: a rollback to version {} has begun and is not"
                                  " finished",
                                  pipeline, checkpoint.hold_version))
          .WithHint(fmt::format("to finish it, run: spillway rollback {0} --to {1}\n"
                                "to load the newest version instead: spillway sync {0} --resync",
                                pipeline, checkpoint.hold_version));
    case Hold::kHeld:
      return Conflict(fmt::format("pipeline {}: it was rolled back and is held at version {}",
                                  pipeline, checkpoint.hold_version))
          .WithHint(fmt::format(
              "to apply again what came after it, run: spillway sync {0} --resume", pipeline));
  }
  return Status::Ok();
}

Status ReleaseHold(StateStore& state, Clock& clock, std::string_view pipeline,
                   std::chrono::milliseconds lease, const CallContext& ctx) {
  RunStop stop(ctx.stop);
  ASSIGN_OR_RETURN(const std::unique_ptr<LeaseKeeper> held,
                   LeaseKeeper::Acquire(state, clock, pipeline, lease, stop));
  ASSIGN_OR_RETURN(std::optional<Checkpoint> checkpoint, state.LoadCheckpoint(pipeline));
  if (!checkpoint.has_value() || checkpoint->hold == Hold::kNone) return Status::Ok();
  if (checkpoint->hold == Hold::kRollingBack) return CheckNotHeld(*checkpoint, pipeline);
  checkpoint->hold = Hold::kNone;
  checkpoint->hold_version = 0;
  return state.Commit(pipeline, *checkpoint, {}, {}).WithContext("releasing the hold");
}

}  // namespace spillway
