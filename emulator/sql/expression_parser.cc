#include "emulator/sql/expression_parser.h"

#include <array>
#include <utility>

#include "emulator/sql/functions.h"

namespace spillway::emulator::sql {
namespace {

constexpr std::array<std::pair<std::string_view, Aggregate>, 8> kAggregates = {
    {{"COUNT", Aggregate::kCount},
     {"SUM", Aggregate::kSum},
     {"MIN", Aggregate::kMin},
     {"MAX", Aggregate::kMax},
     {"AVG", Aggregate::kAvg},
     {"COUNTIF", Aggregate::kCountIf},
     {"MAKELIST", Aggregate::kMakeList},
     {"MAKESET", Aggregate::kMakeSet}}};

// Binary operators by precedence, loosest first; each level is left-associative.
struct BinaryLevel {
  std::string_view symbol;
  Operator op;
  int level;
};
constexpr std::array<BinaryLevel, 20> kBinary = {{
    {"??", Operator::kCoalesce, 0},
    {"=", Operator::kEqual, 4},
    {"!=", Operator::kNotEqual, 4},
    {"<", Operator::kLess, 5},
    {"<=", Operator::kLessOrEqual, 5},
    {">", Operator::kGreater, 5},
    {">=", Operator::kGreaterOrEqual, 5},
    {"|", Operator::kBitOr, 6},
    {"^", Operator::kBitXor, 7},
    {"&", Operator::kBitAnd, 8},
    {"<<", Operator::kShiftLeft, 9},
    {">>", Operator::kShiftRight, 9},
    {">>>", Operator::kShiftRightZero, 9},
    {"||", Operator::kConcat, 10},
    {"+", Operator::kAdd, 10},
    {"-", Operator::kSubtract, 10},
    {"*", Operator::kMultiply, 11},
    {"/", Operator::kDivide, 11},
    {"%", Operator::kModulo, 11},
    {"", Operator::kNone, 12},
}};
constexpr int kTightestLevel = 12;
constexpr int kRangeLevel = 5;  // where IN, BETWEEN and LIKE bind

// A chain of operators or a path is a tree as deep as it is long; all of them together are
// bounded. AND and OR, which programs chain by the thousand, have one node for a whole chain.
constexpr int kChainedMax = 1000;
constexpr int kShortPath = 10;

ExpressionPtr Binary(Operator op, ExpressionPtr left, ExpressionPtr right) {
  auto binary = std::make_unique<Expression>(ExpressionKind::kBinary);
  binary->op = op;
  binary->children.push_back(std::move(left));
  binary->children.push_back(std::move(right));
  return binary;
}

Status TooLong() {
  return InvalidArgument("The expression is too long.");
}

ExpressionPtr Unary(Operator op, ExpressionPtr operand) {
  auto unary = std::make_unique<Expression>(ExpressionKind::kUnary);
  unary->op = op;
  unary->children.push_back(std::move(operand));
  return unary;
}

ExpressionPtr Literal(Value value) {
  auto literal = std::make_unique<Expression>(ExpressionKind::kLiteral);
  literal->value = std::move(value);
  return literal;
}

}  // namespace

Status ExpressionParser::Enter() {
  if (++depth_ > kQueryNestingMax) return InvalidArgument("The query is nested too deeply.");
  return Status::Ok();
}

bool ExpressionParser::ExchangeSawAggregate(bool saw) {
  return std::exchange(saw_aggregate_, saw);
}

Result<Value> ExpressionParser::ParameterValue() const {
  const auto found = parameters_.find(Peek().text);
  if (found == parameters_.end()) {
    return InvalidArgument("The query parameter '" + Peek().text + "' has no value.");
  }
  return found->second;
}

Result<ExpressionPtr> ExpressionParser::ParseWithoutAggregates() {
  const bool outer = std::exchange(saw_aggregate_, false);
  ASSIGN_OR_RETURN(ExpressionPtr expression, ParseExpression());
  if (saw_aggregate_) {
    return InvalidArgument("An aggregate function is only allowed in the SELECT clause.");
  }
  saw_aggregate_ = outer;
  return expression;
}

Result<ExpressionPtr> ExpressionParser::ParseExpression() {
  RETURN_IF_ERROR(Enter());
  ASSIGN_OR_RETURN(ExpressionPtr expression, ParseLevel(0));
  if (TakeSymbol("?")) {
    auto conditional = std::make_unique<Expression>(ExpressionKind::kConditional);
    conditional->children.push_back(std::move(expression));
    ASSIGN_OR_RETURN(ExpressionPtr yes, ParseExpression());
    RETURN_IF_ERROR(Expect(":"));
    ASSIGN_OR_RETURN(ExpressionPtr no, ParseExpression());
    conditional->children.push_back(std::move(yes));
    conditional->children.push_back(std::move(no));
    expression = std::move(conditional);
  }
  Leave();
  return expression;
}

Operator ExpressionParser::OperatorAt(int level) const {
  if (level == 1) return IsWord("OR") ? Operator::kOr : Operator::kNone;
  if (level == 2) return IsWord("AND") ? Operator::kAnd : Operator::kNone;
  if (Peek().kind != TokenKind::kSymbol) return Operator::kNone;
  for (const BinaryLevel& candidate : kBinary) {
    if (candidate.level == level && candidate.symbol == Peek().text) return candidate.op;
  }
  return Operator::kNone;
}

Result<ExpressionPtr> ExpressionParser::ParseLevel(int level) {
  if (level == kTightestLevel) return ParseUnary();
  if (level == 3) return ParseNot();
  ASSIGN_OR_RETURN(ExpressionPtr left, ParseLevel(level + 1));
  int operands = 0;
  while (true) {
    if (level == kRangeLevel && IsRangeWord()) {
      ASSIGN_OR_RETURN(left, ParseRange(std::move(left)));
      continue;
    }
    const Operator op = OperatorAt(level);
    if (op == Operator::kNone) return left;
    Skip();
    ASSIGN_OR_RETURN(ExpressionPtr right, ParseLevel(level + 1));
    const bool logical = op == Operator::kAnd || op == Operator::kOr;
    if (logical && operands > 0) {
      left->children.push_back(std::move(right));
    } else {
      if (operands > 0 && ++chained_ > kChainedMax) return TooLong();
      left = Binary(op, std::move(left), std::move(right));
    }
    ++operands;
  }
}

Result<ExpressionPtr> ExpressionParser::ParseNot() {
  if (!IsWord("NOT")) return ParseLevel(4);
  RETURN_IF_ERROR(Enter());
  Skip();
  ASSIGN_OR_RETURN(ExpressionPtr operand, ParseNot());
  Leave();
  return Unary(Operator::kNot, std::move(operand));
}

bool ExpressionParser::IsRangeWord() const {
  const size_t ahead = IsWord("NOT") ? 1 : 0;
  return IsWord("IN", ahead) || IsWord("BETWEEN", ahead) || IsWord("LIKE", ahead);
}

Result<ExpressionPtr> ExpressionParser::ParseRange(ExpressionPtr operand) {
  const bool negated = TakeWord("NOT");
  auto range = std::make_unique<Expression>();
  range->children.push_back(std::move(operand));
  if (TakeWord("IN")) {
    range->kind = ExpressionKind::kIn;
    RETURN_IF_ERROR(Expect("("));
    RETURN_IF_ERROR(ParseList(")", range.get()));
    if (range->children.size() == 1) return InvalidArgument("IN needs at least one value.");
  } else if (TakeWord("BETWEEN")) {
    range->kind = ExpressionKind::kBetween;
    ASSIGN_OR_RETURN(ExpressionPtr low, ParseLevel(kRangeLevel + 1));
    if (!TakeWord("AND")) return Unexpected();
    ASSIGN_OR_RETURN(ExpressionPtr high, ParseLevel(kRangeLevel + 1));
    range->children.push_back(std::move(low));
    range->children.push_back(std::move(high));
  } else {
    TakeWord("LIKE");
    range->kind = ExpressionKind::kLike;
    ASSIGN_OR_RETURN(ExpressionPtr pattern, ParseLevel(kRangeLevel + 1));
    range->children.push_back(std::move(pattern));
    if (TakeWord("ESCAPE")) {
      ASSIGN_OR_RETURN(ExpressionPtr escape, ParsePrimary());
      range->children.push_back(std::move(escape));
    }
  }
  return negated ? Unary(Operator::kNot, std::move(range)) : std::move(range);
}

// Expressions separated by commas, up to and including `close`.
Status ExpressionParser::ParseList(std::string_view close, Expression* parent) {
  if (TakeSymbol(close)) return Status::Ok();
  do {
    ASSIGN_OR_RETURN(ExpressionPtr item, ParseExpression());
    parent->children.push_back(std::move(item));
  } while (TakeSymbol(","));
  return Expect(close);
}

Result<ExpressionPtr> ExpressionParser::ParseUnary() {
  Operator op = Operator::kNone;
  if (IsSymbol("-")) op = Operator::kMinus;
  if (IsSymbol("+")) op = Operator::kPlus;
  if (IsSymbol("~")) op = Operator::kBitNot;
  if (op == Operator::kNone) return ParsePath();
  RETURN_IF_ERROR(Enter());
  Skip();
  ASSIGN_OR_RETURN(ExpressionPtr operand, ParseUnary());
  Leave();
  return Unary(op, std::move(operand));
}

Result<ExpressionPtr> ExpressionParser::ParsePath() {
  ASSIGN_OR_RETURN(ExpressionPtr base, ParsePrimary());
  int steps = 0;
  while (IsSymbol(".") || IsSymbol("[")) {
    if (++steps > kShortPath && ++chained_ > kChainedMax) return TooLong();
    ASSIGN_OR_RETURN(base, ParseStep(std::move(base)));
  }
  return base;
}

Result<ExpressionPtr> ExpressionParser::ParseStep(ExpressionPtr base) {
  if (TakeSymbol(".")) {
    if (Peek().kind != TokenKind::kIdentifier) return Unexpected();
    auto property = std::make_unique<Expression>(ExpressionKind::kProperty);
    property->name = Take().text;
    property->children.push_back(std::move(base));
    return property;
  }
  RETURN_IF_ERROR(Expect("["));
  ASSIGN_OR_RETURN(ExpressionPtr index, ParseExpression());
  RETURN_IF_ERROR(Expect("]"));
  const bool is_name =
      index->kind == ExpressionKind::kLiteral && index->value.is_string() && index->name.empty();
  auto step =
      std::make_unique<Expression>(is_name ? ExpressionKind::kProperty : ExpressionKind::kIndex);
  if (is_name) step->name = index->value.string();
  step->children.push_back(std::move(base));
  if (!is_name) step->children.push_back(std::move(index));
  return step;
}

Result<ExpressionPtr> ExpressionParser::ParsePrimary() {
  const Token& token = Peek();
  switch (token.kind) {
    case TokenKind::kNumber:
      Skip();
      return Literal(token.number);
    case TokenKind::kString:
      Skip();
      return Literal(token.text);
    case TokenKind::kParameter: {
      ASSIGN_OR_RETURN(Value value, ParameterValue());
      Skip();
      ExpressionPtr literal = Literal(std::move(value));
      literal->name = token.text;
      return literal;
    }
    case TokenKind::kSymbol:
      return ParseBracket();
    case TokenKind::kIdentifier:
      return ParseWord();
    case TokenKind::kEnd:
      return Unexpected();
  }
  return Unexpected();
}

Result<ExpressionPtr> ExpressionParser::ParseBracket() {
  if (TakeSymbol("(")) {
    if (IsWord("SELECT")) return ParseSubquery(ExpressionKind::kScalarQuery);
    ASSIGN_OR_RETURN(ExpressionPtr inner, ParseExpression());
    RETURN_IF_ERROR(Expect(")"));
    return inner;
  }
  if (TakeSymbol("[")) {
    auto array = std::make_unique<Expression>(ExpressionKind::kArray);
    RETURN_IF_ERROR(ParseList("]", array.get()));
    return array;
  }
  if (TakeSymbol("{")) return ParseObject();
  return Unexpected();
}

Result<ExpressionPtr> ExpressionParser::ParseObject() {
  auto object = std::make_unique<Expression>(ExpressionKind::kObject);
  if (TakeSymbol("}")) return object;
  do {
    if (Peek().kind != TokenKind::kString && Peek().kind != TokenKind::kIdentifier) {
      return Unexpected();
    }
    object->names.push_back(Take().text);
    RETURN_IF_ERROR(Expect(":"));
    ASSIGN_OR_RETURN(ExpressionPtr value, ParseExpression());
    object->children.push_back(std::move(value));
  } while (TakeSymbol(","));
  RETURN_IF_ERROR(Expect("}"));
  return object;
}

// The opening parenthesis is taken.
Result<ExpressionPtr> ExpressionParser::ParseSubquery(ExpressionKind kind) {
  auto expression = std::make_unique<Expression>(kind);
  ASSIGN_OR_RETURN(expression->query, ParseSelect());
  RETURN_IF_ERROR(Expect(")"));
  return expression;
}

Result<ExpressionPtr> ExpressionParser::ParseWord() {
  if (TakeWord("NULL")) return Literal(Value::Null{});
  if (TakeWord("TRUE")) return Literal(true);
  if (TakeWord("FALSE")) return Literal(false);
  if (TakeWord("UNDEFINED")) return Literal(Value());
  if (IsWord("EXISTS") || IsWord("ARRAY")) {
    const bool exists = IsWord("EXISTS");
    Skip();
    RETURN_IF_ERROR(Expect("("));
    return ParseSubquery(exists ? ExpressionKind::kExists : ExpressionKind::kArrayQuery);
  }
  if (IsWord("UDF")) return InvalidArgument("User-defined functions are not supported.");
  if (IsReserved() && !(IsSymbol("(", 1) && FindFunction(Peek().text) != nullptr)) {
    return Unexpected();
  }
  if (IsSymbol("(", 1)) return ParseCall();
  auto identifier = std::make_unique<Expression>(ExpressionKind::kIdentifier);
  identifier->name = Take().text;
  return identifier;
}

Result<ExpressionPtr> ExpressionParser::ParseCall() {
  const std::string name = Peek().text;
  Skip(2);
  for (const auto& [word, aggregate] : kAggregates) {
    if (SameWord(word, name)) return ParseAggregate(aggregate);
  }
  auto call = std::make_unique<Expression>(ExpressionKind::kCall);
  call->function = FindFunction(name);
  if (call->function == nullptr) {
    return InvalidArgument("'" + name + "' is not a recognized built-in function name.");
  }
  RETURN_IF_ERROR(ParseList(")", call.get()));
  const Function& function = *call->function;
  if (call->children.size() < function.arguments_min ||
      call->children.size() > function.arguments_max) {
    return InvalidArgument("The " + std::string(function.name) +
                           " function has a wrong number of arguments.");
  }
  return call;
}

Result<ExpressionPtr> ExpressionParser::ParseAggregate(Aggregate aggregate) {
  auto expression = std::make_unique<Expression>(ExpressionKind::kAggregate);
  expression->aggregate = aggregate;
  if (aggregate == Aggregate::kCount && IsSymbol("*")) {
    return InvalidArgument("COUNT(*) is not supported by the service; use COUNT(1).");
  }
  ASSIGN_OR_RETURN(ExpressionPtr argument, ParseWithoutAggregates());
  RETURN_IF_ERROR(Expect(")"));
  expression->children.push_back(std::move(argument));
  saw_aggregate_ = true;
  return expression;
}

}  // namespace spillway::emulator::sql
