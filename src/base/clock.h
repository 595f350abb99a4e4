// Clock: the only place where the project reads time or waits. Tests inject ManualClock, so that no
// test sleeps; waits end early when a stop is requested.
#ifndef SPILLWAY_BASE_CLOCK_H_
#define SPILLWAY_BASE_CLOCK_H_

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>

namespace spillway {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // For durations: never goes back.
  virtual SteadyTime Now() const = 0;
  // For people and protocols (UTC).
  virtual WallTime WallNow() const = 0;
  // Blocks for `duration`, or until `stop` is requested. True when the whole duration passed.
  virtual bool WaitFor(std::chrono::nanoseconds duration, const std::stop_token& stop) = 0;
};

// The machine's clock; lives as long as the program.
Clock& SystemClock();

// A clock that moves when told. WaitFor advances it by the asked duration and returns at once, so a
// test of back-off runs in no time and can read how long the code meant to wait.
class ManualClock : public Clock {
 public:
  explicit ManualClock(WallTime wall = WallTime(std::chrono::seconds(1'700'000'000)))
      : wall_(wall) {}
  SteadyTime Now() const override;
  WallTime WallNow() const override;
  bool WaitFor(std::chrono::nanoseconds duration, const std::stop_token& stop) override;
  void Advance(std::chrono::nanoseconds duration);

 private:
  mutable std::mutex mutex_;
  std::chrono::nanoseconds elapsed_{0};
  const WallTime wall_;
};

// Milliseconds since 1970.
int64_t UnixMillis(WallTime time);
// "2026-03-01T12:00:00Z"; milliseconds are added when `with_millis`.
std::string FormatUtc(WallTime time, bool with_millis = false);
// RFC 1123, always GMT: "Tue, 01 Nov 2022 08:00:00 GMT" (RFC 9110, section 5.6.7).
std::string FormatRfc1123(WallTime time);

}  // namespace spillway

#endif  // SPILLWAY_BASE_CLOCK_H_
