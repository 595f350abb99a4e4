#include "json/json_member.h"

#include <string>

#include "json/json_tree.h"

namespace spillway {
namespace {

// A name that the text spells in another way: as `\u0064eleted`, say.
bool MayHold(std::string_view json, std::string_view name) {
  return json.find(name) != std::string_view::npos || json.find("\\") != std::string_view::npos;
}

bool SameScalar(const JsonNode& a, const JsonNode& b) {
  if (a.kind != b.kind) return false;
  if (a.kind == JsonNode::Kind::kNumber) return a.number == b.number;
  return a.text == b.text;
}

}  // namespace

Result<bool> HasMember(std::string_view json, std::string_view name, std::string_view value) {
  if (!MayHold(json, name)) return false;
  ASSIGN_OR_RETURN(const JsonNode object, ParseJsonTree(json));
  const JsonNode* const member = object.Find(name);
  if (member == nullptr) return false;
  ASSIGN_OR_RETURN(const JsonNode wanted, ParseJsonTree("[" + std::string(value) + "]"));
  return wanted.elements.size() == 1 && SameScalar(*member, wanted.elements.front());
}

}  // namespace spillway
