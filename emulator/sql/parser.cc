#include "emulator/sql/parser.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "emulator/sql/bind.h"
#include "emulator/sql/functions.h"
#include "emulator/sql/lexer.h"

namespace spillway::emulator::sql {
namespace {

constexpr std::array<std::string_view, 29> kReserved = {
    "SELECT", "VALUE", "DISTINCT", "TOP",  "FROM",  "IN",        "JOIN", "WHERE",  "GROUP",   "BY",
    "ORDER",  "ASC",   "DESC",     "AND",  "OR",    "NOT",       "LIKE", "ESCAPE", "BETWEEN", "AS",
    "EXISTS", "ARRAY", "NULL",     "TRUE", "FALSE", "UNDEFINED", "UDF",  "OFFSET", "LIMIT"};

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

bool SameWord(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

class Parser {
 public:
  Parser(std::vector<Token> tokens, const Parameters& parameters,
         OrderedAggregates ordered_aggregates)
      : tokens_(std::move(tokens)),
        parameters_(parameters),
        ordered_aggregates_(ordered_aggregates) {}

  Result<std::unique_ptr<Query>> Parse() {
    ASSIGN_OR_RETURN(std::unique_ptr<Query> query, ParseSelect());
    TakeSymbol(";");
    if (Peek().kind != TokenKind::kEnd) return Unexpected();
    return query;
  }

 private:
  // ---- tokens

  const Token& Peek(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  Status Unexpected() const {
    return SyntaxError(Peek().kind == TokenKind::kEnd ? "end of query" : Peek().text,
                       Peek().position);
  }
  bool IsWord(std::string_view word, size_t ahead = 0) const {
    return Peek(ahead).kind == TokenKind::kIdentifier && SameWord(Peek(ahead).text, word);
  }
  bool IsSymbol(std::string_view symbol, size_t ahead = 0) const {
    return Peek(ahead).kind == TokenKind::kSymbol && Peek(ahead).text == symbol;
  }
  bool TakeWord(std::string_view word) {
    if (!IsWord(word)) return false;
    ++at_;
    return true;
  }
  bool TakeSymbol(std::string_view symbol) {
    if (!IsSymbol(symbol)) return false;
    ++at_;
    return true;
  }
  Status Expect(std::string_view symbol) {
    return TakeSymbol(symbol) ? Status::Ok() : Unexpected();
  }
  bool IsReserved() const {
    return std::any_of(kReserved.begin(), kReserved.end(),
                       [&](std::string_view word) { return SameWord(word, Peek().text); });
  }
  Result<std::string> TakeName() {
    if (Peek().kind != TokenKind::kIdentifier || IsReserved()) return Unexpected();
    return tokens_[at_++].text;
  }
  Result<uint64_t> TakeCount() {
    Value value;
    if (Peek().kind == TokenKind::kNumber) {
      value = Peek().number;
    } else if (Peek().kind == TokenKind::kParameter) {
      ASSIGN_OR_RETURN(value, ParameterValue());
    }
    if (!value.is_number() || value.number() < 0 || value.number() > 1e15 ||
        std::trunc(value.number()) != value.number()) {
      return InvalidArgument("TOP, OFFSET and LIMIT take a whole number that is not negative.");
    }
    ++at_;
    return static_cast<uint64_t>(value.number());
  }

  Result<Value> ParameterValue() const {
    const auto found = parameters_.find(Peek().text);
    if (found == parameters_.end()) {
      return InvalidArgument("The query parameter '" + Peek().text + "' has no value.");
    }
    return found->second;
  }

  // ---- clauses

  Result<std::unique_ptr<Query>> ParseSelect() {
    if (++depth_ > kQueryNestingMax) return InvalidArgument("The query is nested too deeply.");
    if (!TakeWord("SELECT")) return Unexpected();
    auto query = std::make_unique<Query>();
    const bool outer_aggregates = std::exchange(saw_aggregate_, false);
    query->distinct = TakeWord("DISTINCT");
    if (TakeWord("TOP")) {
      ASSIGN_OR_RETURN(query->top, TakeCount());
    }
    RETURN_IF_ERROR(ParseSelectList(query.get()));
    query->has_aggregates = saw_aggregate_;
    saw_aggregate_ = outer_aggregates;
    if (TakeWord("FROM")) RETURN_IF_ERROR(ParseFrom(query.get()));
    if (TakeWord("WHERE")) {
      ASSIGN_OR_RETURN(query->where, ParseWithoutAggregates());
    }
    RETURN_IF_ERROR(ParseGroupAndOrder(query.get()));
    RETURN_IF_ERROR(ParseOffset(query.get()));
    if (ordered_aggregates_ == OrderedAggregates::kUnordered && query->has_aggregates) {
      query->order_by.clear();
    }
    RETURN_IF_ERROR(Check(*query));
    --depth_;
    return query;
  }

  Status ParseSelectList(Query* query) {
    if (TakeSymbol("*")) {
      query->select_all = true;
      return Status::Ok();
    }
    query->select_value = TakeWord("VALUE");
    do {
      SelectItem item;
      ASSIGN_OR_RETURN(item.expression, ParseExpression());
      if (!query->select_value) RETURN_IF_ERROR(ParseAlias(&item, query->select.size()));
      query->select.push_back(std::move(item));
    } while (!query->select_value && TakeSymbol(","));
    return Status::Ok();
  }

  Status ParseAlias(SelectItem* item, size_t index) {
    item->alias_given = TakeWord("AS");
    if (item->alias_given || (Peek().kind == TokenKind::kIdentifier && !IsReserved())) {
      item->alias_given = true;
      if (Peek().kind == TokenKind::kString) {
        item->alias = tokens_[at_++].text;
      } else {
        ASSIGN_OR_RETURN(item->alias, TakeName());
      }
      return Status::Ok();
    }
    const Expression& expression = *item->expression;
    const bool named = expression.kind == ExpressionKind::kProperty ||
                       expression.kind == ExpressionKind::kIdentifier;
    item->alias = named ? expression.name : "$" + std::to_string(index + 1);
    return Status::Ok();
  }

  Status ParseFrom(Query* query) {
    do {
      FromItem item;
      RETURN_IF_ERROR(ParseFromItem(query, &item));
      query->from.push_back(std::move(item));
    } while (TakeWord("JOIN"));
    return Status::Ok();
  }

  Status ParseFromItem(Query* query, FromItem* item) {
    if (Peek().kind == TokenKind::kIdentifier && !IsReserved() && IsWord("IN", 1)) {
      item->alias = tokens_[at_].text;
      at_ += 2;
      item->iterate = true;
      return ParseCollection(item);
    }
    RETURN_IF_ERROR(ParseCollection(item));
    const bool has_as = TakeWord("AS");
    if (has_as || (Peek().kind == TokenKind::kIdentifier && !IsReserved())) {
      ASSIGN_OR_RETURN(item->alias, TakeName());
    } else if (item->query != nullptr) {
      item->alias = "$sub" + std::to_string(query->from.size());
    }
    return Status::Ok();
  }

  // The container, a path in it or in an alias, or a subquery.
  Status ParseCollection(FromItem* item) {
    if (TakeSymbol("(")) {
      ASSIGN_OR_RETURN(item->query, ParseSelect());
      return Expect(")");
    }
    if (Peek().kind != TokenKind::kIdentifier || IsReserved()) return Unexpected();
    ASSIGN_OR_RETURN(item->source, ParsePath());
    const Expression* base = item->source.get();
    while (base->kind == ExpressionKind::kProperty || base->kind == ExpressionKind::kIndex) {
      base = base->children[0].get();
    }
    if (base->kind != ExpressionKind::kIdentifier) {
      return InvalidArgument("FROM takes the container, a path or a subquery.");
    }
    if (item->alias.empty()) item->alias = item->source->name;
    return Status::Ok();
  }

  Status ParseGroupAndOrder(Query* query) {
    if (TakeWord("GROUP")) {
      if (!TakeWord("BY")) return Unexpected();
      do {
        ASSIGN_OR_RETURN(ExpressionPtr expression, ParseWithoutAggregates());
        query->group_by.push_back(std::move(expression));
      } while (TakeSymbol(","));
    }
    if (!TakeWord("ORDER")) return Status::Ok();
    if (!TakeWord("BY")) return Unexpected();
    do {
      OrderItem item;
      ASSIGN_OR_RETURN(item.expression, ParseWithoutAggregates());
      item.descending = TakeWord("DESC");
      if (!item.descending) TakeWord("ASC");
      query->order_by.push_back(std::move(item));
    } while (TakeSymbol(","));
    return Status::Ok();
  }

  Status ParseOffset(Query* query) {
    if (!TakeWord("OFFSET")) return Status::Ok();
    ASSIGN_OR_RETURN(query->offset, TakeCount());
    if (!TakeWord("LIMIT")) return Unexpected();
    ASSIGN_OR_RETURN(query->limit, TakeCount());
    return Status::Ok();
  }

  static Status Check(const Query& query) {
    if (query.select_all && query.from.empty()) {
      return InvalidArgument("'SELECT *' is not valid without a FROM clause.");
    }
    if (query.select_all && query.from.size() > 1) {
      return InvalidArgument("'SELECT *' is only valid with a single input set.");
    }
    if (query.top && query.offset) {
      return InvalidArgument("TOP and OFFSET LIMIT cannot be used together.");
    }
    if (!query.group_by.empty() && !query.order_by.empty()) {
      return InvalidArgument("'ORDER BY' is not supported in presence of GROUP BY.");
    }
    if (query.has_aggregates && !query.order_by.empty()) {
      return InvalidArgument("'ORDER BY' is not supported in presence of aggregate functions.");
    }
    for (size_t i = 0; i < query.select.size(); ++i) {
      for (size_t j = 0; j < i && !query.select_value; ++j) {
        if (query.select[i].alias == query.select[j].alias) {
          return InvalidArgument("The property name '" + query.select[i].alias +
                                 "' is selected more than once; give an alias with AS.");
        }
      }
    }
    return Status::Ok();
  }

  // ---- expressions

  Result<ExpressionPtr> ParseWithoutAggregates() {
    const bool outer = std::exchange(saw_aggregate_, false);
    ASSIGN_OR_RETURN(ExpressionPtr expression, ParseExpression());
    if (saw_aggregate_) {
      return InvalidArgument("An aggregate function is only allowed in the SELECT clause.");
    }
    saw_aggregate_ = outer;
    return expression;
  }

  Result<ExpressionPtr> ParseExpression() {
    if (++depth_ > kQueryNestingMax) return InvalidArgument("The query is nested too deeply.");
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
    --depth_;
    return expression;
  }

  static ExpressionPtr Binary(Operator op, ExpressionPtr left, ExpressionPtr right) {
    auto binary = std::make_unique<Expression>(ExpressionKind::kBinary);
    binary->op = op;
    binary->children.push_back(std::move(left));
    binary->children.push_back(std::move(right));
    return binary;
  }

  static Status TooLong() { return InvalidArgument("The expression is too long."); }

  Operator OperatorAt(int level) const {
    if (level == 1) return IsWord("OR") ? Operator::kOr : Operator::kNone;
    if (level == 2) return IsWord("AND") ? Operator::kAnd : Operator::kNone;
    if (Peek().kind != TokenKind::kSymbol) return Operator::kNone;
    for (const BinaryLevel& candidate : kBinary) {
      if (candidate.level == level && candidate.symbol == Peek().text) return candidate.op;
    }
    return Operator::kNone;
  }

  Result<ExpressionPtr> ParseLevel(int level) {
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
      ++at_;
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

  Result<ExpressionPtr> ParseNot() {
    if (!IsWord("NOT")) return ParseLevel(4);
    if (++depth_ > kQueryNestingMax) return InvalidArgument("The query is nested too deeply.");
    ++at_;
    ASSIGN_OR_RETURN(ExpressionPtr operand, ParseNot());
    --depth_;
    return Unary(Operator::kNot, std::move(operand));
  }

  static ExpressionPtr Unary(Operator op, ExpressionPtr operand) {
    auto unary = std::make_unique<Expression>(ExpressionKind::kUnary);
    unary->op = op;
    unary->children.push_back(std::move(operand));
    return unary;
  }

  bool IsRangeWord() const {
    const size_t ahead = IsWord("NOT") ? 1 : 0;
    return IsWord("IN", ahead) || IsWord("BETWEEN", ahead) || IsWord("LIKE", ahead);
  }

  Result<ExpressionPtr> ParseRange(ExpressionPtr operand) {
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
  Status ParseList(std::string_view close, Expression* parent) {
    if (TakeSymbol(close)) return Status::Ok();
    do {
      ASSIGN_OR_RETURN(ExpressionPtr item, ParseExpression());
      parent->children.push_back(std::move(item));
    } while (TakeSymbol(","));
    return Expect(close);
  }

  Result<ExpressionPtr> ParseUnary() {
    Operator op = Operator::kNone;
    if (IsSymbol("-")) op = Operator::kMinus;
    if (IsSymbol("+")) op = Operator::kPlus;
    if (IsSymbol("~")) op = Operator::kBitNot;
    if (op == Operator::kNone) return ParsePath();
    if (++depth_ > kQueryNestingMax) return InvalidArgument("The query is nested too deeply.");
    ++at_;
    ASSIGN_OR_RETURN(ExpressionPtr operand, ParseUnary());
    --depth_;
    return Unary(op, std::move(operand));
  }

  Result<ExpressionPtr> ParsePath() {
    ASSIGN_OR_RETURN(ExpressionPtr base, ParsePrimary());
    int steps = 0;
    while (IsSymbol(".") || IsSymbol("[")) {
      if (++steps > kShortPath && ++chained_ > kChainedMax) return TooLong();
      ASSIGN_OR_RETURN(base, ParseStep(std::move(base)));
    }
    return base;
  }

  Result<ExpressionPtr> ParseStep(ExpressionPtr base) {
    if (TakeSymbol(".")) {
      if (Peek().kind != TokenKind::kIdentifier) return Unexpected();
      auto property = std::make_unique<Expression>(ExpressionKind::kProperty);
      property->name = tokens_[at_++].text;
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

  ExpressionPtr Literal(Value value) {
    auto literal = std::make_unique<Expression>(ExpressionKind::kLiteral);
    literal->value = std::move(value);
    return literal;
  }

  Result<ExpressionPtr> ParsePrimary() {
    const Token& token = Peek();
    switch (token.kind) {
      case TokenKind::kNumber:
        ++at_;
        return Literal(token.number);
      case TokenKind::kString:
        ++at_;
        return Literal(token.text);
      case TokenKind::kParameter: {
        ASSIGN_OR_RETURN(Value value, ParameterValue());
        ++at_;
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

  Result<ExpressionPtr> ParseBracket() {
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

  Result<ExpressionPtr> ParseObject() {
    auto object = std::make_unique<Expression>(ExpressionKind::kObject);
    if (TakeSymbol("}")) return object;
    do {
      if (Peek().kind != TokenKind::kString && Peek().kind != TokenKind::kIdentifier) {
        return Unexpected();
      }
      object->names.push_back(tokens_[at_++].text);
      RETURN_IF_ERROR(Expect(":"));
      ASSIGN_OR_RETURN(ExpressionPtr value, ParseExpression());
      object->children.push_back(std::move(value));
    } while (TakeSymbol(","));
    RETURN_IF_ERROR(Expect("}"));
    return object;
  }

  // The opening parenthesis is taken.
  Result<ExpressionPtr> ParseSubquery(ExpressionKind kind) {
    auto expression = std::make_unique<Expression>(kind);
    ASSIGN_OR_RETURN(expression->query, ParseSelect());
    RETURN_IF_ERROR(Expect(")"));
    return expression;
  }

  Result<ExpressionPtr> ParseWord() {
    if (TakeWord("NULL")) return Literal(Value::Null{});
    if (TakeWord("TRUE")) return Literal(true);
    if (TakeWord("FALSE")) return Literal(false);
    if (TakeWord("UNDEFINED")) return Literal(Value());
    if (IsWord("EXISTS") || IsWord("ARRAY")) {
      const bool exists = IsWord("EXISTS");
      ++at_;
      RETURN_IF_ERROR(Expect("("));
      return ParseSubquery(exists ? ExpressionKind::kExists : ExpressionKind::kArrayQuery);
    }
    if (IsWord("UDF")) return InvalidArgument("User-defined functions are not supported.");
    if (IsReserved() && !(IsSymbol("(", 1) && FindFunction(Peek().text) != nullptr)) {
      return Unexpected();
    }
    if (IsSymbol("(", 1)) return ParseCall();
    auto identifier = std::make_unique<Expression>(ExpressionKind::kIdentifier);
    identifier->name = tokens_[at_++].text;
    return identifier;
  }

  Result<ExpressionPtr> ParseCall() {
    const std::string name = tokens_[at_].text;
    at_ += 2;
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

  Result<ExpressionPtr> ParseAggregate(Aggregate aggregate) {
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

  // A chain of operators or a path is a tree as deep as it is long; all of them together are
  // bounded. AND and OR, which programs chain by the thousand, have one node for a whole chain.
  static constexpr int kChainedMax = 1000;
  static constexpr int kShortPath = 10;

  const std::vector<Token> tokens_;
  const Parameters& parameters_;
  const OrderedAggregates ordered_aggregates_;
  size_t at_ = 0;
  int depth_ = 0;
  int chained_ = 0;
  bool saw_aggregate_ = false;
};

}  // namespace

Result<std::unique_ptr<Query>> ParseQuery(std::string_view text, const Parameters& parameters,
                                          OrderedAggregates ordered_aggregates) {
  if (text.size() > kQueryBytesMax) return InvalidArgument("The query text is too long.");
  ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(text));
  ASSIGN_OR_RETURN(std::unique_ptr<Query> query,
                   Parser(std::move(tokens), parameters, ordered_aggregates).Parse());
  RETURN_IF_ERROR(BindQuery(query.get()));
  return query;
}

}  // namespace spillway::emulator::sql
