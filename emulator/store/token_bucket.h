// TokenBucket: the request units a physical partition may spend. Refills continuously; holds at
// most one window's worth, so that a burst never exceeds the rate over that window.
#ifndef SPILLWAY_EMULATOR_STORE_TOKEN_BUCKET_H_
#define SPILLWAY_EMULATOR_STORE_TOKEN_BUCKET_H_

#include <array>
#include <chrono>
#include <mutex>
#include <optional>

#include "base/clock.h"

namespace spillway::emulator {

// Throughput buckets of the service: named shares of a container's throughput.
inline constexpr int kSharesMax = 5;
// By number less one: the most of the rate that requests of this share get; 0: no such share.
using Shares = std::array<double, kSharesMax>;

// Who asks. Clients may say that they can wait, and which share they are held to.
struct Admission {
  bool low_priority = false;
  int share = 0;  // 1 to kSharesMax; 0: none
};

struct Refusal {
  std::chrono::milliseconds wait{0};  // until the charge would fit
  bool by_share = false;              // there is throughput, but not for this share
};

// Thread-safe.
class TokenBucket {
 public:
  // A bucket without a rate admits everything.
  TokenBucket() = default;

  // The fill is kept in proportion, so that a change of throughput neither grants nor takes a
  // burst.
  void SetRate(std::optional<double> units_per_second, double window_seconds, SteadyTime now);
  void SetShares(const Shares& shares, SteadyTime now);

  // The part of a full bucket that low priority leaves to high priority. Both have the whole rate
  // when they are alone; together, low runs out first.
  static constexpr double kHighPriorityReserve = 0.2;

  // Takes `units` if they fit; a charge greater than the bucket is admitted when the bucket is
  // full, and leaves a debt. Otherwise returns how long to wait until they would fit.
  std::optional<Refusal> TryTake(double units, SteadyTime now, const Admission& admission);
  std::optional<std::chrono::milliseconds> TryTake(double units, SteadyTime now);

  // For work whose charge is known only afterwards: admitted while anything is left, then charged.
  std::optional<Refusal> TryStart(SteadyTime now, const Admission& admission = {}) {
    return TryTake(0, now, admission);
  }
  void Charge(double units, SteadyTime now, const Admission& admission = {});

 private:
  void Refill(SteadyTime now);
  // How long until `units` fit; nullopt when they do. `reserve` stays untouched.
  std::optional<std::chrono::milliseconds> WaitFor(double units, double tokens, double capacity,
                                                   double rate, double reserve) const;
  void Spend(double units, const Admission& admission);

  std::mutex mutex_;
  std::optional<double> rate_;
  double capacity_ = 0;
  double tokens_ = 0;
  Shares shares_{};
  std::array<double, kSharesMax> share_tokens_{};
  SteadyTime refilled_at_{};
};

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_STORE_TOKEN_BUCKET_H_
