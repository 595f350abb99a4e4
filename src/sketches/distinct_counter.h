// DistinctCounter: about how many different values a stream has, in 16 KiB whatever its length: a
// HyperLogLog of 2^14 registers (Flajolet et al., 2007), read by the estimator of Ertl ("New
// cardinality estimation algorithms for HyperLogLog sketches", 2017), which needs no correction for
// small or large counts.
#ifndef SPILLWAY_SKETCHES_DISTINCT_COUNTER_H_
#define SPILLWAY_SKETCHES_DISTINCT_COUNTER_H_

#include <cstdint>
#include <vector>

namespace spillway {

// Not thread-safe.
class DistinctCounter {
 public:
  // Of an estimate, as a share of it: 1.04 / sqrt(registers). Twice that is met 95 times of 100.
  static constexpr double kStandardError = 0.008125;

  DistinctCounter();

  // `hash`: a good 64-bit hash of the value.
  void Add(uint64_t hash);
  double Estimate() const;

 private:
  std::vector<uint8_t> registers_;
};

}  // namespace spillway

#endif  // SPILLWAY_SKETCHES_DISTINCT_COUNTER_H_
