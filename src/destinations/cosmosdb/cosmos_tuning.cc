#include "destinations/cosmosdb/cosmos_tuning.h"

#include <algorithm>
#include <utility>

#include "destinations/cosmosdb/arm_tuning.h"
#include "destinations/cosmosdb/cosmos_json.h"
#include "destinations/cosmosdb/key_tuning.h"

namespace spillway::cosmosdb {
namespace {

constexpr char kWithoutRight[] =
    "throughput is set with the account key, or by who signs in with Entra ID and names the account"
    " in the connection (`arm: {subscription: …, resource_group: …}`); or leave out"
    " throughput.initial_load and throughput.changes, and set it yourself: az cosmosdb sql"
    " container throughput update";

std::unique_ptr<TuningPlane> PlaneOf(ContainerResource& container, CosmosAccount& account,
                                     HttpTransportFactory transports) {
  const CosmosOptions& options = account.options();
  if (options.token.given() && options.arm.has_value()) {
    return std::make_unique<ArmTuning>(ArmClient(options, std::move(transports), account.clock()));
  }
  return std::make_unique<KeyTuning>(container);
}

}  // namespace

CosmosTuning::CosmosTuning(CosmosAccount& account, HttpTransportFactory transports)
    : container_(account, transports),
      plane_(PlaneOf(container_, account, std::move(transports))) {}

// Azure Resource Manager has its own words for what is missing there.
Status CosmosTuning::Explained(Status status) const {
  const bool refused = status.code() == StatusCode::kPermissionDenied;
  if (!refused || container_.options().arm.has_value()) return status;
  return std::move(status).WithHint(kWithoutRight);
}

Status CosmosTuning::NoOfferOfItsOwn(const CallContext& ctx) {
  const std::string& name = container_.options().container;
  ASSIGN_OR_RETURN(const bool shared, plane_->DatabaseHasOffer(ctx));
  if (shared) {
    return Unsupported("container " + name + " shares the throughput of database " +
                       container_.options().database + " with its other containers")
        .WithHint(
            "leave out throughput.initial_load and throughput.changes; the database's is set with"
            " az cosmosdb sql database throughput update");
  }
  return Unsupported("container " + name +
                     " has no throughput that could be set: the account is serverless")
      .WithHint("leave out throughput.initial_load and throughput.changes");
}

Result<std::optional<TunedOffer>> CosmosTuning::FindOffer(const CallContext& ctx) {
  ASSIGN_OR_RETURN(std::optional<TunedOffer> offer, plane_->ReadOffer(ctx));
  if (!offer.has_value()) RETURN_IF_ERROR(container_.Info(ctx).status());
  return offer;
}

Result<TunedOffer> CosmosTuning::ReadOffer(const CallContext& ctx) {
  ASSIGN_OR_RETURN(std::optional<TunedOffer> offer, FindOffer(ctx));
  if (!offer.has_value()) return NoOfferOfItsOwn(ctx);
  return *std::move(offer);
}

Status CosmosTuning::CheckProvisioned(const ProvisionedThroughput& wanted) const {
  const uint32_t least = wanted.autoscale ? 1'000 : 400;
  const uint32_t step = wanted.autoscale ? 1'000 : 100;
  const uint32_t units = wanted.units_per_second;
  if (units >= least && units % step == 0) return Status::Ok();
  const uint32_t next = std::max(least, (units + step - 1) / step * step);
  return InvalidArgument(std::to_string(units) + " RU/s cannot be provisioned: " +
                         (wanted.autoscale ? "the maximum of autoscale" : "manual throughput") +
                         " starts at " + std::to_string(least) + " and goes in steps of " +
                         std::to_string(step))
      .WithHint("write " + std::to_string(next));
}

Result<ProvisionedState> CosmosTuning::ReadProvisioned(const CallContext& ctx) {
  std::lock_guard lock(mutex_);
  Result<TunedOffer> offer = ReadOffer(ctx);
  if (!offer.ok()) {
    return Explained(std::move(offer).status()).WithContext("reading the throughput");
  }
  return offer->state;
}

// Of another kind: the service picks a value when it migrates, and is then told the wanted one.
Result<ProvisionedState> CosmosTuning::SetProvisioned(const ProvisionedThroughput& wanted,
                                                      const CallContext& ctx) {
  std::lock_guard lock(mutex_);
  Result<TunedOffer> offer = ReadOffer(ctx);
  if (offer.ok() && !offer->state.change_pending &&
      offer->state.now.autoscale != wanted.autoscale) {
    offer = plane_->Migrate(wanted.autoscale, ctx);
  }
  if (offer.ok()) {
    ProvisionedThroughput next = wanted;
    next.units_per_second = std::max(next.units_per_second, offer->state.units_min.value_or(0));
    if (offer->state.change_pending || offer->state.now == next) return offer->state;
    offer = plane_->Replace(next, ctx);
  }
  if (!offer.ok()) {
    return Explained(std::move(offer).status()).WithContext("setting the throughput");
  }
  return offer->state;
}

Result<IndexingState> CosmosTuning::ReadIndexing(const CallContext& ctx) {
  std::lock_guard lock(mutex_);
  ASSIGN_OR_RETURN(const CosmosResponse response, container_.Read(ctx));
  ASSIGN_OR_RETURN(IndexingState state, ParseIndexing(response.body));
  state.progress_percent = WholeNumber(
      response.headers.Find("x-ms-documentdb-collection-index-transformation-progress"));
  return state;
}

Status CosmosTuning::SetIndexing(std::string_view policy, const CallContext& ctx) {
  std::lock_guard lock(mutex_);
  return plane_->ReplaceIndexing(policy, ctx).WithContext("setting the index policy");
}

Result<std::vector<std::string>> CosmosTuning::Warnings(const CallContext& ctx) {
  const uint32_t bucket = container_.options().throughput_bucket;
  if (bucket == 0) return std::vector<std::string>();
  std::lock_guard lock(mutex_);
  ASSIGN_OR_RETURN(const std::optional<TunedOffer> offer, FindOffer(ctx));
  if (offer.has_value() && !offer->buckets.has_value()) return std::vector<std::string>();
  std::string present;
  for (const uint32_t known : offer ? *offer->buckets : std::vector<uint32_t>()) {
    if (known == bucket) return std::vector<std::string>();
    present += (present.empty() ? "" : ", ") + std::to_string(known);
  }
  const std::string name = std::to_string(bucket);
  if (!offer.has_value()) {
    return std::vector{"destination.throughput_bucket is " + name +
                       ", and only a container with a throughput of its own has buckets: nothing"
                       " holds these requests back; use throughput: {limit: …}"};
  }
  return std::vector{
      "the container has no throughput bucket " + name + " (it has " +
      (present.empty() ? "none" : present) +
      "): the service ignores the number, and nothing holds these requests back; make the bucket"
      " (az cosmosdb sql container throughput update), or use throughput: {limit: …}"};
}

}  // namespace spillway::cosmosdb
