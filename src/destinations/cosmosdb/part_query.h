// PartQuery: the results of a query over a part of the key space, for readers that share a
// container out: only what each range answers by itself, so that nothing is to be merged.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_PART_QUERY_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_PART_QUERY_H_

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "connector/query_reading.h"
#include "destinations/cosmosdb/container_client.h"
#include "destinations/cosmosdb/query_plan.h"
#include "destinations/cosmosdb/range_pages.h"

namespace spillway::cosmosdb {

// kUnsupported: the answer is not that of the ranges together; names the clause.
Status CheckAnsweredByParts(const QueryPlan& plan);

class PartQuery : public DocumentReader {
 public:
  // Asks for the service's plan. Of the keys in [min, max), as far as the plan says that there can
  // be results. `ranges` outlives it.
  static Result<std::unique_ptr<PartQuery>> Open(std::unique_ptr<ContainerClient> client,
                                                 PartitionKeyRangeCache& ranges,
                                                 const QueryText& query, std::string_view min,
                                                 std::string_view max, const CallContext& ctx);

  Result<std::span<const StoredDocument>> NextPage(const CallContext& ctx) override;
  double cost() const override { return cost_; }

 private:
  explicit PartQuery(std::unique_ptr<ContainerClient> client) : client_(std::move(client)) {}

  const std::unique_ptr<ContainerClient> client_;
  std::deque<RangePages> pages_;  // one for each interval of the plan
  ItemPage page_;
  std::vector<StoredDocument> results_;  // views into page_
  double cost_ = 0;
};

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_PART_QUERY_H_
