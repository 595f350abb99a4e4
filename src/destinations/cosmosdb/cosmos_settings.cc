#include "destinations/cosmosdb/cosmos_settings.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "config/relative_path.h"

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

}  // namespace

Result<CosmosOptions> MakeCosmosOptions(const CosmosConnection& connection,
                                        const CosmosContainer& container,
                                        const std::vector<std::string>& partition_key,
                                        const std::string& folder) {
  CosmosOptions options;
  options.endpoint = connection.endpoint;
  if (connection.auth.emulator) {
    options.key = EmulatorKey();
  } else {
    ASSIGN_OR_RETURN(options.key, connection.auth.key.Resolve());
  }
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
