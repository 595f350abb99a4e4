#include "destinations/cosmosdb/cosmos_settings.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "config/relative_path.h"
#include "net/url.h"

namespace spillway::cosmosdb {
namespace {

constexpr size_t kPolicyBytesMax = 1 << 20;

Result<std::string> ReadPolicy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || text.view().empty() || text.view().size() > kPolicyBytesMax) {
    return InvalidArgument(fmt::format("the indexing policy {} cannot be read", path));
  }
  return std::move(text).str();
}

Result<ContainerCreation> MakeCreation(const CreateSection& section, const std::string& folder) {
  ContainerCreation creation;
  if (section.throughput) {
    creation.throughput.manual = section.throughput->manual;
    creation.throughput.autoscale_max = section.throughput->autoscale;
  }
  switch (section.indexing.kind) {
    case IndexingKind::kDefault:
      creation.indexing = Indexing::kDefault;
      break;
    case IndexingKind::kNone:
      creation.indexing = Indexing::kNone;
      break;
    case IndexingKind::kFile: {
      creation.indexing = Indexing::kCustom;
      ASSIGN_OR_RETURN(creation.indexing_policy,
                       ReadPolicy(ResolvePath(folder, section.indexing.file)));
      break;
    }
  }
  creation.ttl_seconds = section.ttl.seconds;
  creation.unique_keys = section.unique_keys;
  return creation;
}

Status SetCredential(const CosmosConnection& connection, const std::string& folder,
                     Identities& identities, CosmosOptions& options) {
  const AuthSection& auth = connection.auth;
  if (auth.kind() == AuthKind::kEmulator) {
    options.key = EmulatorKey();
    return Status::Ok();
  }
  if (auth.kind() == AuthKind::kKey) {
    options.key_source = identities.Source(auth.key, folder);
    if (auth.key.is_local()) {  // a mistake is better known at once
      ASSIGN_OR_RETURN(options.key, options.key_source({}));
    }
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(const Url url, ParseUrl(connection.endpoint));
  const std::string& endpoint_host = url.host;
  const Cloud& cloud = connection.cloud ? CloudOf(*connection.cloud) : CloudOfHost(endpoint_host);
  ASSIGN_OR_RETURN(options.token.provider, identities.Provider(auth, cloud, folder));
  options.token.scope = ScopeOfAudience(
      connection.audience.empty() ? CosmosAudience(cloud, endpoint_host) : connection.audience);
  if (!connection.arm) return Status::Ok();
  const ArmSection& arm = *connection.arm;
  const std::string endpoint =
      arm.endpoint.empty() ? std::string(cloud.management) : ParseUrl(arm.endpoint)->Origin();
  options.arm =
      ArmOptions{.endpoint = endpoint,
                 .subscription = arm.subscription,
                 .resource_group = arm.resource_group,
                 .account = arm.account.empty() ? endpoint_host.substr(0, endpoint_host.find('.'))
                                                : arm.account,
                 .token = {options.token.provider, ScopeOfAudience(cloud.management)}};
  return Status::Ok();
}

}  // namespace

Result<CosmosOptions> MakeCosmosOptions(const CosmosConnection& connection,
                                        const CosmosContainer& container,
                                        const std::vector<std::string>& partition_key,
                                        const std::string& folder, Identities& identities) {
  CosmosOptions options;
  options.endpoint = connection.endpoint;
  RETURN_IF_ERROR(SetCredential(connection, folder, identities, options));
  options.database = connection.database;
  options.container = container.container;
  options.partition_key = partition_key;
  options.create.reset();
  if (!container.create.never) {
    ASSIGN_OR_RETURN(options.create, MakeCreation(container.create, folder));
  }
  options.bulk = container.bulk;
  options.ca_file = ResolvePath(folder, connection.ca_file);
  options.priority_level = container.priority;
  options.throughput_bucket = container.throughput_bucket;
  options.discover_regions = connection.discover_regions;
  options.preferred_regions = connection.preferred_regions;
  return options;
}

std::string DescribeContainer(const CosmosConnection& connection,
                              const CosmosContainer& container) {
  std::string endpoint = connection.endpoint;
  while (endpoint.ends_with('/')) endpoint.pop_back();
  return fmt::format("{}/{}/{}", endpoint, connection.database, container.container);
}

}  // namespace spillway::cosmosdb
