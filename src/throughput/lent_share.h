// LentShare: a run's part of a limit that somebody else divides among many runs, and lends for
// moments (Spark's driver, among the attempts of tasks). It ends by itself: who lends it waits for
// that moment before somebody else gets the part of a run that is not heard from.
#ifndef SPILLWAY_THROUGHPUT_LENT_SHARE_H_
#define SPILLWAY_THROUGHPUT_LENT_SHARE_H_

#include <mutex>
#include <optional>

#include "base/clock.h"
#include "throughput/share_member.h"
#include "throughput/throughput_limit.h"
#include "throughput/throughput_limiter.h"

namespace spillway {

// What a run could do with a limit.
struct ShareUse {
  std::optional<double> wanted;  // part of the limit; nullopt: all it can get
  std::optional<double> whole;   // the limit in units a second, undivided; nullopt: nobody says
};

// Thread-safe. Nothing is lent at first.
class LentShare {
 public:
  // The clock outlives it.
  explicit LentShare(const Clock& clock) : clock_(clock) {}

  // From now on until then, which is counted from a moment before the lender was asked: `part`, in
  // [0, 1], of the limit. Less takes effect before the call returns. `limit`: in place of the one
  // that the run was started with; nullopt: that one.
  void Set(double part, SteadyTime until, const std::optional<ThroughputLimit>& limit);

  // To be called every ShareDemand::kSampleEvery or so, while the run writes.
  ShareUse Use();

  // As LimitSource of the run's control.
  std::optional<ThroughputLimit> limit() const;

  // By the run's control: the limiter that is to keep to the part, from now on; and that it goes.
  void Attach(ThroughputLimiter& limiter);
  void Detach();

 private:
  const Clock& clock_;
  mutable std::mutex mutex_;
  ThroughputLimiter* limiter_ = nullptr;  // null: the run does not write (any more)
  double part_ = 0;
  SteadyTime until_ = SteadyTime::min();
  std::optional<ThroughputLimit> limit_;
  ShareDemand demand_;
};

}  // namespace spillway

#endif  // SPILLWAY_THROUGHPUT_LENT_SHARE_H_
