// The built-in scalar functions, one table for each family. A wrong type gives undefined, as the
// service does; a wrong name or number of arguments is refused when the query is parsed.
#ifndef SPILLWAY_EMULATOR_SQL_FUNCTIONS_H_
#define SPILLWAY_EMULATOR_SQL_FUNCTIONS_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "emulator/json/value.h"

namespace spillway::emulator::sql {

struct FunctionContext {
  int64_t now_ms = 0;  // since 1970: one value for a whole query
  // Where a function says what it cannot do with the arguments it got: the query is to be refused,
  // not answered without them. Null: nobody asks.
  std::string_view* refusal = nullptr;
};

using Arguments = std::span<const Value>;

struct Function {
  std::string_view name;  // upper case
  size_t arguments_min;
  size_t arguments_max;
  Value (*call)(Arguments arguments, const FunctionContext& context);
};

// In any case; nullptr when there is none.
const Function* FindFunction(std::string_view name);

std::span<const Function> StringFunctions();
std::span<const Function> MathFunctions();
std::span<const Function> ArrayFunctions();
std::span<const Function> TypeFunctions();
std::span<const Function> DateFunctions();
std::span<const Function> SpatialFunctions();

}  // namespace spillway::emulator::sql

#endif  // SPILLWAY_EMULATOR_SQL_FUNCTIONS_H_
