// ControlContainer: the board of a throughput control group: a container whose items are those of
// the group protocol of azure-cosmos for Java and of the Spark connector, so that their clients and
// our runs see each other. Facts: the items that azure-cosmos 4.81.0 writes, and its package
// implementation.throughputControl.sdk.controller.group.global.
//
// The partition key is /groupId, time to live is on. Of a group G on container C of database D,
// with P = "D/C/G":
//
//   groupId      id                             what
//   P.config     base64url(P/t-4000).info       the limit; made by the first member
//   P.client     base64url(P/t-4000) + a UUID   one per member, ours with a member `spillway` of
//                                               its own; expires by itself (`ttl`, in seconds)
//   P.spillway   ledger                         whose part is what, among ours
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_CONTROL_CONTAINER_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_CONTROL_CONTAINER_H_

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "connector/document_table.h"
#include "connector/share_board.h"

namespace spillway::cosmosdb {

// The partition key of the container, without its slash.
inline constexpr std::string_view kGroupPartition = "groupId";

struct ThroughputGroup {
  std::string database;  // of the container that the members write
  std::string container;
  std::string name;
  // The limit; at least one of them.
  std::optional<double> units_per_second{};
  std::optional<double> share{};  // of what the container admits
};

// `table`: of the control container, as MakeCosmosDocumentTable made it with kGroupPartition. Clock
// outlives the board.
std::unique_ptr<ShareBoard> MakeControlContainer(std::unique_ptr<DocumentTable> table,
                                                 const ThroughputGroup& group, Clock& clock);

// "shop/orders/loaders/t-4000": what the ids are made of.
std::string GroupKey(const ThroughputGroup& group);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_CONTROL_CONTAINER_H_
