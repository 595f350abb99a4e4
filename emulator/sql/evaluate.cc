#include "emulator/sql/evaluate.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "emulator/sql/execute.h"
#include "emulator/sql/like.h"

namespace spillway::emulator::sql {
namespace {

// Three-valued: whatever is not a boolean is undefined.
Value EvaluateLogical(const Expression& expression, Environment* environment) {
  const bool decides = expression.op == Operator::kOr;
  bool undefined = false;
  for (const ExpressionPtr& child : expression.children) {
    const Value value = Evaluate(*child, environment);
    if (!value.is_bool()) {
      undefined = true;
    } else if (value.boolean() == decides) {
      return decides;
    }
  }
  return undefined ? Value() : Value(!decides);
}

// Values of different types are not equal; an undefined operand gives undefined.
Value EvaluateEqual(const Value& a, const Value& b) {
  if (a.is_undefined() || b.is_undefined()) return {};
  return a == b;
}

// Only null, booleans, numbers and strings have an order, and only among themselves.
Value EvaluateOrder(Operator op, const Value& a, const Value& b) {
  if (a.type() != b.type() || a.is_undefined() || a.is_array() || a.is_object()) return {};
  const std::weak_ordering order = Compare(a, b);
  switch (op) {
    case Operator::kLess:
      return order < 0;
    case Operator::kLessOrEqual:
      return order <= 0;
    case Operator::kGreater:
      return order > 0;
    default:
      return order >= 0;
  }
}

int32_t ToInt32(double number) {
  if (!std::isfinite(number)) return 0;
  return static_cast<int32_t>(
      static_cast<uint32_t>(static_cast<int64_t>(std::fmod(number, 4294967296.0))));
}

Value EvaluateBits(Operator op, double a, double b) {
  const int32_t left = ToInt32(a);
  const int32_t right = ToInt32(b);
  const int shift = right & 31;
  switch (op) {
    case Operator::kBitOr:
      return left | right;
    case Operator::kBitAnd:
      return left & right;
    case Operator::kBitXor:
      return left ^ right;
    case Operator::kShiftLeft:
      return static_cast<int32_t>(static_cast<uint32_t>(left) << shift);
    case Operator::kShiftRight:
      return left >> shift;
    default:
      return static_cast<double>(static_cast<uint32_t>(left) >> shift);
  }
}

Value EvaluateArithmetic(Operator op, const Value& a, const Value& b) {
  if (!a.is_number() || !b.is_number()) return {};
  switch (op) {
    case Operator::kAdd:
      return a.number() + b.number();
    case Operator::kSubtract:
      return a.number() - b.number();
    case Operator::kMultiply:
      return a.number() * b.number();
    case Operator::kDivide:
      return b.number() == 0 ? Value() : Value(a.number() / b.number());
    case Operator::kModulo:
      return b.number() == 0 ? Value() : Value(std::fmod(a.number(), b.number()));
    default:
      return EvaluateBits(op, a.number(), b.number());
  }
}

Value EvaluateBinary(const Expression& expression, Environment* environment) {
  if (expression.op == Operator::kAnd || expression.op == Operator::kOr) {
    return EvaluateLogical(expression, environment);
  }
  const Value a = Evaluate(*expression.children[0], environment);
  if (expression.op == Operator::kCoalesce && !a.is_undefined()) return a;
  const Value b = Evaluate(*expression.children[1], environment);
  switch (expression.op) {
    case Operator::kCoalesce:
      return b;
    case Operator::kEqual:
      return EvaluateEqual(a, b);
    case Operator::kNotEqual: {
      const Value equal = EvaluateEqual(a, b);
      return equal.is_undefined() ? equal : Value(!equal.boolean());
    }
    case Operator::kLess:
    case Operator::kLessOrEqual:
    case Operator::kGreater:
    case Operator::kGreaterOrEqual:
      return EvaluateOrder(expression.op, a, b);
    case Operator::kConcat:
      return a.is_string() && b.is_string() ? Value(a.string() + b.string()) : Value();
    default:
      return EvaluateArithmetic(expression.op, a, b);
  }
}

Value EvaluateUnary(const Expression& expression, Environment* environment) {
  const Value value = Evaluate(*expression.children[0], environment);
  if (expression.op == Operator::kNot) {
    return value.is_bool() ? Value(!value.boolean()) : Value();
  }
  if (!value.is_number()) return {};
  if (expression.op == Operator::kMinus) return -value.number();
  if (expression.op == Operator::kBitNot) return ~ToInt32(value.number());
  return value;
}

Value EvaluateIn(const Expression& expression, Environment* environment) {
  const Value value = Evaluate(*expression.children[0], environment);
  if (value.is_undefined()) return {};
  for (size_t i = 1; i < expression.children.size(); ++i) {
    if (value == Evaluate(*expression.children[i], environment)) return true;
  }
  return false;
}

Value EvaluateBetween(const Expression& expression, Environment* environment) {
  const Value value = Evaluate(*expression.children[0], environment);
  const Value low = EvaluateOrder(Operator::kGreaterOrEqual, value,
                                  Evaluate(*expression.children[1], environment));
  const Value high =
      EvaluateOrder(Operator::kLessOrEqual, value, Evaluate(*expression.children[2], environment));
  if (low.is_undefined() || high.is_undefined()) return {};
  return low.boolean() && high.boolean();
}

Value EvaluateLike(const Expression& expression, Environment* environment) {
  const Value text = Evaluate(*expression.children[0], environment);
  const Value pattern = Evaluate(*expression.children[1], environment);
  const Value escape =
      expression.children.size() > 2 ? Evaluate(*expression.children[2], environment) : Value("");
  if (!text.is_string() || !pattern.is_string() || !escape.is_string()) return {};
  return MatchesLike(text.string(), pattern.string(), escape.string());
}

Value EvaluateIndex(const Expression& expression, Environment* environment) {
  const Value base = Evaluate(*expression.children[0], environment);
  const Value index = Evaluate(*expression.children[1], environment);
  if (index.is_string()) return base[index.string()];
  if (!index.is_number() || index.number() < 0 || std::trunc(index.number()) != index.number()) {
    return {};
  }
  return base.At(static_cast<size_t>(std::min(index.number(), 1e15)));
}

Value EvaluateArray(const Expression& expression, Environment* environment) {
  Array array;
  for (const ExpressionPtr& child : expression.children) {
    Value value = Evaluate(*child, environment);
    if (!value.is_undefined()) array.push_back(std::move(value));
  }
  return array;
}

Value EvaluateObject(const Expression& expression, Environment* environment) {
  Object object;
  for (size_t i = 0; i < expression.children.size(); ++i) {
    Value value = Evaluate(*expression.children[i], environment);
    if (!value.is_undefined()) object.emplace_back(expression.names[i], std::move(value));
  }
  return object;
}

Value EvaluateCall(const Expression& expression, Environment* environment) {
  std::vector<Value> arguments;
  arguments.reserve(expression.children.size());
  for (const ExpressionPtr& child : expression.children) {
    arguments.push_back(Evaluate(*child, environment));
  }
  return expression.function->call(arguments, environment->functions);
}

Value EvaluateAggregate(const Expression& expression, const Environment& environment) {
  if (environment.aggregates == nullptr) return {};
  for (const auto& [node, value] : *environment.aggregates) {
    if (node == &expression) return value;
  }
  return {};
}

Value EvaluateScalarQuery(const Expression& expression, Environment* environment) {
  std::vector<Value> rows = RunSubquery(*expression.query, environment);
  return rows.size() == 1 ? std::move(rows[0]) : Value();
}

bool ForEachSource(const Query& query, size_t index, Environment* environment,
                   const std::function<bool()>& visit) {
  if (index == query.from.size()) {
    return !Matches(query.where.get(), environment) || visit();
  }
  const FromItem& item = query.from[index];
  const auto bind = [&](const Value& value) {
    if (value.is_undefined()) return true;
    environment->Bind(item.slot, value);
    return ForEachSource(query, index + 1, environment, visit);
  };
  std::vector<Value> rows;
  if (item.query != nullptr) {
    rows = RunSubquery(*item.query, environment);
  } else {
    rows.push_back(Evaluate(*item.source, environment));
  }
  for (const Value& row : rows) {
    if (!item.iterate) {
      if (!bind(row)) return false;
      continue;
    }
    if (!row.is_array()) continue;
    // A copy: the slots may move while rows are visited.
    const Value elements = row;
    for (const Value& element : elements.array()) {
      if (!bind(element)) return false;
    }
  }
  return true;
}

}  // namespace

Value Evaluate(const Expression& expression, Environment* environment) {
  switch (expression.kind) {
    case ExpressionKind::kLiteral:
      return expression.value;
    case ExpressionKind::kIdentifier:
      return expression.slot < environment->slots.size() ? environment->slots[expression.slot]
                                                         : Value();
    case ExpressionKind::kProperty:
      return Evaluate(*expression.children[0], environment)[expression.name];
    case ExpressionKind::kIndex:
      return EvaluateIndex(expression, environment);
    case ExpressionKind::kUnary:
      return EvaluateUnary(expression, environment);
    case ExpressionKind::kBinary:
      return EvaluateBinary(expression, environment);
    case ExpressionKind::kConditional: {
      const Value condition = Evaluate(*expression.children[0], environment);
      const bool yes = condition.is_bool() && condition.boolean();
      return Evaluate(*expression.children[yes ? 1 : 2], environment);
    }
    case ExpressionKind::kIn:
      return EvaluateIn(expression, environment);
    case ExpressionKind::kBetween:
      return EvaluateBetween(expression, environment);
    case ExpressionKind::kLike:
      return EvaluateLike(expression, environment);
    case ExpressionKind::kCall:
      return EvaluateCall(expression, environment);
    case ExpressionKind::kAggregate:
      return EvaluateAggregate(expression, *environment);
    case ExpressionKind::kArray:
      return EvaluateArray(expression, environment);
    case ExpressionKind::kObject:
      return EvaluateObject(expression, environment);
    case ExpressionKind::kExists:
      return !RunSubquery(*expression.query, environment).empty();
    case ExpressionKind::kArrayQuery:
      return RunSubquery(*expression.query, environment);
    case ExpressionKind::kScalarQuery:
      return EvaluateScalarQuery(expression, environment);
  }
  return {};
}

bool Matches(const Expression* where, Environment* environment) {
  if (where == nullptr) return true;
  const Value value = Evaluate(*where, environment);
  return value.is_bool() && value.boolean();
}

bool ForEachRow(const Query& query, Environment* environment, const std::function<bool()>& visit) {
  return ForEachSource(query, 0, environment, visit);
}

Value Project(const Query& query, Environment* environment) {
  if (query.select_all) return environment->slots[query.from[0].slot];
  if (query.select_value) return Evaluate(*query.select[0].expression, environment);
  Object row;
  for (const SelectItem& item : query.select) {
    Value value = Evaluate(*item.expression, environment);
    if (!value.is_undefined()) row.emplace_back(item.alias, std::move(value));
  }
  return row;
}

std::vector<Value> RunSubquery(const Query& query, Environment* environment) {
  const AggregateValues* outer_aggregates = std::exchange(environment->aggregates, nullptr);
  Execution execution(&query, environment->functions);
  execution.AddBound(environment);
  environment->aggregates = outer_aggregates;
  return execution.Finish();
}

std::weak_ordering Compare(const Value& a, const Value& b) {
  if (a.type() != b.type()) return a.type() <=> b.type();
  switch (a.type()) {
    case Value::Type::kUndefined:
    case Value::Type::kNull:
      return std::weak_ordering::equivalent;
    case Value::Type::kBool:
      return a.boolean() <=> b.boolean();
    case Value::Type::kNumber:
      return a.number() < b.number()   ? std::weak_ordering::less
             : b.number() < a.number() ? std::weak_ordering::greater
                                       : std::weak_ordering::equivalent;
    case Value::Type::kString:
      return a.string() <=> b.string();
    case Value::Type::kArray: {
      const size_t common = std::min(a.array().size(), b.array().size());
      for (size_t i = 0; i < common; ++i) {
        if (const auto order = Compare(a.array()[i], b.array()[i]); order != 0) return order;
      }
      return a.array().size() <=> b.array().size();
    }
    case Value::Type::kObject:
      return ToJson(a) <=> ToJson(b);
  }
  return std::weak_ordering::equivalent;
}

}  // namespace spillway::emulator::sql
