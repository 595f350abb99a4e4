#include "engine/lease_keeper.h"

#include <fmt/format.h>

#include <utility>

#include "base/log.h"

namespace spillway {
namespace {

constexpr int kRenewalsPerLease = 4;  // so that one that fails is tried again in time

}  // namespace

LeaseKeeper::Deadline LeaseKeeper::DeadlineFrom(const Clock& clock,
                                                std::chrono::milliseconds expires_after) {
  return {clock.Now() + expires_after, clock.WallNow() + expires_after};
}

Result<std::unique_ptr<LeaseKeeper>> LeaseKeeper::Acquire(StateStore& state, Clock& clock,
                                                          std::string_view pipeline,
                                                          std::chrono::milliseconds expires_after,
                                                          RunStop& stop) {
  // Taken before asking: the lease lasts from a moment that is not earlier.
  const Deadline deadline = DeadlineFrom(clock, expires_after);
  ASSIGN_OR_RETURN(std::unique_ptr<Lease> lease, state.AcquireLease(pipeline, expires_after));
  return std::unique_ptr<LeaseKeeper>(new LeaseKeeper(clock, std::string(pipeline), expires_after,
                                                      stop, std::move(lease), deadline));
}

LeaseKeeper::LeaseKeeper(Clock& clock, std::string pipeline,
                         std::chrono::milliseconds expires_after, RunStop& stop,
                         std::unique_ptr<Lease> lease, Deadline deadline)
    : clock_(clock),
      pipeline_(std::move(pipeline)),
      expires_after_(expires_after),
      stop_(stop),
      lease_(std::move(lease)),
      deadline_(deadline),
      thread_([this](const std::stop_token& ended) { KeepRenewing(ended); }) {}

Status LeaseKeeper::CheckHeld() const {
  std::lock_guard lock(mutex_);
  if (!lost_ && clock_.Now() < deadline_.steady && clock_.WallNow() < deadline_.wall) {
    return Status::Ok();
  }
  return Locked(fmt::format("the lease of pipeline {} is lost or could not be renewed in time",
                            pipeline_))
      .WithHint("nothing more was sent; run again to go on from the checkpoint");
}

Status LeaseKeeper::Renew() {
  const Deadline renewed = DeadlineFrom(clock_, expires_after_);
  const Status status = lease_->Renew();
  std::lock_guard lock(mutex_);
  if (status.ok()) deadline_ = renewed;
  if (status.code() == StatusCode::kLocked) lost_ = true;
  return status;
}

void LeaseKeeper::KeepRenewing(const std::stop_token& ended) {
  while (clock_.WaitFor(expires_after_ / kRenewalsPerLease, ended)) {
    Status renewed = Renew();
    if (!renewed.ok()) {
      LogLine(LogLevel::kWarning, "lease",
              fmt::format("pipeline {}: not renewed: {}", pipeline_, renewed.message()));
    }
    if (renewed.code() == StatusCode::kLocked) return stop_.Stop(std::move(renewed));
    // Other failures (a full disk, a busy state) may pass before the lease expires.
    if (renewed.ok()) continue;
    if (Status held = CheckHeld(); !held.ok()) return stop_.Stop(std::move(held));
  }
}

}  // namespace spillway
