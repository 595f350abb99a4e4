// ControlPlane: what only few may do: making databases and containers, deleting them, and knowing
// their throughput. With a key that goes through the data plane; with a token of Entra ID through
// Azure Resource Manager, if it is known where the account is there.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_CONTROL_PLANE_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_CONTROL_PLANE_H_

#include <optional>
#include <utility>
#include <vector>

#include "base/call_context.h"
#include "base/clock.h"
#include "base/result.h"
#include "destinations/cosmosdb/arm_client.h"
#include "destinations/cosmosdb/container_client.h"
#include "net/http_transport.h"

namespace spillway::cosmosdb {

// Thread-safe. `client` is the data plane's conversation, used by the caller alone.
class ControlPlane {
 public:
  // `options` and `clock` outlive it.
  ControlPlane(const CosmosOptions& options, HttpTransportFactory transports, Clock& clock)
      : options_(options), transports_(std::move(transports)), clock_(clock) {}

  // As the options say; OK when somebody else was faster. kPermissionDenied: we may not; the hint
  // is the command for those who may.
  Status CreateDatabase(ContainerClient& client, const CallContext& ctx) const;
  Status CreateContainer(ContainerClient& client, const CallContext& ctx) const;
  // With the settings and the throughput of the options' `create_like` instead. kNotFound: there is
  // no such container.
  Status CreateContainerLike(ContainerClient& client, const CallContext& ctx) const;
  // OK when it is gone already.
  Status DeleteContainer(ContainerClient& client, const CallContext& ctx) const;
  Status DeleteDatabase(ContainerClient& client, const CallContext& ctx) const;
  // Of the database; OK and nothing when there is no such database.
  Result<std::vector<ListedContainer>> ListContainers(ContainerClient& client,
                                                      const CallContext& ctx) const;

  // Of the container, or of its database where it has none of its own (then `shared` is set);
  // nullopt: serverless. `shared` may be null.
  Result<std::optional<OfferInfo>> ReadThroughput(ContainerClient& client,
                                                  const ContainerInfo& container,
                                                  const CallContext& ctx,
                                                  bool* shared = nullptr) const;

 private:
  bool by_arm() const { return options_.token.given() && options_.arm.has_value(); }
  ArmClient Arm() const { return ArmClient(options_, transports_, clock_); }

  const CosmosOptions& options_;
  const HttpTransportFactory transports_;
  Clock& clock_;
};

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_CONTROL_PLANE_H_
