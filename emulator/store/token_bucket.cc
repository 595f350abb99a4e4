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
  for (size_t i = 0; i < shares_.size(); ++i) share_tokens_[i] = filled * shares_[i] * capacity_;
  refilled_at_ = now;
}

void TokenBucket::SetShares(const Shares& shares, SteadyTime now) {
  std::lock_guard lock(mutex_);
  Refill(now);
  for (size_t i = 0; i < shares.size(); ++i) {
    if (shares_[i] != shares[i]) share_tokens_[i] = shares[i] * capacity_;
  }
  shares_ = shares;
}

std::optional<std::chrono::milliseconds> TokenBucket::TryTake(double units, SteadyTime now) {
  const std::optional<Refusal> refusal = TryTake(units, now, Admission{});
  return refusal ? std::optional(refusal->wait) : std::nullopt;
}

std::optional<Refusal> TokenBucket::TryTake(double units, SteadyTime now,
                                            const Admission& admission) {
  std::lock_guard lock(mutex_);
  if (!rate_) return std::nullopt;
  Refill(now);
  const double reserve = admission.low_priority ? kHighPriorityReserve * capacity_ : 0;
  if (const auto wait = WaitFor(units, tokens_, capacity_, *rate_, reserve)) {
    return Refusal{*wait, false};
  }
  const double share = admission.share > 0 ? shares_[admission.share - 1] : 0;
  if (share > 0) {
    const double tokens = share_tokens_[admission.share - 1];
    if (const auto wait = WaitFor(units, tokens, share * capacity_, share * *rate_, 0)) {
      return Refusal{*wait, true};
    }
  }
  Spend(units, admission);
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> TokenBucket::WaitFor(double units, double tokens,
                                                              double capacity, double rate,
                                                              double reserve) const {
  const double needed = std::min(units + reserve, capacity);
  // A request without a known charge may start as soon as there is no debt.
  if (units > 0 ? tokens >= needed : tokens > reserve) return std::nullopt;
  const double wait_ms = std::ceil((needed - tokens) / rate * 1000.0);
  return std::chrono::milliseconds(std::max<int64_t>(1, static_cast<int64_t>(wait_ms)));
}

void TokenBucket::Spend(double units, const Admission& admission) {
  tokens_ -= units;
  if (admission.share > 0) share_tokens_[admission.share - 1] -= units;
}

void TokenBucket::Charge(double units, SteadyTime now, const Admission& admission) {
  std::lock_guard lock(mutex_);
  if (!rate_) return;
  Refill(now);
  Spend(units, admission);
}

void TokenBucket::Refill(SteadyTime now) {
  if (rate_ && now > refilled_at_) {
    const double refilled = std::chrono::duration<double>(now - refilled_at_).count() * *rate_;
    tokens_ = std::min(capacity_, tokens_ + refilled);
    for (size_t i = 0; i < shares_.size(); ++i) {
      if (shares_[i] == 0) continue;
      share_tokens_[i] = std::min(shares_[i] * capacity_, share_tokens_[i] + shares_[i] * refilled);
    }
  }
  refilled_at_ = std::max(refilled_at_, now);
}

}  // namespace spillway::emulator
