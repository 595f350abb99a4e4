// RetryPolicy: how long to wait before trying again: exponential with full jitter, never shorter
// than the other side asked for, always bounded. Pure: who waits, and on what, is the caller's
// affair.
#ifndef SPILLWAY_NET_RETRY_POLICY_H_
#define SPILLWAY_NET_RETRY_POLICY_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>

namespace spillway {

struct RetryPolicy {
  std::chrono::milliseconds wait_first{100};           // upper end of the first wait
  std::chrono::milliseconds wait_max{10'000};          // upper end of every later one
  std::chrono::milliseconds retry_after_max{300'000};  // what the other side may ask for at most
  uint32_t attempts_max = 10;                          // the first one included

  bool AllowsAttempt(uint32_t attempts_done) const { return attempts_done < attempts_max; }
};

// The upper end of the wait after `failures` failures in a row (at least 1): doubles up to
// wait_max.
inline std::chrono::milliseconds RetryWaitCeiling(const RetryPolicy& policy, uint32_t failures) {
  constexpr uint32_t kDoublingsMax = 30;
  const uint32_t doublings = std::min(failures == 0 ? 0 : failures - 1, kDoublingsMax);
  if (policy.wait_first.count() > (policy.wait_max.count() >> doublings)) return policy.wait_max;
  return std::chrono::milliseconds(policy.wait_first.count() << doublings);
}

// Uniform in [0, ceiling]. With a `retry_after` from the other side: that, plus a jitter of at most
// a quarter of it (and at least the first step), so that many waiters do not come back in one
// instant.
template <std::uniform_random_bit_generator Rng>
std::chrono::milliseconds RetryWait(const RetryPolicy& policy, uint32_t failures,
                                    std::chrono::milliseconds retry_after, Rng& rng) {
  const auto up_to = [&rng](std::chrono::milliseconds most) {
    std::uniform_int_distribution<int64_t> spread(0, std::max<int64_t>(most.count(), 0));
    return std::chrono::milliseconds(spread(rng));
  };
  const std::chrono::milliseconds ceiling = RetryWaitCeiling(policy, failures);
  if (retry_after.count() <= 0) return up_to(ceiling);
  const std::chrono::milliseconds asked = std::min(retry_after, policy.retry_after_max);
  return asked + up_to(std::min(ceiling, std::max(asked / 4, std::chrono::milliseconds(1))));
}

}  // namespace spillway

#endif  // SPILLWAY_NET_RETRY_POLICY_H_
