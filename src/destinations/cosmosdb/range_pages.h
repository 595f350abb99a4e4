// RangePages: all pages of a feed or a query over a part of the key space, across splits and merges
// of the ranges underneath: what was promised is the part, not the range.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_RANGE_PAGES_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_RANGE_PAGES_H_

#include <deque>
#include <string>

#include "destinations/cosmosdb/container_client.h"
#include "destinations/cosmosdb/partition_key_ranges.h"

namespace spillway::cosmosdb {

// Used by one thread at a time.
class RangePages {
 public:
  // Of the keys in [min, max). With an empty `query` all items, else the body of a query. `client`
  // and `ranges` outlive it.
  RangePages(ContainerClient& client, PartitionKeyRangeCache& ranges, std::string min,
             std::string max, std::string query);

  // Empty pages before the end are passed on. REQUIRES: not done(). After a failure, the same page
  // can be asked for again.
  Result<ItemPage> Next(const CallContext& ctx);
  bool done() const { return parts_.empty(); }

 private:
  struct Part {
    std::string min;
    std::string max;
    std::string continuation;  // of the service, for this part
  };
  // Replaces the first part by one per range that it now spans; each goes on where the part stood.
  bool DividedFirstPart(const PartitionKeyRangeMap& map);

  ContainerClient& client_;
  PartitionKeyRangeCache& ranges_;
  const std::string query_;
  std::deque<Part> parts_;
};

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_RANGE_PAGES_H_
