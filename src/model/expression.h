// Expression: a row filter (`price > 0 AND category IN ('a', 'b')`) as a tree. The mapping
// evaluates it exactly, with SQL's three-valued logic; a source may use it to skip files and row
// groups, never to decide about a row.
#ifndef SPILLWAY_MODEL_EXPRESSION_H_
#define SPILLWAY_MODEL_EXPRESSION_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace spillway {

struct DateLiteral {
  int32_t days = 0;  // since 1970-01-01
};
struct TimestampLiteral {
  int64_t micros = 0;  // since the epoch, UTC
};
// A number keeps its text as written, so that decimals and 64-bit integers compare exactly.
struct NumberLiteral {
  std::string text;
};

using Literal = std::variant<bool, NumberLiteral, std::string, DateLiteral, TimestampLiteral>;

struct Expression {
  enum class Kind : uint8_t {
    kColumn,   // column
    kLiteral,  // literal
    kEqual,
    kNotEqual,
    kLess,
    kLessOrEqual,
    kGreater,
    kGreaterOrEqual,  // two operands
    kAnd,
    kOr,  // two or more operands
    kNot,
    kIsNull,  // one operand
  };
  Kind kind = Kind::kLiteral;
  std::vector<std::string> column;  // path: nested fields by name
  Literal literal = false;
  std::vector<Expression> operands;
};

}  // namespace spillway

#endif  // SPILLWAY_MODEL_EXPRESSION_H_
