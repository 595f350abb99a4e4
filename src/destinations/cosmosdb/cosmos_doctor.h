// What `doctor` tries of an account: its name, its certificate, our clock, our token, our role, the
// container and its throughput.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_DOCTOR_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_DOCTOR_H_

#include "base/call_context.h"
#include "base/clock.h"
#include "connector/finding.h"
#include "destinations/cosmosdb/cosmos_options.h"
#include "net/http_transport.h"

namespace spillway::cosmosdb {

// Writes nothing: whether we may write is seen by deleting a document that cannot be there.
void DiagnoseCosmos(const CosmosOptions& options, const HttpTransportFactory& transports,
                    Clock& clock, const CallContext& ctx, Findings& findings);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_DOCTOR_H_
