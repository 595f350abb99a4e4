#include "json/json_diff.h"

#include <fmt/format.h>

#include <algorithm>

#include "json/json_tree.h"

namespace spillway {
namespace {

class Differ {
 public:
  Differ(std::span<const std::string> ignored, size_t paths_max)
      : ignored_(ignored), paths_max_(paths_max) {}

  void Compare(const JsonNode& left, const JsonNode& right, const std::string& path) {
    if (paths_.size() >= paths_max_) return;
    if (left.kind != right.kind) return Report(path);
    switch (left.kind) {
      case JsonNode::Kind::kNumber:
        if (left.number != right.number) Report(path);
        return;
      case JsonNode::Kind::kString:
        if (left.text != right.text) Report(path);
        return;
      case JsonNode::Kind::kArray:
        return CompareArrays(left, right, path);
      case JsonNode::Kind::kObject:
        return CompareObjects(left, right, path);
      case JsonNode::Kind::kNull:
      case JsonNode::Kind::kFalse:
      case JsonNode::Kind::kTrue:
        return;
    }
  }

  std::vector<std::string> Take() { return std::move(paths_); }

 private:
  void Report(const std::string& path) {
    if (paths_.size() < paths_max_) paths_.push_back(path);
  }

  bool Ignored(const std::string& path, const std::string& key) const {
    return path.empty() && std::find(ignored_.begin(), ignored_.end(), key) != ignored_.end();
  }

  static std::string Join(const std::string& path, const std::string& key) {
    return path.empty() ? key : path + "." + key;
  }

  void CompareArrays(const JsonNode& left, const JsonNode& right, const std::string& path) {
    if (left.elements.size() != right.elements.size()) return Report(path);
    for (size_t i = 0; i < left.elements.size(); ++i) {
      Compare(left.elements[i], right.elements[i], fmt::format("{}[{}]", path, i));
    }
  }

  void CompareObjects(const JsonNode& left, const JsonNode& right, const std::string& path) {
    for (const auto& [key, value] : left.members) {
      if (Ignored(path, key)) continue;
      const JsonNode* other = right.Find(key);
      other == nullptr ? Report(Join(path, key)) : Compare(value, *other, Join(path, key));
    }
    for (const auto& [key, value] : right.members) {
      if (!Ignored(path, key) && left.Find(key) == nullptr) Report(Join(path, key));
    }
  }

  std::span<const std::string> ignored_;
  size_t paths_max_;
  std::vector<std::string> paths_;
};

Result<JsonNode> ParseObject(std::string_view json) {
  ASSIGN_OR_RETURN(JsonNode node, ParseJsonTree(json));
  if (node.kind != JsonNode::Kind::kObject) return DataLoss("not a JSON object");
  return node;
}

}  // namespace

Result<std::vector<std::string>> JsonDiff(std::string_view left, std::string_view right,
                                          std::span<const std::string> ignored_top_level,
                                          size_t paths_max) {
  ASSIGN_OR_RETURN(const JsonNode left_node, ParseObject(left));
  ASSIGN_OR_RETURN(const JsonNode right_node, ParseObject(right));
  Differ differ(ignored_top_level, paths_max);
  differ.Compare(left_node, right_node, "");
  return differ.Take();
}

}  // namespace spillway
