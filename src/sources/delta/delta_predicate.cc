#include "sources/delta/delta_predicate.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>

namespace spillway {
namespace {

using Kind = Expression::Kind;
using Json = std::optional<std::string>;  // absent: cannot be used for skipping

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string ColumnJson(const std::vector<std::string>& path) {
  std::string out = "[";
  for (const std::string& name : path) {
    if (out.size() > 1) out += ',';
    out += Quoted(name);
  }
  return out + ']';
}

std::optional<std::string> IntegerText(std::string_view text, int64_t lowest, int64_t highest) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value < lowest || value > highest) return std::nullopt;
  return std::string(text);
}

bool AllDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "decimal(12,2)" and "-1.5" to "-1.50"; nothing when the type cannot hold the number.
std::optional<std::string> DecimalText(std::string_view type, std::string_view text) {
  unsigned precision = 0;
  unsigned scale = 0;
  const size_t comma = type.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  std::from_chars(type.data() + std::string_view("decimal(").size(), type.data() + comma,
                  precision);
  std::from_chars(type.data() + comma + 1, type.data() + type.size(), scale);
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction =
      point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  if (whole.empty() || !AllDigits(whole) || !AllDigits(fraction)) return std::nullopt;
  if (fraction.size() > scale || whole.size() + scale > precision) return std::nullopt;
  return fmt::format("{}{}{}{}{:0>{}}", negative ? "-" : "", whole, scale > 0 ? "." : "", fraction,
                     "", scale - fraction.size());
}

std::optional<std::string> NumberText(std::string_view type, std::string_view text) {
  const auto range = [&](auto of) {
    return IntegerText(text, std::numeric_limits<decltype(of)>::min(),
                       std::numeric_limits<decltype(of)>::max());
  };
  if (type == "byte") return range(int8_t{});
  if (type == "short") return range(int16_t{});
  if (type == "integer") return range(int32_t{});
  if (type == "long") return range(int64_t{});
  if (type.starts_with("decimal(")) return DecimalText(type, text);
  return std::nullopt;
}

// The literal in the bridge's text, when the column's type holds exactly it.
std::optional<std::string> LiteralText(std::string_view type, const Literal& literal) {
  if (const auto* value = std::get_if<bool>(&literal)) {
    if (type != "boolean") return std::nullopt;
    return *value ? "true" : "false";
  }
  if (const auto* value = std::get_if<NumberLiteral>(&literal)) {
    return NumberText(type, value->text);
  }
  if (const auto* value = std::get_if<std::string>(&literal)) {
    if (type != "string") return std::nullopt;
    return *value;
  }
  if (const auto* value = std::get_if<DateLiteral>(&literal)) {
    if (type != "date") return std::nullopt;
    return std::to_string(value->days);
  }
  if (type != "timestamp" && type != "timestamp_ntz") return std::nullopt;
  return std::to_string(std::get<TimestampLiteral>(literal).micros);
}

Kind Negated(Kind kind) {
  switch (kind) {
    case Kind::kEqual:
      return Kind::kNotEqual;
    case Kind::kNotEqual:
      return Kind::kEqual;
    case Kind::kLess:
      return Kind::kGreaterOrEqual;
    case Kind::kLessOrEqual:
      return Kind::kGreater;
    case Kind::kGreater:
      return Kind::kLessOrEqual;
    case Kind::kGreaterOrEqual:
      return Kind::kLess;
    default:
      return kind;
  }
}

Kind Mirrored(Kind kind) {
  switch (kind) {
    case Kind::kLess:
      return Kind::kGreater;
    case Kind::kLessOrEqual:
      return Kind::kGreaterOrEqual;
    case Kind::kGreater:
      return Kind::kLess;
    case Kind::kGreaterOrEqual:
      return Kind::kLessOrEqual;
    default:
      return kind;
  }
}

const char* OperatorName(Kind kind) {
  switch (kind) {
    case Kind::kEqual:
      return "eq";
    case Kind::kNotEqual:
      return "ne";
    case Kind::kLess:
      return "lt";
    case Kind::kLessOrEqual:
      return "le";
    case Kind::kGreater:
      return "gt";
    default:
      return "ge";
  }
}

class Translator {
 public:
  explicit Translator(const LeafTypes& types) : types_(types) {}

  // Of `expression`, or of its negation. Negations go down to the leaves, since leaving out a part
  // of an AND is safe only where it is not negated.
  Json Translate(const Expression& expression, bool negated) const {
    switch (expression.kind) {
      case Kind::kAnd:
      case Kind::kOr:
        return Junction(expression, negated);
      case Kind::kNot:
        return Translate(expression.operands[0], !negated);
      case Kind::kIsNull:
        return IsNull(expression.operands[0], negated);
      case Kind::kLiteral:
        return std::nullopt;
      case Kind::kColumn:
        return Compare(Kind::kEqual, expression.column, Literal(!negated));
      default:
        return Comparison(expression, negated);
    }
  }

 private:
  Json Junction(const Expression& expression, bool negated) const {
    const bool is_and = (expression.kind == Kind::kAnd) != negated;
    std::string operands;
    for (const Expression& operand : expression.operands) {
      const Json translated = Translate(operand, negated);
      if (!translated.has_value() && !is_and) return std::nullopt;
      if (!translated.has_value()) continue;
      if (!operands.empty()) operands += ',';
      operands += *translated;
    }
    if (operands.empty()) return std::nullopt;
    return fmt::format(R"({{"op":"{}","operands":[{}]}})", is_and ? "and" : "or", operands);
  }

  Json IsNull(const Expression& operand, bool negated) const {
    if (operand.kind != Kind::kColumn || !types_.contains(operand.column)) return std::nullopt;
    return fmt::format(R"({{"op":"{}","column":{}}})", negated ? "is_not_null" : "is_null",
                       ColumnJson(operand.column));
  }

  Json Comparison(const Expression& expression, bool negated) const {
    const Expression& left = expression.operands[0];
    const Expression& right = expression.operands[1];
    const Kind kind = negated ? Negated(expression.kind) : expression.kind;
    if (left.kind == Kind::kColumn && right.kind == Kind::kLiteral) {
      return Compare(kind, left.column, right.literal);
    }
    if (left.kind == Kind::kLiteral && right.kind == Kind::kColumn) {
      return Compare(Mirrored(kind), right.column, left.literal);
    }
    return std::nullopt;
  }

  Json Compare(Kind kind, const std::vector<std::string>& column, const Literal& literal) const {
    const auto found = types_.find(column);
    if (found == types_.end()) return std::nullopt;
    const std::optional<std::string> text = LiteralText(found->second, literal);
    if (!text.has_value()) return std::nullopt;
    return fmt::format(R"({{"op":"{}","column":{},"type":{},"value":{}}})", OperatorName(kind),
                       ColumnJson(column), Quoted(found->second), Quoted(*text));
  }

  const LeafTypes& types_;
};

}  // namespace

std::string SkippingPredicate(const Expression& filter, const LeafTypes& types) {
  return Translator(types).Translate(filter, false).value_or("");
}

}  // namespace spillway
