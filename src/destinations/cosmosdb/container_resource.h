// ContainerResource: the container of an account's options as the service has it, over one
// conversation that is opened when it is first needed.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_CONTAINER_RESOURCE_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_CONTAINER_RESOURCE_H_

#include <memory>
#include <string>
#include <string_view>

#include "destinations/cosmosdb/container_client.h"

namespace spillway::cosmosdb {

// Used by one thread at a time.
class ContainerResource {
 public:
  // `account` outlives it.
  ContainerResource(CosmosAccount& account, HttpTransportFactory transports);

  Result<ContainerClient*> Client();
  // kNotFound: there is none yet.
  Result<ContainerInfo> Info(const CallContext& ctx);
  // With the progress of its index in the headers. kNotFound as above.
  Result<CosmosResponse> Read(const CallContext& ctx);
  // `body`: its definition. kConflict: it is not any more as it was when it had this etag.
  Status Replace(std::string_view body, std::string_view etag, const CallContext& ctx);

  const CosmosOptions& options() const { return account_.options(); }

 private:
  Status Missing() const;

  CosmosAccount& account_;
  const HttpTransportFactory transports_;
  const std::string link_;
  const std::string path_;
  std::unique_ptr<ContainerClient> client_;
};

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_CONTAINER_RESOURCE_H_
