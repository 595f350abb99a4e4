#include "sources/delta/delta_predicate.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

using Kind = Expression::Kind;

const LeafTypes kTypes = {
    {{"a"}, "long"},          {{"b"}, "byte"},       {{"s"}, "string"},
    {{"d"}, "decimal(5,2)"},  {{"f"}, "double"},     {{"day"}, "date"},
    {{"t"}, "timestamp_ntz"}, {{"flag"}, "boolean"}, {{"nested", "x"}, "integer"}};

Expression Of(Kind kind, std::vector<Expression> operands) {
  Expression expression;
  expression.kind = kind;
  expression.operands = std::move(operands);
  return expression;
}
Expression Column(std::vector<std::string> path) {
  Expression expression = Of(Kind::kColumn, {});
  expression.column = std::move(path);
  return expression;
}
Expression Value(Literal literal) {
  Expression expression = Of(Kind::kLiteral, {});
  expression.literal = std::move(literal);
  return expression;
}
Expression Number(const std::string& text) {
  return Value(NumberLiteral{text});
}
std::string Predicate(const Expression& filter) {
  return SkippingPredicate(filter, kTypes);
}
std::string Compare(const std::string& column, const Expression& value) {
  return Predicate(Of(Kind::kEqual, {Column({column}), value}));
}
std::string Eq(const std::string& column, const std::string& type, const std::string& value) {
  return R"({"op":"eq","column":[")" + column + R"("],"type":")" + type + R"(","value":")" + value +
         R"("})";
}

const Expression kUnusable = Of(Kind::kEqual, {Column({"f"}), Number("1")});
const Expression kUsable = Of(Kind::kLess, {Column({"a"}), Number("5")});
const std::string kUsableText = R"({"op":"lt","column":["a"],"type":"long","value":"5"})";

TEST(DeltaPredicate, LiteralsTakeTheTypeOfTheColumn) {
  EXPECT_EQ(Compare("a", Number("-7")), Eq("a", "long", "-7"));
  EXPECT_EQ(Compare("b", Number("127")), Eq("b", "byte", "127"));
  EXPECT_EQ(Compare("s", Value(std::string("x\"y\\\n"))), Eq("s", "string", R"(x\"y\\\u000a)"));
  EXPECT_EQ(Compare("d", Number("1.5")), Eq("d", "decimal(5,2)", "1.50"));
  EXPECT_EQ(Compare("d", Number("-12")), Eq("d", "decimal(5,2)", "-12.00"));
  EXPECT_EQ(Compare("day", Value(DateLiteral{19000})), Eq("day", "date", "19000"));
  EXPECT_EQ(Compare("t", Value(TimestampLiteral{-1})), Eq("t", "timestamp_ntz", "-1"));
  EXPECT_EQ(Compare("flag", Value(false)), Eq("flag", "boolean", "false"));
}

TEST(DeltaPredicate, LiteralsThatTheColumnCannotHoldAreNotUsed) {
  EXPECT_EQ(Compare("a", Number("1.5")), "");
  EXPECT_EQ(Compare("a", Number("9223372036854775808")), "");
  EXPECT_EQ(Compare("b", Number("128")), "");
  EXPECT_EQ(Compare("d", Number("1.505")), "");
  EXPECT_EQ(Compare("d", Number("1000")), "");
  EXPECT_EQ(Compare("d", Number("1e2")), "");
  EXPECT_EQ(Compare("s", Number("1")), "");
  EXPECT_EQ(Compare("a", Value(std::string("1"))), "");
  EXPECT_EQ(Compare("day", Value(TimestampLiteral{0})), "");
  EXPECT_EQ(Compare("missing", Number("1")), "");
}

// Statistics leave NaN out, which is greater than every number.
TEST(DeltaPredicate, FloatingPointIsNotUsed) {
  EXPECT_EQ(Predicate(kUnusable), "");
}

TEST(DeltaPredicate, NestedColumnsAreNamedByTheirPath) {
  EXPECT_EQ(Predicate(Of(Kind::kGreater, {Column({"nested", "x"}), Number("1")})),
            R"({"op":"gt","column":["nested","x"],"type":"integer","value":"1"})");
}

TEST(DeltaPredicate, ALiteralOnTheLeftIsMirrored) {
  EXPECT_EQ(Predicate(Of(Kind::kGreater, {Number("5"), Column({"a"})})), kUsableText);
}

TEST(DeltaPredicate, AnAndLeavesOutWhatCannotBeUsed) {
  EXPECT_EQ(Predicate(Of(Kind::kAnd, {kUnusable, kUsable})),
            R"({"op":"and","operands":[)" + kUsableText + "]}");
  EXPECT_EQ(Predicate(Of(Kind::kAnd, {kUnusable, kUnusable})), "");
}

TEST(DeltaPredicate, AnOrNeedsAllItsParts) {
  EXPECT_EQ(Predicate(Of(Kind::kOr, {kUnusable, kUsable})), "");
  EXPECT_EQ(Predicate(Of(Kind::kOr, {kUsable, kUsable})),
            R"({"op":"or","operands":[)" + kUsableText + "," + kUsableText + "]}");
}

// NOT (u AND a < 5) is NOT u OR a >= 5: dropping u would rule out rows that match.
TEST(DeltaPredicate, ANegatedAndNeedsAllItsParts) {
  EXPECT_EQ(Predicate(Of(Kind::kNot, {Of(Kind::kAnd, {kUnusable, kUsable})})), "");
  EXPECT_EQ(Predicate(Of(Kind::kNot, {Of(Kind::kOr, {kUnusable, kUsable})})),
            R"({"op":"and","operands":[{"op":"ge","column":["a"],"type":"long","value":"5"}]})");
}

TEST(DeltaPredicate, NegationsReachTheLeaves) {
  const Expression is_null = Of(Kind::kIsNull, {Column({"a"})});
  EXPECT_EQ(Predicate(is_null), R"({"op":"is_null","column":["a"]})");
  EXPECT_EQ(Predicate(Of(Kind::kNot, {is_null})), R"({"op":"is_not_null","column":["a"]})");
  EXPECT_EQ(Predicate(Of(Kind::kNot, {Of(Kind::kNot, {kUsable})})), kUsableText);
  EXPECT_EQ(Predicate(Of(Kind::kNot, {Column({"flag"})})), Eq("flag", "boolean", "false"));
  EXPECT_EQ(Predicate(Column({"flag"})), Eq("flag", "boolean", "true"));
}

TEST(DeltaPredicate, ComparisonsOfColumnsAndBareLiteralsAreNotUsed) {
  EXPECT_EQ(Predicate(Of(Kind::kEqual, {Column({"a"}), Column({"b"})})), "");
  EXPECT_EQ(Predicate(Value(false)), "");
}

}  // namespace
}  // namespace spillway
