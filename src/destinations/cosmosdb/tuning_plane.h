// TuningPlane: how the throughput and the index policy of a container are set: by the data plane
// for who has the account key, by Azure Resource Manager for who signs in with Entra ID.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_TUNING_PLANE_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_TUNING_PLANE_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/call_context.h"
#include "base/result.h"
#include "connector/tuning.h"

namespace spillway::cosmosdb {

// The throughput of a container or a database as it is told.
struct TunedOffer {
  ProvisionedState state;
  std::optional<std::vector<uint32_t>> buckets;  // throughput buckets; nullopt: not told
};

// Used by one thread at a time. Every call is a few requests; errors as those of Tuning.
class TuningPlane {
 public:
  virtual ~TuningPlane() = default;

  // nullopt: the container has none of its own, or is not there.
  virtual Result<std::optional<TunedOffer>> ReadOffer(const CallContext& ctx) = 0;
  virtual Result<bool> DatabaseHasOffer(const CallContext& ctx) = 0;
  // To the other kind; the service picks the value. What holds then is the answer, here and below.
  // REQUIRES: ReadOffer gave one.
  virtual Result<TunedOffer> Migrate(bool to_autoscale, const CallContext& ctx) = 0;
  // REQUIRES: the same, of the same kind.
  virtual Result<TunedOffer> Replace(const ProvisionedThroughput& wanted,
                                     const CallContext& ctx) = 0;
  virtual Status ReplaceIndexing(std::string_view policy, const CallContext& ctx) = 0;
};

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_TUNING_PLANE_H_
