// What a container's definition means: the defaults that the service fills in, and what it refuses.
#include <algorithm>
#include <cmath>

#include "emulator/store/container.h"

namespace spillway::emulator {
namespace {

using cosmosdb::HashKind;

constexpr size_t kHierarchyLevelsMax = 3;
constexpr size_t kUniqueKeysMax = 10;
constexpr size_t kUniqueKeyPathsMax = 16;
constexpr double kTtlSecondsMax = 2147483647;

// The texts of a container that was created with nothing but an id and a partition key.
constexpr std::string_view kDefaultIndexingPolicy =
    R"({"indexingMode":"consistent","automatic":true,"includedPaths":[{"path":"/*"}],)"
    R"("excludedPaths":[{"path":"/\"_etag\"/?"}]})";
constexpr std::string_view kDefaultConflictResolutionPolicy =
    R"({"mode":"LastWriterWins","conflictResolutionPath":"/_ts","conflictResolutionProcedure":""})";
constexpr std::string_view kDefaultGeospatialConfig = R"({"type":"Geography"})";

Value Parsed(std::string_view text) {
  return *ParseJson(text);
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return text;
}

Status CheckId(const Value& id) {
  constexpr size_t kIdCharactersMax = 255;
  if (!id.is_string() || id.string().empty()) {
    return InvalidArgument(
        "The input content is invalid because the required properties - 'id; ' - are missing");
  }
  // Names are in headers of replies.
  const bool has_control = std::any_of(id.string().begin(), id.string().end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  if (id.string().size() > kIdCharactersMax || has_control ||
      id.string().find_first_of("/\\?#") != std::string::npos || id.string().back() == ' ') {
    return InvalidArgument("The input name '" + id.string() +
                           "' is invalid. Ensure to provide a unique non-empty string less than "
                           "'255' characters without '/', '\\', '?', '#', or a trailing space.");
  }
  return Status::Ok();
}

Status FillPartitionKey(Value* definition, ContainerSettings* settings) {
  Value* key = definition->FindMutable("partitionKey");
  if (key == nullptr || key->is_null()) {
    definition->Erase("partitionKey");
    settings->hash_kind = HashKind::kV1;
    return Status::Ok();
  }
  const Value paths = (*key)["paths"];
  if (!paths.is_array() || paths.array().empty()) {
    return InvalidArgument("Partition key paths are missing.");
  }
  if (!(*key)["kind"].is_string()) key->Set("kind", "Hash");
  const std::string kind = (*key)["kind"].string();
  const bool multi_hash = kind == "MultiHash";
  if (kind != "Hash" && kind != "Range" && !multi_hash) {
    return InvalidArgument("Partition key kind '" + kind + "' is not supported.");
  }
  const Value version_value = (*key)["version"];
  const double version = version_value.is_number() ? version_value.number() : multi_hash ? 2 : 1;
  if ((version != 1 && version != 2) || (multi_hash && version != 2)) {
    return InvalidArgument("Partition key version is invalid for kind '" + kind + "'.");
  }
  if (version_value.is_undefined() && multi_hash) key->Set("version", 2);
  if (paths.array().size() > (multi_hash ? kHierarchyLevelsMax : 1)) {
    return InvalidArgument("Too many partition key paths for kind '" + kind + "'.");
  }
  for (const Value& path : paths.array()) {
    if (!path.is_string()) return InvalidArgument("A partition key path must be a string.");
    ASSIGN_OR_RETURN(std::vector<std::string> names, ParsePropertyPath(path.string()));
    settings->partition_key_paths.push_back(std::move(names));
  }
  settings->has_partition_key = true;
  settings->hash_kind = multi_hash     ? HashKind::kMultiHash
                        : version == 2 ? HashKind::kV2
                                       : HashKind::kV1;
  return Status::Ok();
}

Status ReadUniqueKeys(const Value& definition, ContainerSettings* settings,
                      std::vector<std::vector<std::string>>* watched) {
  const Value& keys = definition["uniqueKeyPolicy"]["uniqueKeys"];
  if (!keys.is_array()) return Status::Ok();
  if (keys.array().size() > kUniqueKeysMax) return InvalidArgument("Too many unique keys.");
  for (const Value& key : keys.array()) {
    const Value& paths = key["paths"];
    if (!paths.is_array() || paths.array().empty() || paths.array().size() > kUniqueKeyPathsMax) {
      return InvalidArgument("A unique key needs 1 to 16 paths.");
    }
    std::vector<size_t>& constraint = settings->unique_keys.emplace_back();
    for (const Value& path : paths.array()) {
      if (!path.is_string()) return InvalidArgument("A unique key path must be a string.");
      ASSIGN_OR_RETURN(std::vector<std::string> names, ParsePropertyPath(path.string()));
      constraint.push_back(watched->size());
      watched->push_back(std::move(names));
    }
  }
  return Status::Ok();
}

// The service never indexes `_etag`, and says so.
void ExcludeEtag(Value* policy) {
  const Value etag = Parsed(kDefaultIndexingPolicy)["excludedPaths"].At(0);
  Array& paths = policy->FindMutable("excludedPaths")->MutableArray();
  const bool there = std::any_of(paths.begin(), paths.end(),
                                 [&](const Value& path) { return path["path"] == etag["path"]; });
  if (!there) paths.push_back(etag);
}

Status FillIndexingPolicy(Value* definition, ContainerSettings* settings) {
  if (!(*definition)["indexingPolicy"].is_object()) {
    definition->Set("indexingPolicy", Parsed(kDefaultIndexingPolicy));
  }
  const Value defaults = Parsed(kDefaultIndexingPolicy);
  Value* policy = definition->FindMutable("indexingPolicy");
  const Value& mode_value = (*policy)["indexingMode"];
  const std::string mode = mode_value.is_string() ? Lower(mode_value.string()) : "consistent";
  if (mode != "consistent" && mode != "lazy" && mode != "none") {
    return InvalidArgument("The indexing mode '" + mode + "' is not known.");
  }
  policy->Set("indexingMode", mode);
  // Indexing on demand (automatic: false) is long gone: a consistent index takes every document.
  if (mode == "consistent" || !(*policy)["automatic"].is_bool()) {
    policy->Set("automatic", mode != "none");
  }
  const auto is_empty = [&](const char* name) {
    return !(*policy)[name].is_array() || (*policy)[name].array().empty();
  };
  const auto excludes_all = [&] {
    if (is_empty("excludedPaths")) return false;
    for (const Value& path : (*policy)["excludedPaths"].array()) {
      if (path["path"].is_string() && path["path"].string() == "/*") return true;
    }
    return false;
  };
  if (mode != "none" && !excludes_all()) {
    if (is_empty("includedPaths")) policy->Set("includedPaths", defaults["includedPaths"]);
    if (is_empty("excludedPaths")) policy->Set("excludedPaths", defaults["excludedPaths"]);
  }
  if (!(*policy)["includedPaths"].is_array()) policy->Set("includedPaths", Array{});
  if (!(*policy)["excludedPaths"].is_array()) policy->Set("excludedPaths", Array{});
  if (mode != "none") ExcludeEtag(policy);
  settings->indexes_properties =
      mode != "none" && !(excludes_all() && (*policy)["includedPaths"].array().empty());
  return Status::Ok();
}

Status ReadTtl(const Value& definition, ContainerSettings* settings) {
  const Value& ttl = definition["defaultTtl"];
  if (ttl.is_undefined()) return Status::Ok();
  if (!ttl.is_number() || std::trunc(ttl.number()) != ttl.number() || ttl.number() < -1 ||
      ttl.number() == 0 || ttl.number() > kTtlSecondsMax) {
    return InvalidArgument(
        "The default time to live must be -1 or a positive number of seconds up to 2147483647.");
  }
  settings->default_ttl_seconds = static_cast<int64_t>(ttl.number());
  return Status::Ok();
}

}  // namespace

Result<std::shared_ptr<const ContainerSettings>> ContainerSettings::Make(Value definition) {
  if (!definition.is_object()) return InvalidArgument("A container definition must be an object.");
  RETURN_IF_ERROR(CheckId(definition["id"]));
  for (const char* name :
       {"_rid", "_ts", "_self", "_etag", "_docs", "_sprocs", "_triggers", "_udfs", "_conflicts"}) {
    definition.Erase(name);
  }
  auto settings = std::make_shared<ContainerSettings>();
  settings->id = definition["id"].string();
  RETURN_IF_ERROR(FillPartitionKey(&definition, settings.get()));
  std::vector<std::vector<std::string>> watched = settings->partition_key_paths;
  RETURN_IF_ERROR(ReadUniqueKeys(definition, settings.get(), &watched));
  RETURN_IF_ERROR(FillIndexingPolicy(&definition, settings.get()));
  RETURN_IF_ERROR(ReadTtl(definition, settings.get()));
  if (!definition["conflictResolutionPolicy"].is_object()) {
    definition.Set("conflictResolutionPolicy", Parsed(kDefaultConflictResolutionPolicy));
  }
  if (!definition["geospatialConfig"].is_object()) {
    definition.Set("geospatialConfig", Parsed(kDefaultGeospatialConfig));
  }
  const Value& retention = definition["changeFeedPolicy"]["retentionDuration"];
  settings->keeps_versions = retention.is_number() && retention.number() > 0;
  settings->scanner = std::make_unique<DocumentScanner>(watched);
  settings->definition = std::move(definition);
  return std::shared_ptr<const ContainerSettings>(std::move(settings));
}

}  // namespace spillway::emulator
