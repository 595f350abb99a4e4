// LeaseKeeper: keeps the right to run a pipeline while a run lasts (I8): a thread renews the lease,
// and every write asks here first. Once the lease is lost, or may have expired unnoticed (a process
// that was stopped for a while), nothing more is sent.
#ifndef SPILLWAY_ENGINE_LEASE_KEEPER_H_
#define SPILLWAY_ENGINE_LEASE_KEEPER_H_

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "base/result.h"
#include "engine/run_stop.h"
#include "engine/send_right.h"
#include "state/state_store.h"

namespace spillway {

// Thread-safe.
class LeaseKeeper : public SendRight {
 public:
  // kLocked while another runner holds it. A lease lost later stops `stop`. Both must outlive this.
  static Result<std::unique_ptr<LeaseKeeper>> Acquire(StateStore& state, Clock& clock,
                                                      std::string_view pipeline,
                                                      std::chrono::milliseconds expires_after,
                                                      RunStop& stop);

  // Does not wait: a lease that is lost does not come back.
  Status CheckHeld() const override;

 private:
  struct Deadline {
    SteadyTime steady;
    WallTime wall;  // a suspended machine stops the steady clock, not the lease
  };
  LeaseKeeper(Clock& clock, std::string pipeline, std::chrono::milliseconds expires_after,
              RunStop& stop, std::unique_ptr<Lease> lease, Deadline deadline);

  void KeepRenewing(const std::stop_token& ended);
  Status Renew();
  static Deadline DeadlineFrom(const Clock& clock, std::chrono::milliseconds expires_after);

  Clock& clock_;
  const std::string pipeline_;
  const std::chrono::milliseconds expires_after_;
  RunStop& stop_;
  const std::unique_ptr<Lease> lease_;  // used by the thread alone
  mutable std::mutex mutex_;
  Deadline deadline_;
  bool lost_ = false;
  std::jthread thread_;  // last: joins before the lease is given back
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_LEASE_KEEPER_H_
