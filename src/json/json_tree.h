// JsonNode: a small JSON document as a tree, for the few places that look at single values (a
// comparison of two documents, a partition key). Hot paths do not use it.
#ifndef SPILLWAY_JSON_JSON_TREE_H_
#define SPILLWAY_JSON_JSON_TREE_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace spillway {

struct JsonNode {
  enum class Kind { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };
  Kind kind = Kind::kNull;
  double number = 0;
  std::string text;
  std::vector<std::pair<std::string, JsonNode>> members;  // in the order of the text
  std::vector<JsonNode> elements;

  // nullptr when there is no such member.
  const JsonNode* Find(std::string_view key) const;
};

// Fails with kDataLoss when `json` is not an array or an object.
Result<JsonNode> ParseJsonTree(std::string_view json);

}  // namespace spillway

#endif  // SPILLWAY_JSON_JSON_TREE_H_
