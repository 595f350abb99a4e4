#include "destinations/cosmosdb/partition_key_ranges.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"
#include "destinations/cosmosdb/partition_hash.h"

namespace spillway::cosmosdb {
namespace {

constexpr int kPagesMax = 1000;

bool CoversEverything(const std::vector<PartitionKeyRange>& sorted) {
  if (sorted.empty() || CompareEpk(sorted.front().min, kEpkMin) != 0) return false;
  for (size_t i = 1; i < sorted.size(); ++i) {
    if (CompareEpk(sorted[i - 1].max, sorted[i].min) != 0) return false;
  }
  return CompareEpk(sorted.back().max, kEpkMax) == 0;
}

}  // namespace

RangeMapPointer PartitionKeyRangeMap::Combine(const std::vector<PartitionKeyRange>& ranges) {
  std::set<std::string_view> parents;
  for (const PartitionKeyRange& range : ranges)
    parents.insert(range.parents.begin(), range.parents.end());
  std::vector<PartitionKeyRange> alive;
  for (const PartitionKeyRange& range : ranges) {
    if (!parents.contains(range.id)) alive.push_back(range);
  }
  std::sort(alive.begin(), alive.end(),
            [](const auto& a, const auto& b) { return CompareEpk(a.min, b.min) < 0; });
  if (!CoversEverything(alive)) return nullptr;
  return RangeMapPointer(new PartitionKeyRangeMap(std::move(alive)));
}

size_t PartitionKeyRangeMap::Find(std::string_view epk) const {
  const auto after = std::upper_bound(
      ranges_.begin(), ranges_.end(), epk,
      [](std::string_view key, const auto& range) { return CompareEpk(key, range.min) < 0; });
  SPILLWAY_CHECK(after != ranges_.begin());  // the first range begins at the lowest key
  return static_cast<size_t>(after - ranges_.begin()) - 1;
}

std::pair<size_t, size_t> PartitionKeyRangeMap::Overlapping(std::string_view min,
                                                            std::string_view max) const {
  const size_t first = Find(min);
  size_t last = first + 1;
  while (last < ranges_.size() && CompareEpk(ranges_[last].min, max) < 0) ++last;
  return {first, last};
}

Result<RangeMapPointer> PartitionKeyRangeCache::Get(const RangeSource& source,
                                                    const CallContext& ctx) {
  {
    std::lock_guard lock(mutex_);
    if (map_ != nullptr) return map_;
  }
  return Refresh(source, nullptr, ctx);
}

Result<RangeMapPointer> PartitionKeyRangeCache::Refresh(const RangeSource& source,
                                                        const RangeMapPointer& stale,
                                                        const CallContext& ctx) {
  {
    std::unique_lock lock(mutex_);
    if (!done_.wait(lock, ctx.stop, [&] { return !reading_; }))
      return Cancelled("stopped on request");
    if (map_ != stale) return map_;
    reading_ = true;
  }
  Result<RangeMapPointer> read = Read(source, ctx);
  std::lock_guard lock(mutex_);
  reading_ = false;
  if (read.ok()) map_ = *read;
  done_.notify_all();
  return read;
}

// Incrementally first; from scratch when that leaves gaps (a container made anew restarts its ids).
Result<RangeMapPointer> PartitionKeyRangeCache::Read(const RangeSource& source,
                                                     const CallContext& ctx) {
  const bool from_scratch = known_.empty();
  const size_t known_before = known_.size();
  RETURN_IF_ERROR(ReadPages(source, ctx));
  std::vector<PartitionKeyRange> ranges;
  for (const auto& [id, range] : known_) ranges.push_back(range);
  RangeMapPointer combined = PartitionKeyRangeMap::Combine(ranges);
  if (combined != nullptr) {
    const bool unchanged = !from_scratch && known_.size() == known_before && map_ != nullptr;
    return unchanged ? map_ : combined;
  }
  known_.clear();
  etag_.clear();
  if (!from_scratch) return Read(source, ctx);
  return Unavailable("the partition key ranges of the container have gaps (a split is under way)");
}

Status PartitionKeyRangeCache::ReadPages(const RangeSource& source, const CallContext& ctx) {
  for (int page_number = 0; page_number < kPagesMax; ++page_number) {
    ASSIGN_OR_RETURN(RangePage page, source(etag_, ctx));
    if (page.not_modified) return Status::Ok();
    const bool last = page.etag.empty() || page.etag == etag_;
    for (PartitionKeyRange& range : page.ranges) {
      std::string id = range.id;
      known_.insert_or_assign(std::move(id), std::move(range));
    }
    etag_ = std::move(page.etag);
    if (last) return Status::Ok();  // a server without the incremental feed: one answer holds all
  }
  return Unavailable("the list of partition key ranges does not end");
}

}  // namespace spillway::cosmosdb
