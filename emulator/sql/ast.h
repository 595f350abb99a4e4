// The query language as a tree (documentation: "Azure Cosmos DB for NoSQL query language").
#ifndef SPILLWAY_EMULATOR_SQL_AST_H_
#define SPILLWAY_EMULATOR_SQL_AST_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/json/value.h"

namespace spillway::emulator::sql {

struct Query;
struct Function;

enum class ExpressionKind {
  kLiteral,      // value; `name` is the parameter it came from, if any
  kIdentifier,   // name: an alias of FROM, in `slot`
  kProperty,     // children[0].name, or ["name"]
  kIndex,        // children[0][children[1]]
  kUnary,        // op, children[0]
  kBinary,       // op, children; AND and OR take any number of them
  kConditional,  // children[0] ? children[1] : children[2]
  kIn,           // children[0] IN (children[1…])
  kBetween,      // children[0] BETWEEN children[1] AND children[2]
  kLike,         // children[0] LIKE children[1] [ESCAPE children[2]]
  kCall,         // function, children
  kAggregate,    // aggregate, children[0]
  kArray,        // [children…]
  kObject,       // {names[i]: children[i]}
  kExists,       // EXISTS(query)
  kArrayQuery,   // ARRAY(query)
  kScalarQuery,  // (query)
};

enum class Operator {
  kNone,
  kOr,
  kAnd,
  kNot,
  kCoalesce,
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kConcat,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kBitOr,
  kBitAnd,
  kBitXor,
  kBitNot,
  kShiftLeft,
  kShiftRight,
  kShiftRightZero,
  kPlus,
  kMinus,
};

enum class Aggregate { kCount, kSum, kMin, kMax, kAvg, kCountIf, kMakeList, kMakeSet };

// The slot of the document itself: what the outermost FROM starts from.
inline constexpr size_t kRootSlot = 0;

struct Expression {
  ExpressionKind kind = ExpressionKind::kLiteral;
  Operator op = Operator::kNone;
  Aggregate aggregate = Aggregate::kCount;
  size_t slot = 0;
  Value value;
  std::string name;
  std::vector<std::string> names;
  std::vector<std::unique_ptr<Expression>> children;
  std::unique_ptr<Query> query;
  const Function* function = nullptr;  // never null for kCall

  Expression();
  explicit Expression(ExpressionKind kind);
  ~Expression();
  Expression(Expression&&) noexcept;
  Expression& operator=(Expression&&) noexcept;
};

using ExpressionPtr = std::unique_ptr<Expression>;

struct SelectItem {
  ExpressionPtr expression;
  std::string alias;  // given, or worked out: the property's name, or "$1"
  bool alias_given = false;
};

// One source of FROM or JOIN.
struct FromItem {
  std::string alias;
  size_t slot = 0;       // where evaluation keeps the alias's value
  ExpressionPtr source;  // path or alias; or else
  std::unique_ptr<Query> query;
  bool iterate = false;  // alias IN source: the elements of an array
};

struct OrderItem {
  ExpressionPtr expression;
  bool descending = false;
};

struct Query {
  bool distinct = false;
  std::optional<uint64_t> top;
  bool select_all = false;    // SELECT *
  bool select_value = false;  // SELECT VALUE select[0]
  std::vector<SelectItem> select;
  std::vector<FromItem> from;  // the first is FROM, the others JOINs; empty: no FROM
  ExpressionPtr where;
  std::vector<ExpressionPtr> group_by;
  std::vector<OrderItem> order_by;
  std::optional<uint64_t> offset;
  std::optional<uint64_t> limit;
  bool has_aggregates = false;  // in SELECT
};

}  // namespace spillway::emulator::sql

#endif  // SPILLWAY_EMULATOR_SQL_AST_H_
