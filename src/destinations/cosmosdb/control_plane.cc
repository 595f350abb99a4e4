#include "destinations/cosmosdb/control_plane.h"

namespace spillway::cosmosdb {

Status ControlPlane::CreateDatabase(ContainerClient& client, const CallContext& ctx) const {
  if (!options_.token.given()) return client.CreateDatabase(ctx);
  if (options_.arm.has_value()) return Arm().CreateDatabase(ctx);
  return OnlyTheControlPlaneCreates(options_, "database");
}

Status ControlPlane::CreateContainer(ContainerClient& client, const CallContext& ctx) const {
  if (!options_.token.given()) return client.CreateContainer(ctx);
  if (options_.arm.has_value()) return Arm().CreateContainer(ctx);
  return OnlyTheControlPlaneCreates(options_, "container");
}

Result<std::optional<OfferInfo>> ControlPlane::ReadThroughput(ContainerClient& client,
                                                              const ContainerInfo& container,
                                                              const CallContext& ctx,
                                                              bool* shared) const {
  if (options_.token.given() && options_.arm.has_value()) return Arm().ReadThroughput(ctx);
  ASSIGN_OR_RETURN(std::optional<OfferInfo> offer, client.ReadOffer(container.self, ctx));
  if (offer.has_value()) return offer;
  if (shared != nullptr) *shared = true;
  ASSIGN_OR_RETURN(const std::optional<std::string> database, client.ReadDatabase(ctx));
  if (!database.has_value()) return offer;
  return client.ReadOffer("dbs/" + *database + "/", ctx);
}

}  // namespace spillway::cosmosdb
