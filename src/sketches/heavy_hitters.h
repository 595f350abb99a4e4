// HeavyHitters: the keys that carry most of a stream's weight, in bounded memory. The
// frequent-items summary of Misra and Gries, cleaned in batches by the median, as in Anderson et
// al., "A high-performance algorithm for identifying frequent items in data streams" (2017): when
// the table is full the median is taken from every weight, and what has nothing left goes.
#ifndef SPILLWAY_SKETCHES_HEAVY_HITTERS_H_
#define SPILLWAY_SKETCHES_HEAVY_HITTERS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace spillway {

struct HeavyKey {
  Hash128 key;
  std::string name;   // as it came, cut to the length kept
  double weight = 0;  // at least so much, and at most error() more
  double side = 0;    // the second weight since the key was kept: exact while error() is 0
};

// Not thread-safe.
class HeavyHitters {
 public:
  // Keeps up to 2 * `keys` keys. REQUIRES: keys >= 1.
  HeavyHitters(uint32_t keys, uint32_t name_bytes_max);

  // `key`: a hash of it that tells it from all others. REQUIRES: weight > 0.
  void Add(Hash128 key, std::string_view name, double weight, double side = 0);

  // What the true weight of any key, kept or not, may be above the one told (0 for a key that is
  // not kept): at most total() / keys. 0: every key is kept, and exact.
  double error() const { return error_; }
  double total() const { return total_; }
  size_t size() const { return entries_.size(); }
  // The heaviest of the kept, heaviest first; equal ones by name.
  std::vector<HeavyKey> Heaviest(size_t count) const;

 private:
  size_t Slot(Hash128 key) const;
  void Clean();

  const size_t capacity_;
  const size_t name_bytes_max_;
  std::vector<HeavyKey> entries_;
  std::vector<uint32_t> slots_;  // open addressing: 1 + index of an entry, 0 for none
  std::vector<double> weights_;  // kept for its memory
  double error_ = 0;
  double total_ = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_SKETCHES_HEAVY_HITTERS_H_
