// TokenBucket: the request units a physical partition may spend. Refills continuously; holds at
// most one window's worth, so that a burst never exceeds the rate over that window.
#ifndef SPILLWAY_EMULATOR_STORE_TOKEN_BUCKET_H_
#define SPILLWAY_EMULATOR_STORE_TOKEN_BUCKET_H_

#include <chrono>
#include <mutex>
#include <optional>

#include "base/clock.h"

namespace spillway::emulator {

// Thread-safe.
class TokenBucket {
 public:
  // A bucket without a rate admits everything.
  TokenBucket() = default;

  // The fill is kept in proportion, so that a change of throughput neither grants nor takes a
  // burst.
  void SetRate(std::optional<double> units_per_second, double window_seconds, SteadyTime now);

  // Takes `units` if they fit; a charge greater than the bucket is admitted when the bucket is
  // full, and leaves a debt. Otherwise returns how long to wait until they would fit.
  std::optional<std::chrono::milliseconds> TryTake(double units, SteadyTime now);

  // For work whose charge is known only afterwards: admitted while anything is left, then charged.
  std::optional<std::chrono::milliseconds> TryStart(SteadyTime now) { return TryTake(0, now); }
  void Charge(double units, SteadyTime now);

 private:
  void Refill(SteadyTime now);

  std::mutex mutex_;
  std::optional<double> rate_;
  double capacity_ = 0;
  double tokens_ = 0;
  SteadyTime refilled_at_{};
};

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_STORE_TOKEN_BUCKET_H_
