#include "transforms/value_writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "transforms/encoder_test_support.h"

namespace spillway {
namespace {

constexpr int64_t kTwo53 = int64_t{1} << 53;

ValuePolicy With(TimestampPolicy timestamps) {
  return {.timestamps = timestamps};
}
ValuePolicy With(DecimalPolicy decimals) {
  return {.decimals = decimals};
}
ValuePolicy With(InexactNumberPolicy inexact) {
  return {.inexact_numbers = inexact};
}
ValuePolicy With(NonFinitePolicy non_finite) {
  return {.non_finite = non_finite};
}
ValuePolicy With(NullPolicy nulls) {
  return {.nulls = nulls};
}

struct ValueCase {
  BuiltColumn column;
  const char* text;
  ValuePolicy policy = {};
};

void Expect(const std::vector<ValueCase>& cases) {
  for (size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(ValueText(cases[i].column, cases[i].policy), cases[i].text) << "case " << i;
  }
}

TEST(ValueWriter, WritesIntegersOfEveryWidth) {
  Expect({{Int8s({-128}), "-128"},
          {Int16s({32767}), "32767"},
          {Int32s({-2147483648}), "-2147483648"},
          {Int64s({kTwo53}), "9007199254740992"},
          {Int64s({0}), "0"},
          {UInt8s({255}), "255"},
          {UInt16s({65535}), "65535"},
          {UInt32s({4294967295u}), "4294967295"},
          {UInt64s({uint64_t{1} << 53}), "9007199254740992"},
          {Bools({true}), "true"},
          {Bools({false}), "false"}});
}

TEST(ValueWriter, RefusesIntegersThatADoubleDoesNotHoldUnlessToldOtherwise) {
  Expect({{Int64s({kTwo53 + 1}), "rejected: inexact_number"},
          {Int64s({-kTwo53 - 1}), "rejected: inexact_number"},
          {Int64s({kTwo53 + 2}), "9007199254740994"},
          {Int64s({1'000'000'000'000'000'000}), "1000000000000000000"},
          {Int64s({INT64_MAX}), "rejected: inexact_number"},
          {UInt64s({UINT64_MAX}), "rejected: inexact_number"},
          {UInt64s({10'000'000'000'000'000'000u}), "10000000000000000000"},
          {Int64s({kTwo53 + 1}), "\"9007199254740993\"", With(InexactNumberPolicy::kString)},
          {Int64s({kTwo53}), "9007199254740992", With(InexactNumberPolicy::kString)},
          {Int64s({kTwo53 + 1}), "9007199254740993", With(InexactNumberPolicy::kNumber)},
          {UInt64s({UINT64_MAX}), "\"18446744073709551615\"", With(InexactNumberPolicy::kString)}});
}

TEST(ValueWriter, AStoreThatKeepsNumbersExactlyGetsThemAll) {
  EXPECT_EQ(ValueText(Int64s({INT64_MAX}), {}, {}), "9223372036854775807");
  const __int128 big = static_cast<__int128>(INT64_MAX) * 1'000'000'007;
  EXPECT_EQ(ValueText(Decimals(38, 3, {big}), {}, {}), "9223372101418380064983430.649");
}

TEST(ValueWriter, WritesDoublesWithTheFewestDigitsThatReadBack) {
  Expect({{Doubles({12.95}), "12.95"},
          {Doubles({-0.0}), "0"},
          {Doubles({1e300}), "1e+300"},
          {Doubles({0.1 + 0.2}), "0.30000000000000004"},
          {Doubles({1e15}), "1000000000000000"},
          {Floats({0.1f}), "0.1"},
          {Floats({16777216.0f}), "16777216"}});
}

TEST(ValueWriter, NumbersWithoutAJsonFormFollowTheirPolicy) {
  const double infinity = std::numeric_limits<double>::infinity();
  Expect({{Doubles({std::nan("")}), "rejected: non_finite"},
          {Doubles({infinity}), "rejected: non_finite"},
          {Doubles({std::nan("")}), "null", With(NonFinitePolicy::kNull)},
          {Doubles({std::nan("")}), "\"NaN\"", With(NonFinitePolicy::kString)},
          {Doubles({infinity}), "\"Infinity\"", With(NonFinitePolicy::kString)},
          {Doubles({-infinity}), "\"-Infinity\"", With(NonFinitePolicy::kString)},
          {Floats({-std::numeric_limits<float>::infinity()}), "\"-Infinity\"",
           With(NonFinitePolicy::kString)},
          {Floats({std::nanf("")}), "null", With(NonFinitePolicy::kNull)},
          {Doubles({infinity}),
           "absent",
           {.nulls = NullPolicy::kOmit, .non_finite = NonFinitePolicy::kNull}},
          {Lists(Doubles({1, std::nan("")}), {2}), "[1,null]", With(NonFinitePolicy::kNull)},
          {Lists(Doubles({1, std::nan("")}), {2}), "rejected: non_finite"}});
}

TEST(ValueWriter, WritesDecimalsAsNumbersOrStrings) {
  const __int128 long_one = static_cast<__int128>(1234567890123456789) * 1'000'000'000 + 7;
  Expect({{Decimals(4, 2, {1295}), "12.95"},
          {Decimals(4, 2, {1250}), "12.5"},
          {Decimals(4, 2, {-300}), "-3"},
          {Decimals(4, 2, {0}), "0"},
          {Decimals(38, 18, {static_cast<__int128>(1'000'000'000'000'000'000)}), "1"},
          {Decimals(15, 0, {999'999'999'999'999}), "999999999999999"},
          {Decimals(4, -2, {12}), "1200"},
          {Decimals(38, 9, {long_one}), "rejected: inexact_number"},
          {Decimals(38, 9, {long_one}), "\"1234567890123456789.000000007\"",
           With(InexactNumberPolicy::kString)},
          {Decimals(38, 9, {long_one}), "1234567890123456789.000000007",
           With(InexactNumberPolicy::kNumber)},
          {Decimals(17, 1, {90071992547409930}), "rejected: inexact_number"},
          {Decimals(4, 2, {1250}), "\"12.50\"", With(DecimalPolicy::kString)},
          {Decimals(38, 9, {long_one}), "\"1234567890123456789.000000007\"",
           With(DecimalPolicy::kString)}});
}

TEST(ValueWriter, WritesDatesInIsoFormOrAsEpoch) {
  Expect({{Dates({0}), "\"1970-01-01\""},
          {Dates({19753}), "\"2024-01-31\""},
          {Dates({19782}), "\"2024-02-29\""},
          {Dates({-1}), "\"1969-12-31\""},
          {Dates({-719162}), "\"0001-01-01\""},
          {Dates({-719528}), "\"0000-01-01\""},
          {Dates({2932896}), "\"9999-12-31\""},
          {Dates({2932897}), "rejected: date_out_of_range"},
          {Dates({-719529}), "rejected: date_out_of_range"},
          {Dates({INT32_MIN}), "rejected: date_out_of_range"},
          {Dates({1}), "86400000", With(TimestampPolicy::kEpochMillis)},
          {Dates({-1}), "-86400000000", With(TimestampPolicy::kEpochMicros)},
          {Dates({INT32_MIN}), "rejected: timestamp_out_of_range",
           With(TimestampPolicy::kEpochMicros)}});
}

TEST(ValueWriter, WritesTimestampsWithTheFewestFractionDigits) {
  const auto micros = [](int64_t value) { return Timestamps(TimeUnit::kMicro, "UTC", {value}); };
  Expect({{micros(0), "\"1970-01-01T00:00:00Z\""},
          {micros(1'706'745'599'123'456), "\"2024-01-31T23:59:59.123456Z\""},
          {micros(1'706'745'599'123'000), "\"2024-01-31T23:59:59.123Z\""},
          {micros(1'706'745'599'000'001), "\"2024-01-31T23:59:59.000001Z\""},
          {micros(-1), "\"1969-12-31T23:59:59.999999Z\""},
          {micros(-62'135'596'800'000'000), "\"0001-01-01T00:00:00Z\""},
          {micros(253'402'300'799'999'999), "\"9999-12-31T23:59:59.999999Z\""},
          {micros(253'402'300'800'000'000), "rejected: timestamp_out_of_range"},
          {micros(INT64_MIN), "rejected: timestamp_out_of_range"},
          {Timestamps(TimeUnit::kMicro, "", {1'000}), "\"1970-01-01T00:00:00.001\""},
          {Timestamps(TimeUnit::kSecond, "UTC", {59}), "\"1970-01-01T00:00:59Z\""},
          {Timestamps(TimeUnit::kMilli, "Europe/Oslo", {-1}), "\"1969-12-31T23:59:59.999Z\""},
          {Timestamps(TimeUnit::kNano, "UTC", {1}), "\"1970-01-01T00:00:00.000000001Z\""}});
}

TEST(ValueWriter, WritesTimestampsAsEpochOnRequest) {
  const auto micros = [](int64_t value) { return Timestamps(TimeUnit::kMicro, "UTC", {value}); };
  const ValuePolicy millis = With(TimestampPolicy::kEpochMillis);
  const ValuePolicy micro = With(TimestampPolicy::kEpochMicros);
  Expect({{micros(1'706'745'599'123'456), "1706745599123", millis},
          {micros(1'706'745'599'123'456), "1706745599123456", micro},
          {micros(-1), "-1", millis},
          {micros(-1), "-1", micro},
          {micros(kTwo53 + 1), "rejected: inexact_number", micro},
          {Timestamps(TimeUnit::kSecond, "UTC", {INT64_MAX / 1000}),
           "rejected: timestamp_out_of_range", micro},
          {Timestamps(TimeUnit::kNano, "UTC", {1'500}), "rejected: timestamp_out_of_range", micro},
          {Timestamps(TimeUnit::kNano, "UTC", {1'000}), "1", micro},
          {Timestamps(TimeUnit::kSecond, "", {2}), "2000", millis}});
}

TEST(ValueWriter, WritesIntervalsAsIsoDurations) {
  Expect({{YearMonthIntervals({14}), "\"P1Y2M\""},
          {YearMonthIntervals({-12}), "\"-P1Y\""},
          {YearMonthIntervals({0}), "\"P0M\""},
          {YearMonthIntervals({5}), "\"P5M\""},
          {YearMonthIntervals({INT32_MIN}), "\"-P178956970Y8M\""},
          {DayTimeIntervals({0}), "\"PT0S\""},
          {DayTimeIntervals({93'784'500'000}), "\"P1DT2H3M4.5S\""},
          {DayTimeIntervals({-1}), "\"-PT0.000001S\""},
          {DayTimeIntervals({86'400'000'000}), "\"P1D\""},
          {DayTimeIntervals({3'600'000'000}), "\"PT1H\""},
          {DayTimeIntervals({86'460'000'000}), "\"P1DT1M\""},
          {DayTimeIntervals({INT64_MIN}), "\"-P106751991DT4H54.775808S\""}});
}

TEST(ValueWriter, WritesStringsEscapedAndBinariesInBase64) {
  Expect({{Strings({"a\"b\\c\n\x01é😀"}), "\"a\\\"b\\\\c\\n\\u0001é😀\""},
          {Strings({""}), "\"\""},
          {LargeStrings({"large"}), "\"large\""},
          {Binaries({""}), "\"\""},
          {Binaries({"f"}), "\"Zg==\""},
          {Binaries({"fo"}), "\"Zm8=\""},
          {Binaries({"foo"}), "\"Zm9v\""},
          {Binaries({"foobar"}), "\"Zm9vYmFy\""},
          {LargeBinaries({std::string("\xff\xfe\x00", 3)}), "\"//4A\""},
          {FixedBinaries(2, {"hi"}), "\"aGk=\""}});
}

TEST(ValueWriter, StringsThatAreNotUtf8AreRefusedOneByOne) {
  const auto encoded = EncodeAll(
      {{"id", Strings({"1", "2", "3", "4"})}, {"v", Strings({"ok", "\xff", "é", "\xed\xa0\x80"})}},
      IdOnly());
  ASSERT_EQ(encoded->documents.size(), 2u);
  EXPECT_EQ(encoded->documents[1].body, R"({"id":"3","v":"é"})");
  ASSERT_EQ(encoded->rejected.size(), 2u);
  EXPECT_EQ(encoded->rejected[0].row, 1u);
  EXPECT_EQ(encoded->rejected[0].reason, "invalid_utf8");
  EXPECT_EQ(encoded->rejected[0].key, R"([[],"2"])");
}

TEST(ValueWriter, ACharacterSplitOverTwoRowsIsInvalidInBoth) {
  const auto encoded = EncodeAll(
      {{"id", Strings({"1", "2", "3"})}, {"v", Strings({"a\xc3", "\xa9z", "fine"})}}, IdOnly());
  EXPECT_EQ(encoded->rejected.size(), 2u);
  EXPECT_EQ(encoded->documents.size(), 1u);
}

TEST(ValueWriter, NullsAreKeptOrOmitted) {
  const ValuePolicy omit = With(NullPolicy::kOmit);
  Expect({{Int64s({std::nullopt}), "null"},
          {Int64s({std::nullopt}), "absent", omit},
          {Nulls(1), "null"},
          {Nulls(1), "absent", omit},
          {Lists(Int64s({1, std::nullopt}), {2}), "[1,null]", omit},
          {Lists(Int64s({}), {std::nullopt}), "absent", omit},
          {Structs({{"a", Int64s({std::nullopt})}, {"b", Int64s({1})}}), R"({"a":null,"b":1})"},
          {Structs({{"a", Int64s({std::nullopt})}, {"b", Int64s({1})}}), R"({"b":1})", omit},
          {Structs({{"a", Int64s({std::nullopt})}}), "{}", omit},
          {Structs({{"a", Int64s({1})}}, {false}), "null"},
          {Maps(Strings({"x", "y"}), Int64s({std::nullopt, 1}), {2}), R"({"x":null,"y":1})"},
          {Maps(Strings({"x", "y"}), Int64s({std::nullopt, 1}), {2}), R"({"y":1})", omit}});
}

TEST(ValueWriter, WritesNestedValues) {
  Expect({{Lists(Strings({"a", "b"}), {2}), R"(["a","b"])"},
          {Lists(Strings({}), {0}), "[]"},
          {LargeLists(Int32s({1, 2}), {2}), "[1,2]"},
          {FixedSizeLists(2, Int32s({1, 2}), {true}), "[1,2]"},
          {Lists(Lists(Int32s({1, 2, 3}), {1, 0, 2}), {3}), "[[1],[],[2,3]]"},
          {Lists(Structs({{"p", Int32s({1, 2})}, {"q\"", Strings({"x", "y"})}}), {2}),
           R"([{"p":1,"q\"":"x"},{"p":2,"q\"":"y"}])"},
          {Structs({{"m", Maps(Strings({"k"}), Dates({0}), {1})}}), R"({"m":{"k":"1970-01-01"}})"},
          {Structs({{"s", Structs({{"d", Decimals(3, 1, {15})}})}}), R"({"s":{"d":1.5}})"}});
}

TEST(ValueWriter, MapKeysAreWrittenAsText) {
  Expect({{Maps(Strings({"a\"", "b"}), Int32s({1, 2}), {2}), R"({"a\"":1,"b":2})"},
          {Maps(Int64s({7, kTwo53 + 1}), Int32s({1, 2}), {2}), R"({"7":1,"9007199254740993":2})"},
          {Maps(Dates({0}), Bools({true}), {1}), R"({"1970-01-01":true})"},
          {Maps(Timestamps(TimeUnit::kMicro, "UTC", {0}), Bools({true}), {1}),
           R"({"1970-01-01T00:00:00Z":true})"},
          {Maps(Decimals(4, 2, {1250}), Bools({true}), {1}), R"({"12.5":true})"},
          {Maps(Doubles({0.5}), Bools({true}), {1}), R"({"0.5":true})"},
          {Maps(Bools({false}), Bools({true}), {1}), R"({"false":true})"},
          {Maps(UInt64s({UINT64_MAX}), Bools({true}), {1}), R"({"18446744073709551615":true})"},
          {Maps(Strings({}), Int32s({}), {0}), "{}"}});
}

TEST(ValueWriter, MapsThatJsonCannotHoldAreRefused) {
  Expect({{Maps(Strings({"a", "b", "a"}), Int32s({1, 2, 3}), {3}), "rejected: map_key_duplicate"},
          {Maps(Int32s({1, 1}), Int32s({1, 2}), {2}), "rejected: map_key_duplicate"},
          {Maps(Strings({std::nullopt}), Int32s({1}), {1}), "rejected: map_key_null"},
          {Maps(Doubles({std::nan("")}), Int32s({1}), {1}), "rejected: non_finite"},
          {Maps(Dates({INT32_MAX}), Int32s({1}), {1}), "rejected: date_out_of_range"},
          {Maps(Strings({"\xff"}), Int32s({1}), {1}), "rejected: invalid_utf8"}});
}

TEST(ValueWriter, TheSameKeyInDifferentRowsOrMapsIsNoDuplicate) {
  const auto encoded =
      EncodeAll({{"id", Strings({"1", "2"})},
                 {"v", Maps(Strings({"a", "b", "a"}),
                            Maps(Strings({"a", "a", "b"}), Int32s({1, 2, 3}), {1, 1, 1}), {2, 1})}},
                IdOnly());
  ASSERT_EQ(encoded->documents.size(), 2u);
  EXPECT_EQ(encoded->documents[0].body, R"({"id":"1","v":{"a":{"a":1},"b":{"a":2}}})");
}

TEST(ValueWriter, ARefusedMapDoesNotDisturbTheRowsAfterIt) {
  const auto encoded =
      EncodeAll({{"id", Strings({"1", "2"})},
                 {"v", Maps(Strings({"a", "b", "b"}), Doubles({1, std::nan(""), 2}), {2, 1})}},
                IdOnly());
  ASSERT_EQ(encoded->documents.size(), 1u);
  EXPECT_EQ(encoded->documents[0].body, R"({"id":"2","v":{"b":2}})");
}

}  // namespace
}  // namespace spillway
