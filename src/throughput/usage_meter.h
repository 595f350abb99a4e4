// UsageMeter: what a run spends, second by second and group by group (a group is a physical
// partition), beside what it may spend and what each group admits: the live picture of a run.
#ifndef SPILLWAY_THROUGHPUT_USAGE_METER_H_
#define SPILLWAY_THROUGHPUT_USAGE_METER_H_

#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "connector/destination.h"
#include "throughput/throughput_limit.h"

namespace spillway {

// Units a second; shares are of what a group admits, 0 to 1.
struct ThroughputPicture {
  std::optional<double> cap;         // that may be spent now: the limit, or what is admitted
  std::optional<double> admitted;    // by the destination
  bool limited = false;              // the cap is a limit of ours, below what is admitted
  double used = 0;                   // in the last whole second
  std::vector<double> ranges;        // share per group, in the last whole second; empty: not known
  std::optional<double> normalised;  // the greatest of these
  std::optional<double> peak_normalised;  // the greatest of any whole second so far
};

// Thread-safe. Seconds begin with the first unit that is spent.
class UsageMeter {
 public:
  void SetCap(const AdmittedThroughput& admitted, const ThroughputLimit& limit);
  // `units` were spent in the group; `now` never goes back by more than threads differ.
  void Add(uint32_t group, double units, SteadyTime now);
  ThroughputPicture Picture(SteadyTime now) const;

 private:
  struct Seconds {
    int64_t current = 0;  // its number
    std::vector<double> current_units;
    std::vector<double> last_units;
    std::optional<double> peak;
  };
  std::vector<double> SharesOf(const std::vector<double>& units) const;
  void Advance(SteadyTime now, Seconds& seconds) const;

  mutable std::mutex mutex_;
  AdmittedThroughput admitted_;
  std::optional<double> limit_;
  std::optional<SteadyTime> started_;
  Seconds seconds_;
};

}  // namespace spillway

#endif  // SPILLWAY_THROUGHPUT_USAGE_METER_H_
