// WritePermit: the right of a write session to send, lent for moments by whoever has opened the
// session for somebody else (a Spark driver, for the attempt of a task). It ends by itself: an
// attempt that was given up, paused or cut off sends nothing once its permit has run out, and the
// lender only waits for that moment. Why so: docs/decisions/0011-permits-fence-attempts.md.
#ifndef SPILLWAY_ENGINE_WRITE_PERMIT_H_
#define SPILLWAY_ENGINE_WRITE_PERMIT_H_

#include <chrono>
#include <mutex>
#include <stop_token>
#include <utility>

#include "base/clock.h"
#include "engine/send_right.h"

namespace spillway {

// Thread-safe. Nothing is permitted at first.
class WritePermit : public SendRight {
 public:
  // How long a write waits for a permit to come (back) before it fails.
  static constexpr std::chrono::seconds kWaitMax{120};

  // `stop` ends a wait. The clock outlives it.
  WritePermit(Clock& clock, std::stop_token stop) : clock_(clock), stop_(std::move(stop)) {}

  // Until both moments: a suspended machine stops the steady clock, and a wall clock may be set
  // back. They must be counted from a moment before the lender was asked.
  void Extend(SteadyTime steady, WallTime wall);

  // Waits while the permit has run out. kUnavailable: it did not come within kWaitMax; kCancelled.
  Status CheckHeld() const override;

 private:
  bool Held() const;

  Clock& clock_;
  const std::stop_token stop_;
  mutable std::mutex mutex_;
  SteadyTime steady_ = SteadyTime::min();
  WallTime wall_ = WallTime::min();
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_WRITE_PERMIT_H_
