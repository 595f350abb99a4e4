#include "emulator/service/composite_index.h"

#include <algorithm>

namespace spillway::emulator {
namespace {

// The names of c.a.b; empty when it is no path.
std::vector<std::string> PathOf(const sql::Expression& expression) {
  std::vector<std::string> names;
  const sql::Expression* at = &expression;
  while (at->kind == sql::ExpressionKind::kProperty) {
    names.push_back(at->name);
    at = at->children[0].get();
  }
  if (at->kind != sql::ExpressionKind::kIdentifier) return {};
  std::reverse(names.begin(), names.end());
  return names;
}

bool Serves(const Value& index, const std::vector<sql::OrderItem>& order) {
  if (!index.is_array() || index.array().size() != order.size()) return false;
  bool same = true;
  bool reversed = true;
  for (size_t i = 0; i < order.size(); ++i) {
    const Value& part = index.array()[i];
    if (!part["path"].is_string()) return false;
    const auto names = ParsePropertyPath(part["path"].string());
    if (!names.ok() || *names != PathOf(*order[i].expression)) return false;
    const bool descending = part["order"].is_string() && part["order"].string() == "descending";
    (descending == order[i].descending ? reversed : same) = false;
  }
  return same || reversed;
}

}  // namespace

std::optional<ServiceError> CheckCompositeIndex(const sql::Query& query,
                                                const ContainerSettings& settings) {
  if (query.order_by.size() < 2) return std::nullopt;
  const Value& indexes = settings.definition["indexingPolicy"]["compositeIndexes"];
  if (indexes.is_array()) {
    for (const Value& index : indexes.array()) {
      if (Serves(index, query.order_by)) return std::nullopt;
    }
  }
  return BadRequest(
      "The order by query does not have a corresponding composite index that it can be served "
      "from.");
}

}  // namespace spillway::emulator
