// KeyTally: what one partition key would do with the documents of a table, counted in one pass and
// in bounded memory: some 300 KiB, and a few numbers per range.
#ifndef SPILLWAY_ADVICE_KEY_TALLY_H_
#define SPILLWAY_ADVICE_KEY_TALLY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "connector/partitioning.h"
#include "sketches/distinct_counter.h"
#include "sketches/heavy_hitters.h"

namespace spillway {

inline constexpr uint32_t kHeavyKeysMax = 1024;  // the error of a partition's size: total / this
inline constexpr uint32_t kHotKeysMax = 5;

// A key value that has much of the load.
struct HotKey {
  std::string key;   // as Document::partition_key, cut when long
  double share = 0;  // of all units, at least
  double bytes = 0;  // of its documents, at least
};

struct KeyFigures {
  uint64_t documents = 0;
  double bytes = 0;  // of their bodies
  double units = 0;
  double distinct = 0;
  bool distinct_exact = false;
  uint64_t with_null = 0;     // documents in which a value of the key is null
  uint64_t with_missing = 0;  // … or absent
  uint64_t too_long = 0;      // … or longer than the destination takes
  // The largest logical partition (all documents of one key value): between these two.
  double largest_bytes = 0;
  double largest_bytes_max = 0;
  std::string largest_key;
  std::vector<double> range_shares;  // of all units, per range: exact
  // The share of the destination's throughput that a load can use, which its hottest range limits:
  double reachable = 0;           // rows in any order
  double reachable_in_order = 0;  // rows in the order of the table, so many bytes ahead
  double reachable_grown = 0;     // in any order, when every range has become its parts
  std::vector<HotKey> hot_keys;   // hottest first; those that alone fill a quarter of a range
};

// One document's key.
struct KeyValue {
  std::string_view text;  // as Document::partition_key
  bool has_null = false;
  bool is_missing = false;
  bool too_long = false;
};

// Not thread-safe.
class KeyTally {
 public:
  // `window_bytes`: how far ahead of the slowest range a load can be.
  KeyTally(std::shared_ptr<const PartitionLayout> layout, double window_bytes);

  // In the order of the table. Fails as PartitionLayout::FindPart does.
  Status Add(const KeyValue& key, uint64_t bytes, double units);
  KeyFigures Figures() const;

 private:
  // Where a key is: neighbouring rows often have the same.
  Status Locate(std::string_view text);
  void AddToWindow(uint32_t range, uint64_t bytes, double units);
  std::vector<HotKey> HotKeys() const;

  const std::shared_ptr<const PartitionLayout> layout_;
  const double window_bytes_max_;
  DistinctCounter distinct_;
  HeavyHitters heavy_;
  KeyFigures sums_;
  std::vector<double> part_units_;
  std::string text_;  // of the last document
  Hash128 hash_;
  uint32_t part_ = 0;
  // The rows that a load would have in its hands, and what went through before.
  std::vector<double> window_units_;
  double window_bytes_ = 0;
  double hottest_units_before_ = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_ADVICE_KEY_TALLY_H_
