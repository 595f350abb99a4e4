#include "destinations/cosmosdb/arm_tuning.h"

#include <string>

#include "destinations/cosmosdb/offer_json.h"

namespace spillway::cosmosdb {

Result<std::optional<TunedOffer>> ArmTuning::ReadOffer(const CallContext& ctx) {
  return arm_.ReadContainerOffer(ctx);
}

Result<bool> ArmTuning::DatabaseHasOffer(const CallContext& ctx) {
  ASSIGN_OR_RETURN(const std::optional<TunedOffer> offer, arm_.ReadDatabaseOffer(ctx));
  return offer.has_value();
}

Result<TunedOffer> ArmTuning::After(Status changed, const CallContext& ctx) {
  const bool goes_on = changed.code() == StatusCode::kUnavailable;
  if (!changed.ok() && !goes_on) return changed;
  ASSIGN_OR_RETURN(std::optional<TunedOffer> offer, arm_.ReadContainerOffer(ctx));
  if (!offer.has_value()) return NotFound("the container has lost its throughput meanwhile");
  if (goes_on) offer->state.change_pending = true;
  return *std::move(offer);
}

Result<TunedOffer> ArmTuning::Migrate(bool to_autoscale, const CallContext& ctx) {
  return After(arm_.MigrateThroughput(to_autoscale, ctx), ctx);
}

Result<TunedOffer> ArmTuning::Replace(const ProvisionedThroughput& wanted, const CallContext& ctx) {
  return After(arm_.SetThroughput(wanted, ctx), ctx);
}

Status ArmTuning::ReplaceIndexing(std::string_view policy, const CallContext& ctx) {
  ASSIGN_OR_RETURN(const std::string present, arm_.ReadContainer(ctx));
  ASSIGN_OR_RETURN(const std::string changed, ContainerWithIndexing(present, policy));
  return arm_.ReplaceContainer(changed, ctx);
}

}  // namespace spillway::cosmosdb
