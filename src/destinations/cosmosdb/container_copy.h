// Containers that stand beside another, made with its settings.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_CONTAINER_COPY_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_CONTAINER_COPY_H_

#include <optional>
#include <string>
#include <string_view>

#include "destinations/cosmosdb/container_client.h"

namespace spillway::cosmosdb {

// A container whose settings another one gets: indexing policy, time to live, unique keys, conflict
// resolution, vector and full text policies, computed properties, analytical store.
struct ContainerModel {
  std::string self;        // "dbs/…/colls/…/"
  std::string definition;  // of the container of the account's options, as DefinitionLike
};

// Reads `create_like` of the account's options. kNotFound: there is no such container.
Result<ContainerModel> ReadModel(ContainerClient& client, const CallContext& ctx);

// Makes the container of the account's options by the data plane. OK when somebody else was faster.
Status CreateContainerAs(ContainerClient& client, std::string_view definition,
                         const std::optional<OfferInfo>& offer, const CallContext& ctx);

// The body that makes a container `id` with the settings of `definition`, a container resource.
// Where the options' partition key is another, that is the new one's. kDataLoss: `definition` is
// none.
Result<std::string> DefinitionLike(std::string_view definition, const CosmosOptions& options);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_CONTAINER_COPY_H_
