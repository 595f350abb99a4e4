#include "emulator/store/token_bucket.h"

#include <algorithm>
#include <cmath>

namespace spillway::emulator {

void TokenBucket::SetRate(std::optional<double> units_per_second, double window_seconds,
                          SteadyTime now) {
  std::lock_guard lock(mutex_);
  Refill(now);
  const double filled = capacity_ > 0 ? tokens_ / capacity_ : 1.0;
  rate_ = units_per_second;
  capacity_ = units_per_second.value_or(0) * window_seconds;
  tokens_ = filled * capacity_;
  refilled_at_ = now;
}

std::optional<std::chrono::milliseconds> TokenBucket::TryTake(double units, SteadyTime now) {
  std::lock_guard lock(mutex_);
  if (!rate_) return std::nullopt;
  Refill(now);
  const double needed = std::min(units, capacity_);
  // A request without a known charge may start as soon as there is no debt.
  if (units > 0 ? tokens_ >= needed : tokens_ > 0) {
    tokens_ -= units;
    return std::nullopt;
  }
  const double wait_ms = std::ceil((needed - tokens_) / *rate_ * 1000.0);
  return std::chrono::milliseconds(std::max<int64_t>(1, static_cast<int64_t>(wait_ms)));
}

void TokenBucket::Charge(double units, SteadyTime now) {
  std::lock_guard lock(mutex_);
  if (!rate_) return;
  Refill(now);
  tokens_ -= units;
}

void TokenBucket::Refill(SteadyTime now) {
  if (rate_ && now > refilled_at_) {
    const double seconds = std::chrono::duration<double>(now - refilled_at_).count();
    tokens_ = std::min(capacity_, tokens_ + seconds * *rate_);
  }
  refilled_at_ = std::max(refilled_at_, now);
}

}  // namespace spillway::emulator
