// CosmosReader: all items of a part of a container, page by page.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_READER_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_READER_H_

#include <memory>
#include <string>
#include <vector>

#include "connector/destination.h"
#include "destinations/cosmosdb/container_client.h"
#include "destinations/cosmosdb/range_pages.h"

namespace spillway::cosmosdb {

// Splits one page of the service into documents. Keeps its buffers from page to page.
class PageParser {
 public:
  explicit PageParser(std::vector<std::string> partition_key_paths);
  ~PageParser();

  // The views live until the next call, in `body` and in here; the capacity of `body` may grow.
  // kDataLoss: the body is no page of items.
  Result<std::span<const StoredDocument>> Parse(std::string* body);

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};

class CosmosReader : public DocumentReader {
 public:
  // Of the keys in [min, max). `ranges` outlives it.
  CosmosReader(std::unique_ptr<ContainerClient> client, PartitionKeyRangeCache& ranges,
               std::vector<std::string> partition_key_paths, std::string min, std::string max);

  // After a failure, the same page can be asked for again.
  Result<std::span<const StoredDocument>> NextPage(const CallContext& ctx) override;
  double cost() const override { return cost_; }

 private:
  const std::unique_ptr<ContainerClient> client_;
  RangePages pages_;
  PageParser parser_;
  ItemPage page_;
  double cost_ = 0;
};

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_READER_H_
