// The aggregate functions.
#ifndef SPILLWAY_EMULATOR_SQL_AGGREGATE_H_
#define SPILLWAY_EMULATOR_SQL_AGGREGATE_H_

#include <memory>
#include <string>

#include "emulator/json/value.h"
#include "emulator/sql/ast.h"

namespace spillway::emulator::sql {

class Accumulator {
 public:
  virtual ~Accumulator() = default;
  virtual void Add(const Value& value) = 0;
  // Undefined when the values had no such aggregate: a sum over strings, the smallest of nothing.
  virtual Value Result() const = 0;
};

std::unique_ptr<Accumulator> MakeAccumulator(Aggregate aggregate);

// JSON with members sorted: equal values, equal texts.
std::string CanonicalJson(const Value& value);

}  // namespace spillway::emulator::sql

#endif  // SPILLWAY_EMULATOR_SQL_AGGREGATE_H_
