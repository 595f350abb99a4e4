// Query plans: what a client has to do to run a query over several ranges: the query to send to each of
// them, and how to put the answers together. Shapes as the SDKs read them (PartitionedQueryExecutionInfo,
// version 2).
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

// The plan as JSON.
Value MakePlan(const Query& query, const std::vector<PlanRange>& ranges);

// The values that WHERE pins `path` (names below the document) to, when it does: `c.pk = "a"`, perhaps
// among other conditions. Undefined when it does not.
Value PinnedValue(const Query& query, const std::vector<std::string>& path);

}  // namespace spillway::emulator::sql

#endif  // SPILLWAY_EMULATOR_SQL_PLAN_H_
