// CosmosKeyReader: items by their keys, as bulk reads: about 1 request unit per kilobyte, where a
// query has a floor of its own.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_KEY_READER_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_KEY_READER_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connector/key_reader.h"
#include "destinations/cosmosdb/bulk_sender.h"
#include "destinations/cosmosdb/container_client.h"

namespace spillway::cosmosdb {

class CosmosKeyReader : public KeyReader {
 public:
  // `sender` sends over `client`.
  CosmosKeyReader(std::unique_ptr<ContainerClient> client, std::unique_ptr<OperationSender> sender)
      : client_(std::move(client)), sender_(std::move(sender)) {}

  Result<std::vector<std::optional<std::string>>> Read(std::span<const DocumentKey> keys,
                                                       const CallContext& ctx) override;
  size_t keys_max() const override { return kBulkOperationsMax; }
  double cost() const override { return cost_; }

 private:
  const std::unique_ptr<ContainerClient> client_;
  const std::unique_ptr<OperationSender> sender_;
  double cost_ = 0;
};

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_KEY_READER_H_
