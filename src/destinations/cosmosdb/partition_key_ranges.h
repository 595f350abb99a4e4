// Partition key ranges: which physical partition of a container holds which keys. A map is
// immutable; the cache replaces it when the service says that ranges split, merged or moved. Facts:
// the routing sources of the public SDKs (partition key range cache, incremental feed).
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_PARTITION_KEY_RANGES_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_PARTITION_KEY_RANGES_H_

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/call_context.h"
#include "base/result.h"

namespace spillway::cosmosdb {

struct PartitionKeyRange {
  std::string id;
  std::string min;  // binary effective partition keys: min <= key < max
  std::string max;
  std::vector<std::string> parents;  // the ranges that it came from, several generations at times
};

class PartitionKeyRangeMap {
 public:
  // Drops every range that is a parent of another and sorts the rest. nullptr when they do not
  // cover the whole key space exactly once.
  static std::shared_ptr<const PartitionKeyRangeMap> Combine(
      const std::vector<PartitionKeyRange>& ranges);

  // The index of the range that holds the key.
  size_t Find(std::string_view epk) const;
  // The indexes of the ranges that overlap [min, max), as [first, last).
  std::pair<size_t, size_t> Overlapping(std::string_view min, std::string_view max) const;

  size_t size() const { return ranges_.size(); }
  const PartitionKeyRange& operator[](size_t index) const { return ranges_[index]; }

 private:
  explicit PartitionKeyRangeMap(std::vector<PartitionKeyRange> ranges)
      : ranges_(std::move(ranges)) {}
  const std::vector<PartitionKeyRange> ranges_;
};

using RangeMapPointer = std::shared_ptr<const PartitionKeyRangeMap>;

// One answer of the incremental feed of ranges.
struct RangePage {
  bool not_modified = false;  // nothing new since the etag given
  std::string etag;
  std::vector<PartitionKeyRange> ranges;
};

// Reads the feed after `etag`; an empty one means from the beginning.
using RangeSource =
    std::function<Result<RangePage>(const std::string& etag, const CallContext& ctx)>;

// Thread-safe. However many callers find a map stale, one of them reads and the others wait for it.
class PartitionKeyRangeCache {
 public:
  // The current map, read first when there is none.
  Result<RangeMapPointer> Get(const RangeSource& source, const CallContext& ctx);
  // A map newer than `stale`, or the same again when the service has nothing newer (a split that is
  // not finished yet). kUnavailable: the ranges that the service lists do not cover the key space.
  Result<RangeMapPointer> Refresh(const RangeSource& source, const RangeMapPointer& stale,
                                  const CallContext& ctx);

 private:
  Result<RangeMapPointer> Read(const RangeSource& source, const CallContext& ctx);
  Status ReadPages(const RangeSource& source, const CallContext& ctx);

  std::mutex mutex_;
  std::condition_variable_any done_;
  bool reading_ = false;
  RangeMapPointer map_;
  // Touched by the one reader only.
  std::string etag_;
  std::map<std::string, PartitionKeyRange> known_;
};

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_PARTITION_KEY_RANGES_H_
