// From what spillway.yaml says (cosmos_spec.h) to CosmosOptions: secrets fetched, files read.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_SETTINGS_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_SETTINGS_H_

#include <string>
#include <vector>

#include "base/result.h"
#include "destinations/cosmosdb/cosmos_options.h"
#include "destinations/cosmosdb/cosmos_spec.h"
#include "identity/identities.h"

namespace spillway::cosmosdb {

// Relative paths start at `folder`. Asks no service: a key that one keeps, and tokens, are fetched
// when they are first needed. `identities` outlives the options. kInvalidArgument: a secret or a
// file that cannot be read.
Result<CosmosOptions> MakeCosmosOptions(const CosmosConnection& connection,
                                        const CosmosContainer& container,
                                        const std::vector<std::string>& partition_key,
                                        const std::string& folder, Identities& identities);

// "https://contoso.documents.azure.com:443/cosmicworks/products".
std::string DescribeContainer(const CosmosConnection& connection, const CosmosContainer& container);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_SETTINGS_H_
