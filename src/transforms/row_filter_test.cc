#include "transforms/row_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "columns/array_builder.h"
#include "transforms/exact_decimal.h"

namespace spillway {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const std::vector<NamedColumn>& Table() {
  static const std::vector<NamedColumn> columns{
      {"i", Int64s({1, 2, std::nullopt, (int64_t{1} << 53) + 1})},
      {"u", UInt64s({UINT64_MAX, 0, 1, std::nullopt})},
      {"b", Int8s({-1, 0, 1, 2})},
      {"d", Doubles({0.1, std::nan(""), std::nullopt, -5})},
      {"f", Floats({0.5f, 1.0f, 2.0f, 0.1f})},
      {"m", Decimals(38, 2, {1295, -100, std::nullopt, static_cast<__int128>(1) << 100})},
      {"n", Decimals(5, -2, {12, 0, 1, std::nullopt})},
      {"s", Strings({"apple", "Banana", std::nullopt, "é"})},
      {"t", Bools({true, false, std::nullopt, true})},
      {"day", Dates({0, 19753, std::nullopt, -1})},
      {"at", Timestamps(TimeUnit::kMicro, "UTC", {0, 1'000'000, std::nullopt, -1})},
      {"ns", Timestamps(TimeUnit::kNano, "", {0, 1, 1'000, std::nullopt})},
      {"o", Structs({{"x", Int32s({1, 2, 3, std::nullopt})}}, {true, false, true, true})},
      {"l", Lists(Int64s({}), {0, 0, 0, 0})},
      {"bin", Binaries({"a", "b", "c", "d"})}};
  return columns;
}

// "1010": the rows that stay.
std::string Selected(const std::string& text) {
  const Batch batch = BuildBatch(Table());
  const auto filter = RowFilter::Make(text, batch.schema->get());
  if (!filter.ok()) return std::string(filter.status().message());
  const auto rows = filter->Evaluate(batch);
  if (!rows.ok()) return rows.status().ToString();
  std::string out;
  for (const uint8_t row : *rows) out += row != 0 ? '1' : '0';
  return out;
}

struct FilterCase {
  const char* text;
  const char* rows;
};

TEST(RowFilter, SelectsExactly) {
  for (const FilterCase& c : {
           FilterCase{"i = 1", "1000"},
           {"i != 1", "0101"},
           {"i < 2", "1000"},
           {"i <= 2", "1100"},
           {"i > 1", "0101"},
           {"i >= 1", "1101"},
           {"2 > i", "1000"},
           {"i <> 2.0", "1001"},
           {"i > 1.5", "0101"},
           {"i = 9007199254740993", "0001"},
           {"i = 9007199254740992", "0000"},
           {"i > 9007199254740992", "0001"},
           {"u = 18446744073709551615", "1000"},
           {"u > 18446744073709551614.5", "1000"},
           {"u > i", "1000"},
           {"b = -1", "1000"},
           {"b > 99999999999999999999999999999999999999", "0000"},
           {"b < i", "1101"},
           {"i < 1e300", "1101"},
           {"i > -1e300", "1101"},
           {"d = 0.1", "1000"},
           {"d > 1", "0100"},
           {"d = d", "1101"},
           {"d < 0", "0001"},
           {"f = 0.5", "1000"},
           {"f = 0.1", "0000"},
           {"f > d", "1001"},
           {"d < i", "1001"},
           {"m = 12.95", "1000"},
           {"m = 12.950", "1000"},
           {"m < 0", "0100"},
           {"m > 12.949999999999999999999", "1001"},
           {"m = 12676506002282294014967032053.76", "0001"},
           {"m > i", "1001"},
           {"n = 1200", "1000"},
           {"n >= 100", "1010"},
           {"n < 1.2e3", "0110"},
           {"s = 'apple'", "1000"},
           {"s < 'a'", "0100"},
           {"s >= 'é'", "0001"},
           {"s IN ('x','é')", "0001"},
           {"s NOT IN ('apple')", "0101"},
           {"s BETWEEN 'a' AND 'b'", "1000"},
           {"s = s", "1101"},
           {"t", "1001"},
           {"NOT t", "0100"},
           {"t = FALSE", "0100"},
           {"t > FALSE", "1001"},
           {"t = TRUE", "1001"},
           {"TRUE", "1111"},
           {"FALSE OR i = 1", "1000"},
           {"day = DATE '2024-01-31'", "0100"},
           {"day < DATE '1970-01-01'", "0001"},
           {"at >= TIMESTAMP '1970-01-01'", "1100"},
           {"at < TIMESTAMP '1970-01-01 00:00:00Z'", "0001"},
           {"at = TIMESTAMP '1970-01-01 02:00:01+02:00'", "0100"},
           {"ns > TIMESTAMP '1970-01-01'", "0110"},
           {"ns = TIMESTAMP '1970-01-01 00:00:00.000001'", "0010"},
           {"ns = at", "1000"},
           {"o.x = 1", "1000"},
           {"o.x >= 1", "1010"},
           {"o.x IS NULL", "0101"},
           {"o IS NULL", "0100"},
           {"l IS NOT NULL", "1111"},
           {"bin IS NULL", "0000"},
           {"i IS NULL", "0010"},
           {"i IS NOT NULL", "1101"},
           {"\"i\" = 1", "1000"},
       }) {
    EXPECT_EQ(Selected(c.text), c.rows) << c.text;
  }
}

TEST(RowFilter, UnknownIsNeitherTrueNorFalse) {
  for (const FilterCase& c : {
           FilterCase{"i = 1 OR s = 'é'", "1001"},
           {"NOT (i = 1)", "0101"},
           {"i > 0 AND t", "1001"},
           {"i > 0 OR TRUE", "1111"},
           {"i > 0 AND FALSE", "0000"},
           {"NOT (i > 0 AND FALSE)", "1111"},
           {"NOT (i > 0 OR TRUE)", "0000"},
           {"NOT (i IN (1, 2))", "0001"},
           {"i NOT BETWEEN 2 AND 3", "1001"},
           {"NOT (i = 5 AND s = 'nothing')", "1101"},
       }) {
    EXPECT_EQ(Selected(c.text), c.rows) << c.text;
  }
}

TEST(RowFilter, TypesThatDoNotCompareAreNamedBoth) {
  EXPECT_THAT(Selected("s > 5"),
              AllOf(HasSubstr("column \"s\" (string)"), HasSubstr("the number 5")));
  EXPECT_THAT(Selected("i = 'x'"),
              AllOf(HasSubstr("column \"i\" (long)"), HasSubstr("the string 'x'")));
  EXPECT_THAT(Selected("day = '2024-01-31'"), HasSubstr("write DATE '2024-01-31'"));
  EXPECT_THAT(Selected("'2024-01-31' < at"), HasSubstr("write TIMESTAMP"));
  EXPECT_THAT(Selected("day = at"), HasSubstr("does not compare"));
  EXPECT_THAT(Selected("t = 1"), HasSubstr("does not compare"));
  EXPECT_THAT(Selected("l = 1"), HasSubstr("column \"l\" (list<long>) cannot be compared"));
  EXPECT_THAT(Selected("bin = 'a'"), HasSubstr("cannot be compared"));
  EXPECT_THAT(Selected("i"), HasSubstr("column \"i\" (long) is not a condition"));
  EXPECT_THAT(Selected("'x'"), HasSubstr("is not a condition"));
  EXPECT_THAT(Selected("i = 1e999"), HasSubstr("the number 1e999 is too large"));
}

TEST(RowFilter, UnknownColumnsAreNamedAllAtOnce) {
  EXPECT_THAT(
      Selected("dayy = 1 AND o.y = 1 AND s.x = 1 AND zzzzzz IS NULL"),
      AllOf(HasSubstr("no column \"dayy\"; did you mean \"day\"?"),
            HasSubstr("no field \"y\" in column \"o\""),
            HasSubstr("no field \"x\" in column \"s\""), HasSubstr("no column \"zzzzzz\"")));
}

TEST(RowFilter, SlicedBatchesFilterTheirOwnRows) {
  const Batch batch = SliceBatch(Table(), 1, 2);
  const auto filter = RowFilter::Make("i = 2 OR o.x = 3", batch.schema->get());
  ASSERT_TRUE(filter.ok());
  EXPECT_EQ(*filter->Evaluate(batch), (std::vector<uint8_t>{1, 1}));
}

TEST(RowFilter, ABatchOfAnotherLayoutIsDataLoss) {
  const Batch schema = BuildBatch({{"s", Strings({"a"})}});
  const auto filter = RowFilter::Make("s = 'a'", schema.schema->get());
  for (const BuiltColumn& column : {Int64s({1}), LargeStrings({"a"})}) {
    EXPECT_EQ(filter->Evaluate(BuildBatch({{"s", column}})).status().code(), StatusCode::kDataLoss);
  }
}

TEST(ExactDecimal, ComparesAcrossScalesWithoutOverflow) {
  const __int128 big = static_cast<__int128>(1) << 120;
  EXPECT_TRUE(Compare({big, 0}, {big, 38}) > 0);
  EXPECT_TRUE(Compare({-big, 0}, {big, 38}) < 0);
  EXPECT_TRUE(Compare({10, 1}, {1, 0}) == 0);
  EXPECT_TRUE(Compare({-15, 1}, {-149, 2}) < 0);
  EXPECT_TRUE(Compare({1, 38}, {0, 0}) > 0);
  EXPECT_TRUE(Compare({5, 1}, {50000000000000001, 17}) < 0);
}

TEST(ExactDecimal, ReadsNumbersOfUpTo38Digits) {
  const auto is = [](const char* text, __int128 unscaled, int scale) {
    const auto value = ParseExactDecimal(text);
    return value && value->unscaled == unscaled && value->scale == scale;
  };
  EXPECT_TRUE(is("12.50", 125, 1));
  EXPECT_TRUE(is("-0.5", -5, 1));
  EXPECT_TRUE(is("1e3", 1000, 0));
  EXPECT_TRUE(is("1.5e-2", 15, 3));
  EXPECT_TRUE(is("000", 0, 0));
  EXPECT_TRUE(is("0e70", 0, 0));
  EXPECT_TRUE(is(".5", 5, 1));
  EXPECT_TRUE(is("5.", 5, 0));
  for (const char* text :
       {"", "-", "1e", "1e99", "123456789012345678901234567890123456789", "1e-39", "x"}) {
    EXPECT_FALSE(ParseExactDecimal(text)) << text;
  }
}

}  // namespace
}  // namespace spillway
