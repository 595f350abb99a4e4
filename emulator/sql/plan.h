// Query plans: what a client has to do to run a query over several ranges: the query to send to
// each of them, and how to put the answers together. Shapes as the SDKs read them
// (PartitionedQueryExecutionInfo, version 2).
#ifndef SPILLWAY_EMULATOR_SQL_PLAN_H_
#define SPILLWAY_EMULATOR_SQL_PLAN_H_

#include <string>
#include <vector>

#include "emulator/json/value.h"
#include "emulator/sql/ast.h"

namespace spillway::emulator::sql {

// What an ORDER BY query gets as its filter; clients replace it before they send the query.
inline constexpr std::string_view kOrderByFilter = "{documentdb-formattableorderbyquery-filter}";

// [min, max] or [min, max) in hexadecimal.
struct PlanRange {
  std::string min;
  std::string max;
  bool max_inclusive = false;
};

// The plan as JSON. `composite_extremes`: ranges give MIN and MAX with a count
// ({"min":…,"count":…}), so that a range without values is told apart; older clients want the bare
// value.
Value MakePlan(const Query& query, const std::vector<PlanRange>& ranges, bool composite_extremes);

// What a client has to be able to do to follow the plan, as x-ms-cosmos-supported-query-features
// names it.
std::vector<std::string_view> RequiredFeatures(const Query& query);

// Aggregates inside other expressions (COUNT(1) + 1): no plan can put those together.
bool ComposesAggregates(const Query& query);

// The values that WHERE pins `path` (names below the document) to, when it does: `c.pk = "a"`,
// perhaps among other conditions. Undefined when it does not.
Value PinnedValue(const Query& query, const std::vector<std::string>& path);

}  // namespace spillway::emulator::sql

#endif  // SPILLWAY_EMULATOR_SQL_PLAN_H_
