// KeyTuning: a container's offer and index policy through the data plane, for who has the account
// key. Facts: the REST reference "Replace an Offer" and "Replace a Collection"; the headers of the
// public SDKs for the minimum, a pending change and migration.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_KEY_TUNING_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_KEY_TUNING_H_

#include <optional>
#include <string>
#include <string_view>

#include "destinations/cosmosdb/container_resource.h"
#include "destinations/cosmosdb/offer_json.h"
#include "destinations/cosmosdb/tuning_plane.h"

namespace spillway::cosmosdb {

class KeyTuning : public TuningPlane {
 public:
  // `container` outlives it.
  explicit KeyTuning(ContainerResource& container) : container_(container) {}

  Result<std::optional<TunedOffer>> ReadOffer(const CallContext& ctx) override;
  Result<bool> DatabaseHasOffer(const CallContext& ctx) override;
  Result<TunedOffer> Migrate(bool to_autoscale, const CallContext& ctx) override;
  Result<TunedOffer> Replace(const ProvisionedThroughput& wanted, const CallContext& ctx) override;
  Status ReplaceIndexing(std::string_view policy, const CallContext& ctx) override;

 private:
  Result<std::optional<OfferResource>> FindOffer(std::string_view resource_self,
                                                 const CallContext& ctx);
  Result<TunedOffer> Put(std::string_view body, const char* migration, const CallContext& ctx);
  Result<TunedOffer> Keep(const CosmosResponse& response);

  ContainerResource& container_;
  OfferResource offer_;  // as it was last told
};

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_KEY_TUNING_H_
