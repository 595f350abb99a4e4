// ArmTuning: a container's throughput and index policy through Azure Resource Manager, for who
// signs in with Entra ID, whom the data plane shows no offer.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_ARM_TUNING_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_ARM_TUNING_H_

#include <optional>
#include <string_view>
#include <utility>

#include "destinations/cosmosdb/arm_client.h"
#include "destinations/cosmosdb/tuning_plane.h"

namespace spillway::cosmosdb {

// A change of which the operation has not ended after a while is a pending one.
class ArmTuning : public TuningPlane {
 public:
  explicit ArmTuning(ArmClient arm) : arm_(std::move(arm)) {}

  Result<std::optional<TunedOffer>> ReadOffer(const CallContext& ctx) override;
  Result<bool> DatabaseHasOffer(const CallContext& ctx) override;
  Result<TunedOffer> Migrate(bool to_autoscale, const CallContext& ctx) override;
  Result<TunedOffer> Replace(const ProvisionedThroughput& wanted, const CallContext& ctx) override;
  // Nothing compares etags there: what somebody else sets in the same moment is lost.
  Status ReplaceIndexing(std::string_view policy, const CallContext& ctx) override;

 private:
  Result<TunedOffer> After(Status changed, const CallContext& ctx);

  const ArmClient arm_;
};

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_ARM_TUNING_H_
