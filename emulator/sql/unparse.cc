#include "emulator/sql/unparse.h"

#include <algorithm>
#include <cctype>

#include "emulator/sql/functions.h"

namespace spillway::emulator::sql {
namespace {

std::string_view SymbolOf(Operator op) {
  switch (op) {
    case Operator::kNone:
      return "";
    case Operator::kOr:
      return "OR";
    case Operator::kAnd:
      return "AND";
    case Operator::kNot:
      return "NOT ";
    case Operator::kCoalesce:
      return "??";
    case Operator::kEqual:
      return "=";
    case Operator::kNotEqual:
      return "!=";
    case Operator::kLess:
      return "<";
    case Operator::kLessOrEqual:
      return "<=";
    case Operator::kGreater:
      return ">";
    case Operator::kGreaterOrEqual:
      return ">=";
    case Operator::kConcat:
      return "||";
    case Operator::kAdd:
    case Operator::kPlus:
      return "+";
    case Operator::kSubtract:
    case Operator::kMinus:
      return "-";
    case Operator::kMultiply:
      return "*";
    case Operator::kDivide:
      return "/";
    case Operator::kModulo:
      return "%";
    case Operator::kBitOr:
      return "|";
    case Operator::kBitAnd:
      return "&";
    case Operator::kBitXor:
      return "^";
    case Operator::kBitNot:
      return "~";
    case Operator::kShiftLeft:
      return "<<";
    case Operator::kShiftRight:
      return ">>";
    case Operator::kShiftRightZero:
      return ">>>";
  }
  return "";
}

std::string_view NameOf(Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::kCount:
      return "COUNT";
    case Aggregate::kSum:
      return "SUM";
    case Aggregate::kMin:
      return "MIN";
    case Aggregate::kMax:
      return "MAX";
    case Aggregate::kAvg:
      return "AVG";
    case Aggregate::kCountIf:
      return "COUNTIF";
    case Aggregate::kMakeList:
      return "MAKELIST";
    case Aggregate::kMakeSet:
      return "MAKESET";
  }
  return "";
}

bool IsPlainName(std::string_view name) {
  return !name.empty() && !std::isdigit(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
         });
}

std::string Quoted(std::string_view text) {
  std::string quoted;
  AppendJsonString(text, &quoted);
  return quoted;
}

std::string List(const std::vector<ExpressionPtr>& items, size_t from, std::string_view separator) {
  std::string text;
  for (size_t i = from; i < items.size(); ++i) {
    if (i > from) text += separator;
    text += Unparse(*items[i]);
  }
  return text;
}

std::string UnparseLiteral(const Expression& expression) {
  if (!expression.name.empty()) return expression.name;
  if (expression.value.is_undefined()) return "undefined";
  return ToJson(expression.value);
}

std::string UnparseObject(const Expression& expression) {
  std::string text = "{";
  for (size_t i = 0; i < expression.children.size(); ++i) {
    if (i > 0) text += ", ";
    text += Quoted(expression.names[i]) + ": " + Unparse(*expression.children[i]);
  }
  return text + "}";
}

std::string UnparseLike(const Expression& expression) {
  std::string text =
      "(" + Unparse(*expression.children[0]) + " LIKE " + Unparse(*expression.children[1]);
  if (expression.children.size() > 2) text += " ESCAPE " + Unparse(*expression.children[2]);
  return text + ")";
}

std::string UnparseItem(const FromItem& item) {
  const std::string source =
      item.query != nullptr ? "(" + Unparse(*item.query) + ")" : Unparse(*item.source);
  if (item.iterate) return item.alias + " IN " + source;
  // Aliases that the parser made up cannot be written.
  const bool named =
      item.query == nullptr ? item.source->name == item.alias : item.alias.starts_with('$');
  return named ? source : source + " AS " + item.alias;
}

}  // namespace

std::string Unparse(const Expression& expression) {
  const auto child = [&](size_t index) { return Unparse(*expression.children[index]); };
  // "1.x" would be read as a number.
  const auto base = [&] {
    const bool literal = expression.children[0]->kind == ExpressionKind::kLiteral;
    return literal ? "(" + child(0) + ")" : child(0);
  };
  switch (expression.kind) {
    case ExpressionKind::kLiteral:
      return UnparseLiteral(expression);
    case ExpressionKind::kIdentifier:
      return expression.name;
    case ExpressionKind::kProperty:
      return base() + (IsPlainName(expression.name) ? "." + expression.name
                                                    : "[" + Quoted(expression.name) + "]");
    case ExpressionKind::kIndex:
      return base() + "[" + child(1) + "]";
    case ExpressionKind::kUnary:
      return "(" + std::string(SymbolOf(expression.op)) + child(0) + ")";
    case ExpressionKind::kBinary:
      return "(" + List(expression.children, 0, " " + std::string(SymbolOf(expression.op)) + " ") +
             ")";
    case ExpressionKind::kConditional:
      return "(" + child(0) + " ? " + child(1) + " : " + child(2) + ")";
    case ExpressionKind::kIn:
      return "(" + child(0) + " IN (" + List(expression.children, 1, ", ") + "))";
    case ExpressionKind::kBetween:
      return "(" + child(0) + " BETWEEN " + child(1) + " AND " + child(2) + ")";
    case ExpressionKind::kLike:
      return UnparseLike(expression);
    case ExpressionKind::kCall:
      return std::string(expression.function->name) + "(" + List(expression.children, 0, ", ") +
             ")";
    case ExpressionKind::kAggregate:
      return std::string(NameOf(expression.aggregate)) + "(" + child(0) + ")";
    case ExpressionKind::kArray:
      return "[" + List(expression.children, 0, ", ") + "]";
    case ExpressionKind::kObject:
      return UnparseObject(expression);
    case ExpressionKind::kExists:
      return "EXISTS(" + Unparse(*expression.query) + ")";
    case ExpressionKind::kArrayQuery:
      return "ARRAY(" + Unparse(*expression.query) + ")";
    case ExpressionKind::kScalarQuery:
      return "(" + Unparse(*expression.query) + ")";
  }
  return "";
}

std::string UnparseFrom(const Query& query) {
  std::string text;
  for (size_t i = 0; i < query.from.size(); ++i) {
    text += (i == 0 ? " FROM " : " JOIN ") + UnparseItem(query.from[i]);
  }
  return text;
}

std::string Unparse(const Query& query) {
  std::string text = "SELECT ";
  if (query.distinct) text += "DISTINCT ";
  if (query.top) text += "TOP " + std::to_string(*query.top) + " ";
  if (query.select_all) text += "*";
  if (query.select_value) text += "VALUE ";
  for (size_t i = 0; i < query.select.size(); ++i) {
    if (i > 0) text += ", ";
    text += Unparse(*query.select[i].expression);
    if (query.select[i].alias_given) text += " AS " + query.select[i].alias;
  }
  text += UnparseFrom(query);
  if (query.where != nullptr) text += " WHERE " + Unparse(*query.where);
  if (!query.group_by.empty()) text += " GROUP BY " + List(query.group_by, 0, ", ");
  for (size_t i = 0; i < query.order_by.size(); ++i) {
    text += (i == 0 ? " ORDER BY " : ", ") + Unparse(*query.order_by[i].expression) +
            (query.order_by[i].descending ? " DESC" : " ASC");
  }
  if (query.offset) {
    text += " OFFSET " + std::to_string(*query.offset) + " LIMIT " + std::to_string(*query.limit);
  }
  return text;
}

}  // namespace spillway::emulator::sql
