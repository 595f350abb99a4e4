#include "destinations/cosmosdb/range_pages.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace spillway::cosmosdb {

RangePages::RangePages(ContainerClient& client, PartitionKeyRangeCache& ranges, std::string min,
                       std::string max, std::string query)
    : client_(client), ranges_(ranges), query_(std::move(query)) {
  parts_.push_back({std::move(min), std::move(max), {}});
}

bool RangePages::DividedFirstPart(const PartitionKeyRangeMap& map) {
  const auto [first, last] = map.Overlapping(parts_.front().min, parts_.front().max);
  if (last - first == 1) return false;
  const Part whole = std::move(parts_.front());
  parts_.pop_front();
  for (size_t i = last; i-- > first;) {
    Part part = whole;
    if (i > first) part.min = map[i].min;
    if (i + 1 < last) part.max = map[i].max;
    parts_.push_front(std::move(part));
  }
  return true;
}

Result<ItemPage> RangePages::Next(const CallContext& ctx) {
  ASSIGN_OR_RETURN(RangeMapPointer map, ranges_.Get(client_.range_source(), ctx));
  for (uint32_t attempts = 1;; ++attempts) {
    DividedFirstPart(*map);
    Part& part = parts_.front();
    const PartitionKeyRange& range = (*map)[map->Find(part.min)];
    const bool partial =
        CompareEpk(part.min, range.min) != 0 || CompareEpk(part.max, range.max) != 0;
    const FeedScope scope{range.id, partial, part.min, part.max};
    ASSIGN_OR_RETURN(ItemPage page, query_.empty()
                                        ? client_.ReadFeed(scope, part.continuation, ctx)
                                        : client_.Query(scope, query_, part.continuation, ctx));
    if (!page.range_gone) {
      part.continuation = page.continuation;
      if (part.continuation.empty()) parts_.pop_front();
      return page;
    }
    if (attempts > 1) {  // the first time the ranges are probably there already
      RETURN_IF_ERROR(client_.client().WaitToReadAgain(
          client_.read_policy(), attempts,
          Unavailable("the partition key range " + range.id + " is splitting or moving"), ctx));
    }
    ASSIGN_OR_RETURN(map, ranges_.Refresh(client_.range_source(), map, ctx));
  }
}

}  // namespace spillway::cosmosdb
