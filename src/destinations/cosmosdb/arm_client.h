// ArmClient: databases, containers and throughput through Azure Resource Manager: the way of those
// who sign in with Entra ID, whom the data plane lets neither create containers nor see offers.
// Facts: REST reference of Microsoft.DocumentDB (SqlResources), "Track asynchronous Azure
// operations".
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_ARM_CLIENT_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_ARM_CLIENT_H_

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/call_context.h"
#include "base/clock.h"
#include "base/result.h"
#include "destinations/cosmosdb/container_client.h"
#include "destinations/cosmosdb/cosmos_options.h"
#include "destinations/cosmosdb/tuning_plane.h"
#include "net/http_transport.h"

namespace spillway::cosmosdb {

// An operation that has not ended by then is left to itself, and reported as temporary.
inline constexpr std::chrono::minutes kArmOperationTimeMax{15};
// The same for throughput, of which a change can take hours.
inline constexpr std::chrono::minutes kArmThroughputTimeMax{1};

// Thread-safe. Every call blocks; all of them wait for the end of what they began.
class ArmClient {
 public:
  // REQUIRES: options.arm and options.token. `options` and `clock` outlive it.
  ArmClient(const CosmosOptions& options, HttpTransportFactory transports, Clock& clock)
      : options_(options), arm_(*options.arm), transports_(std::move(transports)), clock_(clock) {}

  // OK when it is there already.
  Status CreateDatabase(const CallContext& ctx) const;
  Status CreateContainer(std::string_view definition, const Throughput& throughput,
                         const CallContext& ctx) const;
  // OK when it is gone already.
  Status DeleteContainer(const CallContext& ctx) const;
  Status DeleteDatabase(const CallContext& ctx) const;
  // Of the database; nothing when it is not there.
  Result<std::vector<ListedContainer>> ListContainers(const CallContext& ctx) const;

  // nullopt: it has none of its own.
  Result<std::optional<TunedOffer>> ReadContainerOffer(const CallContext& ctx) const;
  Result<std::optional<TunedOffer>> ReadDatabaseOffer(const CallContext& ctx) const;
  // Of the container's own. kUnavailable: it has begun, and not ended yet.
  Status MigrateThroughput(bool to_autoscale, const CallContext& ctx) const;
  Status SetThroughput(const ProvisionedThroughput& wanted, const CallContext& ctx) const;

  // The container's resource, and the same replaced.
  Result<std::string> ReadContainer(const CallContext& ctx) const;
  Status ReplaceContainer(std::string_view resource, const CallContext& ctx) const;

 private:
  std::string DatabasePath() const;
  std::string ContainerPath() const;
  Result<HttpResponse> Send(HttpMethod method, const std::string& url, const std::string& body,
                            const CallContext& ctx) const;
  Result<HttpResponse> Ask(HttpMethod method, const std::string& path, const std::string& body,
                           const CallContext& ctx) const;
  Status Delete(const std::string& path, const CallContext& ctx) const;
  // Sends, and waits for the operation that this may have started, so long at most.
  Status Do(HttpMethod method, const std::string& path, const std::string& body,
            const CallContext& ctx, std::chrono::minutes time_max = kArmOperationTimeMax) const;
  Status WaitForEnd(HttpResponse accepted, std::chrono::minutes time_max,
                    const CallContext& ctx) const;
  Result<std::optional<TunedOffer>> ReadSettings(const std::string& of,
                                                 const CallContext& ctx) const;

  const CosmosOptions& options_;
  const ArmOptions& arm_;
  const HttpTransportFactory transports_;
  Clock& clock_;
};

// The command that makes the configured container, for people who may.
std::string CreateContainerCommand(const CosmosOptions& options);
// Why a missing "database" or "container" is not made for who signs in with a token and names no
// account of Resource Manager.
Status OnlyTheControlPlaneCreates(const CosmosOptions& options, std::string_view what);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_ARM_CLIENT_H_
