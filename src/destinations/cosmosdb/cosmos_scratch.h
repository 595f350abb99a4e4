// Scratch containers: made beside a pipeline's container, with its partition key, indexing policy
// and unique keys, to see what writes cost there. How they are named, and which of them nobody
// needs any more, is the caller's affair.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_SCRATCH_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_SCRATCH_H_

#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "connector/scratch.h"
#include "destinations/cosmosdb/cosmos_options.h"
#include "net/http_transport.h"

namespace spillway::cosmosdb {

// Of a scratch container, where the account bills throughput: little, and enough to measure within
// seconds.
inline constexpr uint32_t kScratchUnitsPerSecond = 2'000;

// `options` are those of the pipeline's container. `clock` outlives it. kInvalidArgument: unusable
// options.
Result<std::unique_ptr<ScratchSpace>> MakeCosmosScratch(const CosmosOptions& options,
                                                        HttpTransportFactory transports,
                                                        Clock& clock);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_SCRATCH_H_
