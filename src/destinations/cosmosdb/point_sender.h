// PointSender: one request per operation: for accounts and servers without bulk, and for a document
// too large to share a request.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_POINT_SENDER_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_POINT_SENDER_H_

#include "destinations/cosmosdb/container_client.h"
#include "destinations/cosmosdb/operation.h"

namespace spillway::cosmosdb {

// Sends one operation. Adds to `report` as OperationSender::Send does.
void SendItem(ContainerClient& client, const Operation& operation, OperationResult* result,
              WriteReport* report, const CallContext& ctx);

class PointSender : public OperationSender {
 public:
  // `client` outlives it.
  explicit PointSender(ContainerClient& client) : client_(client) {}
  void Send(std::span<const Operation> operations, std::span<OperationResult> results,
            WriteReport* report, const CallContext& ctx) override;

 private:
  ContainerClient& client_;
};

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_POINT_SENDER_H_
