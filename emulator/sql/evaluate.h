// Evaluation of expressions over one document.
#ifndef SPILLWAY_EMULATOR_SQL_EVALUATE_H_
#define SPILLWAY_EMULATOR_SQL_EVALUATE_H_

#include <compare>
#include <functional>
#include <vector>

#include "emulator/sql/ast.h"
#include "emulator/sql/functions.h"

namespace spillway::emulator::sql {

// The values of aggregates, while a group's row is made; by the aggregate's node.
using AggregateValues = std::vector<std::pair<const Expression*, Value>>;

struct Environment {
  std::vector<Value> slots;  // by slot number
  FunctionContext functions;
  const AggregateValues* aggregates = nullptr;

  void Bind(size_t slot, Value value) {
    if (slot >= slots.size()) slots.resize(slot + 1);
    slots[slot] = std::move(value);
  }
};

// `environment` is changed while subqueries run, and is as before afterwards.
Value Evaluate(const Expression& expression, Environment* environment);

// Whether the query's WHERE keeps the row that is bound. Only `true` does.
bool Matches(const Expression* where, Environment* environment);

// Calls `visit` for every combination of FROM and JOIN that WHERE keeps, until it returns false.
// False when it did. The document is bound in kRootSlot.
bool ForEachRow(const Query& query, Environment* environment, const std::function<bool()>& visit);

// SELECT over the row that is bound: undefined when a VALUE is.
Value Project(const Query& query, Environment* environment);

// Everything a subquery gives for the row that is bound.
std::vector<Value> RunSubquery(const Query& query, Environment* environment);

// The order of ORDER BY, MIN and MAX: undefined, null, booleans, numbers, strings, arrays, objects.
std::weak_ordering Compare(const Value& a, const Value& b);

}  // namespace spillway::emulator::sql

#endif  // SPILLWAY_EMULATOR_SQL_EVALUATE_H_
