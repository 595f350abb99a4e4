#include "destinations/cosmosdb/control_plane.h"

#include "destinations/cosmosdb/container_copy.h"

namespace spillway::cosmosdb {
namespace {

std::optional<OfferInfo> InfoOf(const std::optional<TunedOffer>& offer) {
  if (!offer.has_value()) return std::nullopt;
  const ProvisionedThroughput& now = offer->state.now;
  OfferInfo info{.throughput = now.units_per_second, .autoscale_max = {}};
  if (now.autoscale) info.autoscale_max = now.units_per_second;
  return info;
}

Throughput Like(const std::optional<OfferInfo>& offer) {
  Throughput throughput;
  if (!offer.has_value()) return throughput;
  throughput.autoscale_max = offer->autoscale_max;
  if (!offer->autoscale_max.has_value()) throughput.manual = offer->throughput;
  return throughput;
}

}  // namespace

Status ControlPlane::CreateDatabase(ContainerClient& client, const CallContext& ctx) const {
  if (!options_.token.given()) return client.CreateDatabase(ctx);
  if (by_arm()) return Arm().CreateDatabase(ctx);
  return OnlyTheControlPlaneCreates(options_, "database");
}

Status ControlPlane::CreateContainer(ContainerClient& client, const CallContext& ctx) const {
  if (!options_.token.given()) return client.CreateContainer(ctx);
  if (by_arm()) {
    return Arm().CreateContainer(ContainerDefinition(options_), options_.create->throughput, ctx);
  }
  return OnlyTheControlPlaneCreates(options_, "container");
}

Status ControlPlane::CreateContainerLike(ContainerClient& client, const CallContext& ctx) const {
  if (options_.token.given() && !by_arm()) return OnlyTheControlPlaneCreates(options_, "container");
  ASSIGN_OR_RETURN(const ContainerModel model, ReadModel(client, ctx));
  if (!by_arm()) {
    ASSIGN_OR_RETURN(const std::optional<OfferInfo> offer, client.ReadOffer(model.self, ctx));
    return CreateContainerAs(client, model.definition, offer, ctx);
  }
  CosmosOptions like = options_;
  like.container = options_.create_like;
  ASSIGN_OR_RETURN(const std::optional<TunedOffer> offer,
                   ArmClient(like, transports_, clock_).ReadContainerOffer(ctx));
  return Arm().CreateContainer(model.definition, Like(InfoOf(offer)), ctx);
}

Status ControlPlane::DeleteContainer(ContainerClient& client, const CallContext& ctx) const {
  if (by_arm()) return Arm().DeleteContainer(ctx);
  Status deleted = client.DeleteContainer(ctx);
  if (deleted.code() != StatusCode::kPermissionDenied) return deleted;
  return std::move(deleted).WithHint(
      "name the account in the connection (`arm: {subscription: …, resource_group: …}`), or run: "
      "az cosmosdb sql container delete --account-name ACCOUNT --resource-group GROUP "
      "--database-name " +
      options_.database + " --name " + options_.container);
}

Status ControlPlane::DeleteDatabase(ContainerClient& client, const CallContext& ctx) const {
  return by_arm() ? Arm().DeleteDatabase(ctx) : client.DeleteDatabase(ctx);
}

Result<std::vector<ListedContainer>> ControlPlane::ListContainers(ContainerClient& client,
                                                                  const CallContext& ctx) const {
  return by_arm() ? Arm().ListContainers(ctx) : client.ListContainers(ctx);
}

Result<std::optional<OfferInfo>> ControlPlane::ReadThroughput(ContainerClient& client,
                                                              const ContainerInfo& container,
                                                              const CallContext& ctx,
                                                              bool* shared) const {
  if (by_arm()) {
    ASSIGN_OR_RETURN(const std::optional<TunedOffer> own, Arm().ReadContainerOffer(ctx));
    if (own.has_value()) return InfoOf(own);
    if (shared != nullptr) *shared = true;
    ASSIGN_OR_RETURN(const std::optional<TunedOffer> offer, Arm().ReadDatabaseOffer(ctx));
    return InfoOf(offer);
  }
  ASSIGN_OR_RETURN(std::optional<OfferInfo> offer, client.ReadOffer(container.self, ctx));
  if (offer.has_value()) return offer;
  if (shared != nullptr) *shared = true;
  ASSIGN_OR_RETURN(const std::optional<std::string> database, client.ReadDatabase(ctx));
  if (!database.has_value()) return offer;
  return client.ReadOffer("dbs/" + *database + "/", ctx);
}

}  // namespace spillway::cosmosdb
