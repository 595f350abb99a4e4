#include "destinations/cosmosdb/item_json.h"

#include <algorithm>
#include <array>
#include <sstream>

#include "destinations/cosmosdb/cosmos_json.h"
#include "json/canonical_hash.h"

namespace spillway::cosmosdb {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::array<std::string_view, 5> kSystemProperties = {"_rid", "_self", "_etag",
                                                               "_attachments", "_ts"};

void AppendValue(const element& value, std::string* out) {
  std::ostringstream text;
  text << simdjson::minify(value);
  out->append(text.str());
}

void AppendPointerToken(std::string_view name, std::string* out) {
  for (const char c : name) {
    if (c == '~') {
      out->append("~0");
    } else if (c == '/') {
      out->append("~1");
    } else {
      out->push_back(c);
    }
  }
}

// Collects `set` operations; a body is closed when it is full.
class PatchBuilder {
 public:
  explicit PatchBuilder(std::span<const std::string> key_paths) : key_paths_(key_paths) {}

  // `path` is as partition key paths are written, `pointer` as patches want it.
  void AddMembers(const object& members, const std::string& path, const std::string& pointer) {
    for (const auto& [name, value] : members) {
      if (path.empty() && (name == "id" || IsSystemProperty(name))) continue;
      const std::string member_path = path + "/" + std::string(name);
      std::string member_pointer = pointer + "/";
      AppendPointerToken(name, &member_pointer);
      if (IsKeyPath(member_path)) continue;
      if (value.is_object() && HoldsKeyPath(member_path)) {
        AddMembers(object(value), member_path, member_pointer);
      } else {
        Add(member_pointer, value);
      }
    }
  }

  std::vector<std::string> Finish() {
    if (operations_ > 0) bodies_.back() += "]}";
    return std::move(bodies_);
  }

 private:
  void Add(std::string_view pointer, const element& value) {
    if (operations_ == kPatchOperationsMax) {
      bodies_.back() += "]}";
      operations_ = 0;
    }
    if (operations_ == 0) bodies_.emplace_back("{\"operations\":[");
    std::string& body = bodies_.back();
    body += operations_++ == 0 ? R"({"op":"set","path":)" : R"(,{"op":"set","path":)";
    AppendJsonString(pointer, &body);
    body += ",\"value\":";
    AppendValue(value, &body);
    body += "}";
  }
  bool IsKeyPath(std::string_view path) const {
    return std::find(key_paths_.begin(), key_paths_.end(), path) != key_paths_.end();
  }
  bool HoldsKeyPath(std::string_view path) const {
    return std::any_of(key_paths_.begin(), key_paths_.end(), [&](std::string_view key_path) {
      return key_path.size() > path.size() && key_path.starts_with(path) &&
             key_path[path.size()] == '/';
    });
  }

  const std::span<const std::string> key_paths_;
  std::vector<std::string> bodies_;
  size_t operations_ = 0;
};

void AppendMember(std::string_view name, std::string* out) {
  if (out->back() != '{') out->push_back(',');
  AppendJsonString(name, out);
  out->push_back(':');
}

void AppendMerged(const object& old, const object& fields, bool top_level, std::string* out) {
  out->push_back('{');
  for (const auto& [name, value] : old) {
    if (top_level && IsSystemProperty(name)) continue;
    AppendMember(name, out);
    element field;
    if (fields.at_key(name).get(field) != simdjson::SUCCESS) {
      AppendValue(value, out);
    } else if (value.is_object() && field.is_object()) {
      AppendMerged(value, field, false, out);
    } else {
      AppendValue(field, out);
    }
  }
  for (const auto& [name, field] : fields) {
    element value;
    if (old.at_key(name).get(value) == simdjson::SUCCESS) continue;
    AppendMember(name, out);
    AppendValue(field, out);
  }
  out->push_back('}');
}

}  // namespace

bool IsSystemProperty(std::string_view name) {
  return std::find(kSystemProperties.begin(), kSystemProperties.end(), name) !=
         kSystemProperties.end();
}

bool SameItem(std::string_view a, std::string_view b) {
  static const std::vector<std::string> ignored(kSystemProperties.begin(), kSystemProperties.end());
  const Result<Hash128> first = CanonicalHash(a, ignored);
  const Result<Hash128> second = CanonicalHash(b, ignored);
  return first.ok() && second.ok() && *first == *second;
}

Result<std::vector<std::string>> PatchBodies(std::string_view fields,
                                             std::span<const std::string> partition_key_paths) {
  const Result<JsonDocument> json = JsonDocument::Parse(fields, "the row's document");
  if (!json.ok() || !json->root().is_object()) {
    return InvalidArgument("the row's document is no JSON object");
  }
  PatchBuilder builder(partition_key_paths);
  builder.AddMembers(object(json->root()), "", "");
  std::vector<std::string> bodies = builder.Finish();
  if (bodies.empty()) {
    return InvalidArgument("the row has no field to patch beside its id and partition key");
  }
  return bodies;
}

Result<std::string> MergeItem(std::string_view item, std::string_view fields) {
  ASSIGN_OR_RETURN(const JsonDocument old, JsonDocument::Parse(item, "the item"));
  ASSIGN_OR_RETURN(const JsonDocument added, JsonDocument::Parse(fields, "the row's document"));
  if (!old.root().is_object() || !added.root().is_object()) {
    return DataLoss("only JSON objects can be merged");
  }
  std::string merged;
  merged.reserve(item.size() + fields.size());
  AppendMerged(old.root(), added.root(), true, &merged);
  return merged;
}

}  // namespace spillway::cosmosdb
