// A container as a DocumentTable: writes are transactional batches of one logical partition; reads
// are batches too, since those are served where writes are, and so see them all under every
// consistency level of the account.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_DOCUMENT_TABLE_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_DOCUMENT_TABLE_H_

#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "connector/document_table.h"
#include "destinations/cosmosdb/cosmos_options.h"
#include "net/http_transport.h"

namespace spillway::cosmosdb {

// What the container's time to live must be.
enum class TableTtl : uint8_t {
  kNone,  // nothing in it expires by itself: a state
  kOn,    // documents may say when they do (`ttl`): a throughput group
};

// The partition of a document is the member that options.partition_key names; one path.
// kInvalidArgument: unusable options. `clock` outlives the table.
Result<std::unique_ptr<DocumentTable>> MakeCosmosDocumentTable(
    const CosmosOptions& options, TableTtl ttl, const HttpTransportFactory& transports,
    Clock& clock);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_DOCUMENT_TABLE_H_
