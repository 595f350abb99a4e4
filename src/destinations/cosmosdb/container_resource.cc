#include "destinations/cosmosdb/container_resource.h"

#include <utility>

#include "net/url.h"

namespace spillway::cosmosdb {
namespace {

constexpr RetryPolicy kReadPolicy{};

}  // namespace

ContainerResource::ContainerResource(CosmosAccount& account, HttpTransportFactory transports)
    : account_(account),
      transports_(std::move(transports)),
      link_("dbs/" + options().database + "/colls/" + options().container),
      path_("/dbs/" + PercentEncode(options().database) + "/colls/" +
            PercentEncode(options().container)) {}

Status ContainerResource::Missing() const {
  return NotFound("there is no container " + options().container + " yet");
}

Result<ContainerClient*> ContainerResource::Client() {
  if (client_ == nullptr) {
    ASSIGN_OR_RETURN(std::unique_ptr<HttpTransport> transport, transports_());
    client_ = std::make_unique<ContainerClient>(account_, std::move(transport), kReadPolicy);
  }
  return client_.get();
}

Result<ContainerInfo> ContainerResource::Info(const CallContext& ctx) {
  ASSIGN_OR_RETURN(ContainerClient* const client, Client());
  ASSIGN_OR_RETURN(std::optional<ContainerInfo> found, client->ReadContainer(ctx));
  if (!found.has_value()) return Missing();
  return *std::move(found);
}

Result<CosmosResponse> ContainerResource::Read(const CallContext& ctx) {
  ASSIGN_OR_RETURN(ContainerClient* const client, Client());
  const CosmosRequest request{.resource_type = "colls",
                              .resource_link = link_,
                              .path = path_,
                              .headers = {{"x-ms-documentdb-populatequotainfo", "true"}}};
  ASSIGN_OR_RETURN(CosmosResponse response,
                   client->client().Read(request, client->read_policy(), ctx));
  if (response.is_absent()) return Missing();
  return response;
}

Status ContainerResource::Replace(std::string_view body, std::string_view etag,
                                  const CallContext& ctx) {
  ASSIGN_OR_RETURN(ContainerClient* const client, Client());
  const CosmosRequest request{
      .method = HttpMethod::kPut,
      .resource_type = "colls",
      .resource_link = link_,
      .path = path_,
      .headers = {{"content-type", "application/json"}, {"if-match", std::string(etag)}},
      .body = body,
      .write = true};
  ASSIGN_OR_RETURN(const CosmosResponse response, client->client().Call(request, ctx));
  return response.ok() ? Status::Ok() : response.ToStatus();
}

}  // namespace spillway::cosmosdb
