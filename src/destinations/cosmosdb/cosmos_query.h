// CosmosQuery: one SQL query over a container, for people: across partitions, merged as the
// service's plan says, or refused with the clause named.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_QUERY_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_QUERY_H_

#include <memory>
#include <string>
#include <vector>

#include "base/call_context.h"
#include "base/clock.h"
#include "base/result.h"
#include "destinations/cosmosdb/cosmos_options.h"
#include "net/http_transport.h"

namespace spillway::cosmosdb {

// Used by one thread at a time.
class CosmosQuery {
 public:
  virtual ~CosmosQuery() = default;
  // Blocks. The next results, each a JSON text; empty at the end. The service's own refusals (bad
  // SQL) come in its words; kUnsupported names what cannot be merged.
  virtual Result<std::vector<std::string>> NextResults(const CallContext& ctx) = 0;
  // Request units so far.
  virtual double cost() const = 0;
};

// `parameters` is a JSON array, [{"name":"@x","value":1}], or empty. Of the options, those of the
// partition key and of creation do not matter. `clock` outlives the query.
Result<std::unique_ptr<CosmosQuery>> MakeCosmosQuery(const CosmosOptions& options,
                                                     const HttpTransportFactory& transports,
                                                     Clock& clock, std::string_view sql,
                                                     std::string_view parameters);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_QUERY_H_
