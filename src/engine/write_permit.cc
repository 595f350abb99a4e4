#include "engine/write_permit.h"

namespace spillway {
namespace {

// How often a write that waits looks again.
constexpr std::chrono::milliseconds kLookAgain{10};

}  // namespace

void WritePermit::Extend(SteadyTime steady, WallTime wall) {
  std::lock_guard lock(mutex_);
  steady_ = steady;
  wall_ = wall;
}

bool WritePermit::Held() const {
  std::lock_guard lock(mutex_);
  return clock_.Now() < steady_ && clock_.WallNow() < wall_;
}

Status WritePermit::CheckHeld() const {
  const SteadyTime give_up = clock_.Now() + kWaitMax;
  while (!Held()) {
    if (clock_.Now() >= give_up) {
      return Unavailable("no permit to write came from the driver in time")
          .WithHint("nothing more was sent; write all rows again");
    }
    if (!clock_.WaitFor(kLookAgain, stop_)) return Cancelled("stopped on request");
  }
  return Status::Ok();
}

}  // namespace spillway
