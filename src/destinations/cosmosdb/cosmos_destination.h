// The Cosmos DB destination: one container of an account, behind the contract of
// connector/destination.h.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_DESTINATION_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_DESTINATION_H_

#include <memory>

#include "base/clock.h"
#include "connector/destination.h"
#include "destinations/cosmosdb/cosmos_options.h"
#include "net/http_transport.h"

namespace spillway::cosmosdb {

// Asks nothing of the network yet. `clock` outlives the destination; the transports come from
// `transports`, one per writer, reader and idle conversation. Writers and readers must not outlive
// the destination. kInvalidArgument: faults in the options.
Result<std::unique_ptr<Destination>> MakeCosmosDestination(const CosmosOptions& options,
                                                           HttpTransportFactory transports,
                                                           Clock& clock);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_DESTINATION_H_
