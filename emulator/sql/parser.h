// Parser: query text to a tree. What the language does not have, or this server does not know, is
// refused here, so that no query is answered wrongly.
#ifndef SPILLWAY_EMULATOR_SQL_PARSER_H_
#define SPILLWAY_EMULATOR_SQL_PARSER_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "emulator/sql/ast.h"

namespace spillway::emulator::sql {

inline constexpr size_t kQueryBytesMax = 512 * 1024;
// Of expressions and subqueries inside each other.
inline constexpr int kQueryNestingMax = 100;

// Names with their '@'.
using Parameters = std::map<std::string, Value, std::less<>>;

// ORDER BY beside aggregates, which clients of before the API version 2018-12-31 send: the one row
// has no order.
enum class OrderedAggregates { kRefused, kUnordered };

// Fails with kInvalidArgument: syntax, an unknown function or alias, a parameter without a value.
Result<std::unique_ptr<Query>> ParseQuery(
    std::string_view text, const Parameters& parameters,
    OrderedAggregates ordered_aggregates = OrderedAggregates::kRefused);

}  // namespace spillway::emulator::sql

#endif  // SPILLWAY_EMULATOR_SQL_PARSER_H_
