// Containers that stand beside another, made with its settings.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_CONTAINER_COPY_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_CONTAINER_COPY_H_

#include <string>
#include <string_view>

#include "destinations/cosmosdb/container_client.h"

namespace spillway::cosmosdb {

// Makes the container of the account's options with the settings of `create_like`: indexing policy,
// time to live, unique keys, conflict resolution, vector and full text policies, computed
// properties, analytical store, throughput. Where the options' partition key is another, that is
// the new one's. kNotFound: there is no such container to take them from. OK when somebody else was
// faster. By the data plane, whatever the control plane is.
Status CreateContainerLike(ContainerClient& client, const CallContext& ctx);

// The body that makes a container `id` with the settings of `definition`, a container resource.
// `partition_key`: paths. kDataLoss: `definition` is none.
Result<std::string> DefinitionLike(std::string_view definition, const CosmosOptions& options);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_CONTAINER_COPY_H_
