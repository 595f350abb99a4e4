// From what spillway.yaml says (cosmos_spec.h) to CosmosOptions: secrets fetched, files read.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_SETTINGS_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_SETTINGS_H_

#include <string>
#include <vector>

#include "base/result.h"
#include "destinations/cosmosdb/cosmos_options.h"
#include "destinations/cosmosdb/cosmos_spec.h"

namespace spillway::cosmosdb {

// Relative paths start at `folder`. kInvalidArgument: a secret or a file that cannot be read.
Result<CosmosOptions> MakeCosmosOptions(const CosmosConnection& connection,
                                        const CosmosContainer& container,
                                        const std::vector<std::string>& partition_key,
                                        const std::string& folder);

// "https://contoso.documents.azure.com:443/cosmicworks/products".
std::string DescribeContainer(const CosmosConnection& connection, const CosmosContainer& container);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_SETTINGS_H_
