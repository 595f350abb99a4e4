// CosmosTuning: a container's offer and index policy: read, set, and set back (connector/tuning.h),
// on the plane that lets us (tuning_plane.h). Facts: the headers of the public SDKs for the
// progress of an index.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_TUNING_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_TUNING_H_

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "connector/tuning.h"
#include "destinations/cosmosdb/container_resource.h"
#include "destinations/cosmosdb/offer_json.h"
#include "destinations/cosmosdb/tuning_plane.h"

namespace spillway::cosmosdb {

class CosmosTuning : public Tuning {
 public:
  // `account` outlives it.
  CosmosTuning(CosmosAccount& account, HttpTransportFactory transports);

  Result<ProvisionedState> ReadProvisioned(const CallContext& ctx) override;
  Result<ProvisionedState> SetProvisioned(const ProvisionedThroughput& wanted,
                                          const CallContext& ctx) override;
  Status CheckProvisioned(const ProvisionedThroughput& wanted) const override;
  uint32_t LeastAfter(const ProvisionedThroughput& highest, bool autoscale) const override {
    return LeastUnitsAfter(highest, autoscale);
  }
  Result<IndexingState> ReadIndexing(const CallContext& ctx) override;
  Status SetIndexing(std::string_view policy, const CallContext& ctx) override;
  Result<std::vector<std::string>> Warnings(const CallContext& ctx) override;

 private:
  // All of these hold mutex_.
  Status NoOfferOfItsOwn(const CallContext& ctx);
  // nullopt: it is there, and has none.
  Result<std::optional<TunedOffer>> FindOffer(const CallContext& ctx);
  Result<TunedOffer> ReadOffer(const CallContext& ctx);
  Status Explained(Status status) const;

  std::mutex mutex_;  // one conversation
  ContainerResource container_;
  const std::unique_ptr<TuningPlane> plane_;
};

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_TUNING_H_
