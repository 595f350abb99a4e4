#include "json/number_text.h"

#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>
#include <string>

namespace spillway {
namespace {

std::string Double(double value) {
  char text[kNumberBytesMax];
  return {text, WriteDouble(value, text)};
}
std::string Float(float value) {
  char text[kNumberBytesMax];
  return {text, WriteFloat(value, text)};
}
std::string Decimal(__int128 unscaled, int scale, bool trim) {
  char text[kDecimalBytesMax];
  return {text, WriteDecimal(unscaled, scale, trim, text)};
}

struct DoubleCase {
  double value;
  const char* text;
};

// Expected texts: what ECMAScript's Number::toString gives.
TEST(NumberText, DoublesAreWrittenAsEcmaScriptPrintsThem) {
  for (const DoubleCase& c : {DoubleCase{0.0, "0"},
                              {-0.0, "0"},
                              {1.0, "1"},
                              {-1.5, "-1.5"},
                              {12.95, "12.95"},
                              {0.1, "0.1"},
                              {100.0, "100"},
                              {0.0001, "0.0001"},
                              {0.00001, "0.00001"},
                              {1e-6, "0.000001"},
                              {1e-7, "1e-7"},
                              {1.5e-7, "1.5e-7"},
                              {0.1 + 0.2, "0.30000000000000004"},
                              {1e20, "100000000000000000000"},
                              {1e21, "1e+21"},
                              {123456789012345680000.0, "123456789012345680000"},
                              {9007199254740992.0, "9007199254740992"},
                              {1152921504606846976.0, "1152921504606847000"},
                              {1.7976931348623157e308, "1.7976931348623157e+308"},
                              {5e-324, "5e-324"},
                              {-123.4567, "-123.4567"},
                              {-0.05, "-0.05"},
                              {99.99, "99.99"},
                              {1.1, "1.1"},
                              {1.01, "1.01"},
                              {1.001, "1.001"},
                              {1.0001, "1.0001"},
                              {1.00001, "1.00001"}}) {
    EXPECT_EQ(Double(c.value), c.text);
  }
}

TEST(NumberText, EveryDoubleReadsBackAsItself) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 200'000; ++i) {
    const double value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    const std::string text = Double(value);
    double back = 0;
    std::from_chars(text.data(), text.data() + text.size(), back);
    ASSERT_EQ(back, value) << text;
  }
}

TEST(NumberText, DecimalLikeDoublesHaveTheShortestDigits) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 200'000; ++i) {
    const double value =
        static_cast<double>(static_cast<int64_t>(random() % 2'000'000'000) - 1'000'000'000) /
        std::pow(10, static_cast<double>(random() % 6));
    char expected[64];
    const auto end =
        std::to_chars(expected, expected + sizeof(expected), value, std::chars_format::fixed);
    const std::string text(expected, end.ptr);
    ASSERT_EQ(Double(value), text == "-0" ? "0" : text);
  }
}

TEST(NumberText, FloatsAreWrittenWithTheirOwnShortestDigits) {
  EXPECT_EQ(Float(0.1f), "0.1");
  EXPECT_EQ(Float(-0.0f), "0");
  EXPECT_EQ(Float(16777216.0f), "16777216");
  EXPECT_EQ(Float(3.4028235e38f), "3.4028235e+38");
  EXPECT_EQ(Float(1e-45f), "1e-45");
}

TEST(NumberText, IntegersOfEveryLengthAreExact) {
  char text[kNumberBytesMax];
  uint64_t value = 1;
  for (int digits = 1; digits <= 19; ++digits, value *= 10) {
    for (const uint64_t v : {value - 1, value, value + 1}) {
      EXPECT_EQ(std::string(text, WriteUnsigned(v, text)), std::to_string(v));
    }
  }
  const int64_t lowest = std::numeric_limits<int64_t>::min();
  EXPECT_EQ(std::string(text, WriteInteger(lowest, text)), "-9223372036854775808");
  EXPECT_EQ(std::string(text, WriteUnsigned(UINT64_MAX, text)), "18446744073709551615");
}

TEST(NumberText, DecimalsKeepAllDigitsAndNeverAnExponent) {
  const __int128 ten18 = 1'000'000'000'000'000'000;
  const __int128 largest = ten18 * ten18 * 100 - 1;  // 38 nines
  EXPECT_EQ(Decimal(1250, 2, true), "12.5");
  EXPECT_EQ(Decimal(1250, 2, false), "12.50");
  EXPECT_EQ(Decimal(300, 2, true), "3");
  EXPECT_EQ(Decimal(0, 4, true), "0");
  EXPECT_EQ(Decimal(0, 2, false), "0.00");
  EXPECT_EQ(Decimal(-5, 3, true), "-0.005");
  EXPECT_EQ(Decimal(7, 0, true), "7");
  EXPECT_EQ(Decimal(100, 0, true), "100");
  EXPECT_EQ(Decimal(12, -3, true), "12000");
  EXPECT_EQ(Decimal(0, -3, true), "0");
  EXPECT_EQ(Decimal(largest, 0, true), std::string(38, '9'));
  EXPECT_EQ(Decimal(-largest, 38, true), "-0." + std::string(38, '9'));
  EXPECT_EQ(Decimal(ten18 * ten18, 18, true), "1000000000000000000");
  EXPECT_EQ(Decimal(ten18 * 100 + 7, 10, true), "10000000000.0000000007");
}

TEST(NumberText, OnlyNumbersThatADoubleGivesBackSurvive) {
  for (const char* number :
       {"0", "1", "-1", "12.95", "0.1", "9007199254740992", "9007199254740994",
        "1000000000000000000000000000000", "-0.00001", "12.950", "0.30000000000000004", "1e21"}) {
    EXPECT_TRUE(SurvivesDouble(number)) << number;
  }
  for (const char* number : {"9007199254740993", "1152921504606846976", "-9007199254740993",
                             "12345678901234567890123456789012345678", "0.12345678901234567891",
                             "12.950000000000000001"}) {
    EXPECT_FALSE(SurvivesDouble(number)) << number;
  }
}

TEST(NumberText, SmallIntegersEndAtTwoToThe53) {
  EXPECT_TRUE(IsSmallInteger(9007199254740992));
  EXPECT_FALSE(IsSmallInteger(9007199254740993));
  EXPECT_TRUE(IsSmallInteger(-9007199254740992));
  EXPECT_FALSE(IsSmallInteger(std::numeric_limits<int64_t>::min()));
}

}  // namespace
}  // namespace spillway
