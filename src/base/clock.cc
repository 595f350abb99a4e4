#include "base/clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace spillway {
namespace {

class MachineClock : public Clock {
 public:
  SteadyTime Now() const override { return std::chrono::steady_clock::now(); }
  WallTime WallNow() const override { return std::chrono::system_clock::now(); }
  bool WaitFor(std::chrono::nanoseconds duration, const std::stop_token& stop) override {
    std::mutex mutex;
    std::condition_variable_any woken;
    std::unique_lock lock(mutex);
    woken.wait_for(lock, stop, duration, [] { return false; });
    return !stop.stop_requested();
  }
};

std::tm UtcFields(WallTime time) {
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm fields{};
  gmtime_r(&seconds, &fields);
  return fields;
}

}  // namespace

Clock& SystemClock() {
  static MachineClock clock;
  return clock;
}

SteadyTime ManualClock::Now() const {
  std::lock_guard lock(mutex_);
  return SteadyTime(std::chrono::duration_cast<SteadyTime::duration>(elapsed_));
}

WallTime ManualClock::WallNow() const {
  std::lock_guard lock(mutex_);
  return wall_ + std::chrono::duration_cast<WallTime::duration>(elapsed_);
}

bool ManualClock::WaitFor(std::chrono::nanoseconds duration, const std::stop_token& stop) {
  if (stop.stop_requested()) return false;
  Advance(std::max(duration, std::chrono::nanoseconds(0)));
  return true;
}

void ManualClock::Advance(std::chrono::nanoseconds duration) {
  std::lock_guard lock(mutex_);
  elapsed_ += duration;
}

int64_t UnixMillis(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

std::string FormatUtc(WallTime time, bool with_millis) {
  const std::tm f = UtcFields(time);
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", f.tm_year + 1900,
                                 f.tm_mon + 1, f.tm_mday, f.tm_hour, f.tm_min, f.tm_sec);
  if (with_millis) {
    const auto since = time.time_since_epoch();
    const auto millis = std::chrono::floor<std::chrono::milliseconds>(since) -
                        std::chrono::floor<std::chrono::seconds>(since);
    text += fmt::format(".{:03}", millis.count());
  }
  return text + "Z";
}

std::string FormatRfc1123(WallTime time) {
  static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::tm f = UtcFields(time);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays.at(f.tm_wday), f.tm_mday,
                     kMonths.at(f.tm_mon), f.tm_year + 1900, f.tm_hour, f.tm_min, f.tm_sec);
}

}  // namespace spillway
