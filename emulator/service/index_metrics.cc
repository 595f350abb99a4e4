#include "emulator/service/index_metrics.h"

#include <optional>
#include <set>

#include "emulator/json/value.h"
#include "emulator/store/rid.h"

namespace spillway::emulator {
namespace {

using Paths = std::set<std::string>;

// "/a/b" of c.a.b; nullopt when the expression is no path below an alias.
std::optional<std::string> PathOf(const sql::Expression& expression) {
  if (expression.kind == sql::ExpressionKind::kIdentifier) return "";
  if (expression.kind != sql::ExpressionKind::kProperty) return std::nullopt;
  std::optional<std::string> path = PathOf(*expression.children[0]);
  if (path) path->append("/").append(expression.name);
  return path;
}

void CollectPaths(const sql::Expression& expression, Paths* paths) {
  if (const auto path = PathOf(expression)) {
    if (!path->empty()) paths->insert(*path + "/?");
    return;
  }
  for (const sql::ExpressionPtr& child : expression.children) CollectPaths(*child, paths);
}

}  // namespace

std::string IndexMetrics(const sql::Query& query) {
  Paths paths;
  if (query.where != nullptr) CollectPaths(*query.where, &paths);
  for (const sql::OrderItem& item : query.order_by) CollectPaths(*item.expression, &paths);
  Array used;
  for (const std::string& path : paths) {
    used.push_back(Object{{"FilterExpression", ""},
                          {"IndexSpec", path},
                          {"FilterPreciseSet", true},
                          {"IndexPreciseSet", true},
                          {"IndexImpactScore", "High"}});
  }
  const Value metrics = Object{{"UtilizedSingleIndexes", std::move(used)},
                               {"PotentialSingleIndexes", Array{}},
                               {"UtilizedCompositeIndexes", Array{}},
                               {"PotentialCompositeIndexes", Array{}}};
  return EncodeBase64(ToJson(metrics));
}

}  // namespace spillway::emulator
