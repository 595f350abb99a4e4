// The two halves of a container resource: written when it is created, read when it is found.
#include "destinations/cosmosdb/container_client.h"
#include "destinations/cosmosdb/cosmos_json.h"

namespace spillway::cosmosdb {
namespace {

// Only `id`, `_ts` and the partition key stay indexed: cheap to write, and TTL still works.
constexpr char kNoIndexing[] =
    R"({"indexingMode":"consistent","automatic":true,"includedPaths":[],)"
    R"("excludedPaths":[{"path":"/*"}]})";

void AppendPaths(const std::vector<std::string>& paths, std::string* out) {
  out->append("\"paths\":[");
  for (size_t i = 0; i < paths.size(); ++i) {
    if (i > 0) out->push_back(',');
    AppendJsonString(paths[i], out);
  }
  out->push_back(']');
}

void AppendUniqueKeys(const std::vector<std::vector<std::string>>& keys, std::string* out) {
  out->append(",\"uniqueKeyPolicy\":{\"uniqueKeys\":[");
  for (size_t i = 0; i < keys.size(); ++i) {
    out->append(i > 0 ? ",{" : "{");
    AppendPaths(keys[i], out);
    out->push_back('}');
  }
  out->append("]}");
}

Result<HashKind> KindOf(std::string_view kind, int64_t version) {
  if (kind == "MultiHash") return HashKind::kMultiHash;
  if (kind == "Hash" || kind == "Range") return version >= 2 ? HashKind::kV2 : HashKind::kV1;
  return Unsupported("the container's partition key is of the unknown kind '" + std::string(kind) +
                     "'");
}

// "System properties only" is a policy that excludes everything and includes nothing.
void ReadIndexing(const simdjson::dom::element& policy, ContainerInfo& info) {
  info.indexing_policy = simdjson::minify(policy);
  bool excludes_all = false;
  for (const simdjson::dom::element path : ArrayMember(policy, "excludedPaths")) {
    if (StringMember(path, "path") == "/*") excludes_all = true;
  }
  const bool includes = !ArrayMember(policy, "includedPaths").empty();
  info.indexed = StringMember(policy, "indexingMode") != "none" && (includes || !excludes_all);
}

std::vector<std::string> ReadPaths(const simdjson::dom::element& owner) {
  std::vector<std::string> paths;
  for (const simdjson::dom::element path : ArrayMember(owner, "paths")) {
    std::string_view text;
    if (path.get(text) == simdjson::SUCCESS) paths.emplace_back(text);
  }
  return paths;
}

}  // namespace

std::string ContainerDefinition(const CosmosOptions& options) {
  const ContainerCreation& creation = *options.create;
  const bool hierarchical = options.partition_key.size() > 1;
  std::string body = "{\"id\":";
  AppendJsonString(options.container, &body);
  body += ",\"partitionKey\":{";
  AppendPaths(options.partition_key, &body);
  body += hierarchical ? ",\"kind\":\"MultiHash\"" : ",\"kind\":\"Hash\"";
  body += options.partition_key_v1 ? ",\"version\":1}" : ",\"version\":2}";
  if (creation.indexing == Indexing::kNone) {
    body.append(",\"indexingPolicy\":").append(kNoIndexing);
  } else if (creation.indexing == Indexing::kCustom) {
    body.append(",\"indexingPolicy\":").append(creation.indexing_policy);
  }
  if (creation.ttl_seconds.has_value()) {
    body += ",\"defaultTtl\":" + std::to_string(*creation.ttl_seconds);
  }
  if (!creation.unique_keys.empty()) AppendUniqueKeys(creation.unique_keys, &body);
  return body + "}";
}

Result<ContainerInfo> ParseContainer(std::string_view body) {
  ASSIGN_OR_RETURN(const JsonDocument json, JsonDocument::Parse(body, "the container resource"));
  ContainerInfo info;
  info.rid = StringMember(json.root(), "_rid");
  info.self = StringMember(json.root(), "_self");
  int64_t ttl = 0;
  if (json.root()["defaultTtl"].get(ttl) == simdjson::SUCCESS) info.ttl_seconds = ttl;
  simdjson::dom::element policy;
  if (json.root()["indexingPolicy"].get(policy) == simdjson::SUCCESS) ReadIndexing(policy, info);
  simdjson::dom::element unique;
  if (json.root()["uniqueKeyPolicy"].get(unique) == simdjson::SUCCESS) {
    for (const simdjson::dom::element unique_key : ArrayMember(unique, "uniqueKeys")) {
      info.unique_keys.push_back(ReadPaths(unique_key));
    }
  }
  simdjson::dom::element key;
  if (json.root()["partitionKey"].get(key) != simdjson::SUCCESS) return info;
  ASSIGN_OR_RETURN(info.hash,
                   KindOf(StringMember(key, "kind", "Hash"), IntMember(key, "version", 1)));
  if (BoolMember(key, "systemKey")) return info;
  info.partition_key = ReadPaths(key);
  return info;
}

}  // namespace spillway::cosmosdb
