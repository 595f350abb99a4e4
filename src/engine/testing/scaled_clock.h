// ScaledClock: a clock for tests with threads: it runs many times faster than the machine's, so
// that waits of seconds pass in milliseconds and nothing has to be told to advance.
#ifndef SPILLWAY_ENGINE_TESTING_SCALED_CLOCK_H_
#define SPILLWAY_ENGINE_TESTING_SCALED_CLOCK_H_

#include "base/clock.h"

namespace spillway {

class ScaledClock : public Clock {
 public:
  explicit ScaledClock(int scale) : scale_(scale), origin_(SystemClock().Now()) {}
  SteadyTime Now() const override { return SteadyTime((SystemClock().Now() - origin_) * scale_); }
  WallTime WallNow() const override {
    constexpr std::chrono::seconds kStart(1'700'000'000);
    return WallTime(kStart) +
           std::chrono::duration_cast<WallTime::duration>(Now().time_since_epoch());
  }
  bool WaitFor(std::chrono::nanoseconds duration, const std::stop_token& stop) override {
    return SystemClock().WaitFor(duration / scale_, stop);
  }

 private:
  const int scale_;
  const SteadyTime origin_;
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_TESTING_SCALED_CLOCK_H_
