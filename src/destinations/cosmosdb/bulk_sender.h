// BulkSender: operations grouped by the partition key range that holds them, one bulk request per
// group.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_BULK_SENDER_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_BULK_SENDER_H_

#include <vector>

#include "destinations/cosmosdb/bulk_request.h"
#include "destinations/cosmosdb/bulk_response.h"
#include "destinations/cosmosdb/container_client.h"
#include "destinations/cosmosdb/operation.h"
#include "destinations/cosmosdb/partition_key_ranges.h"
#include "destinations/cosmosdb/response_classifier.h"

namespace spillway::cosmosdb {

// A whole request that is refused because of one of its operations (400, 413) was not applied, and
// does not say which one it is: it is sent again in halves until the culprit stands alone.
class BulkSender : public OperationSender {
 public:
  // `client` and `ranges` outlive it; `hash` is the container's.
  BulkSender(ContainerClient& client, PartitionKeyRangeCache& ranges, HashKind hash)
      : client_(client), ranges_(ranges), hash_(hash) {}

  void Send(std::span<const Operation> operations, std::span<OperationResult> results,
            WriteReport* report, const CallContext& ctx) override;

 private:
  // One Send on its way: what its parts share.
  struct Delivery {
    RangeMapPointer map;
    WriteReport* report;
    const CallContext& ctx;
    std::vector<size_t> ranges{};  // of each operation, as indexes into the map
    bool ranges_are_stale = false;
    bool container_may_be_another = false;
  };

  void SendGrouped(std::span<const Operation> operations, std::span<OperationResult> results,
                   Delivery* delivery);
  // Operations of one range, in as many requests as the limits ask for.
  void SendToRange(size_t range, std::span<const Operation> operations,
                   std::span<OperationResult> results, Delivery* delivery);
  void SendOneRequest(size_t range, std::span<const Operation> operations,
                      std::span<OperationResult> results, Delivery* delivery);
  void ReadAnswer(CosmosResponse response, std::span<const Operation> operations,
                  std::span<OperationResult> results, Delivery* delivery);
  // The range of each operation. An unusable partition key is refused here, as the service would
  // (400).
  std::vector<size_t> Route(std::span<const Operation> operations,
                            std::span<OperationResult> results, const PartitionKeyRangeMap& map);
  // What the answers asked for, so that the next Send can do better.
  void Recover(const Delivery& delivery, std::span<OperationResult> results);

  ContainerClient& client_;
  PartitionKeyRangeCache& ranges_;
  const HashKind hash_;
  BulkResponseParser parser_;
  BulkRequest request_;
};

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_BULK_SENDER_H_
