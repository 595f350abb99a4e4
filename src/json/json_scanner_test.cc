#include "json/json_scanner.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <bit>
#include <cstdlib>
#include <optional>
#include <random>

namespace spillway {
namespace {

std::optional<std::string> StringOf(std::string_view text) {
  JsonScanner scanner(text);
  std::string_view said;
  std::string unescaped;
  if (!scanner.TakeString(&said, &unescaped) || !scanner.rest().empty()) return std::nullopt;
  return std::string(said);
}

std::optional<double> NumberOf(std::string_view text) {
  JsonScanner scanner(text);
  double number = 0;
  if (!scanner.TakeNumber(&number) || !scanner.rest().empty()) return std::nullopt;
  return number;
}

// What a parser that others wrote makes of it.
std::optional<double> NumberByOther(const std::string& text) {
  simdjson::ondemand::parser parser;
  const simdjson::padded_string padded("[" + text + "]");
  simdjson::ondemand::document document;
  double number = 0;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS) return std::nullopt;
  if (document.at(0).get_double().get(number) != simdjson::SUCCESS) return std::nullopt;
  return number;
}

TEST(JsonScanner, TakesWhatStandsThere) {
  JsonScanner scanner(" { \"a\" :\ttrue,\r\n\"b\":[-1.5 ]} ");
  std::string_view text;
  std::string unescaped;
  double number = 0;
  EXPECT_TRUE(scanner.Take('{'));
  EXPECT_TRUE(scanner.TakeString(&text, &unescaped));
  EXPECT_EQ(text, "a");
  EXPECT_TRUE(scanner.Take(':'));
  EXPECT_EQ(scanner.Peek(), 't');
  EXPECT_FALSE(scanner.TakeWord("null"));
  EXPECT_TRUE(scanner.TakeWord("true"));
  EXPECT_TRUE(scanner.Take(','));
  EXPECT_FALSE(scanner.Take('}'));
  EXPECT_TRUE(scanner.TakeString(&text, &unescaped));
  EXPECT_TRUE(scanner.Take(':') && scanner.Take('['));
  EXPECT_TRUE(scanner.TakeNumber(&number));
  EXPECT_EQ(number, -1.5);
  EXPECT_TRUE(scanner.Take(']') && scanner.Take('}'));
  EXPECT_EQ(scanner.rest(), " ");
  EXPECT_EQ(scanner.Peek(), '\0');
}

TEST(JsonScanner, StringsSayWhatTheirEscapesMean) {
  EXPECT_EQ(StringOf(R"("")"), "");
  EXPECT_EQ(StringOf(R"("a\"\\\/\b\f\n\r\tz")"), "a\"\\/\b\f\n\r\tz");
  EXPECT_EQ(StringOf(R"("\u0041\u00e9\u20AC\ud83d\ude00")"), "Aé€😀");
  EXPECT_EQ(StringOf(R"("\u0000")"), std::string(1, '\0'));
  for (size_t size = 0; size < 50; ++size) {
    const std::string text(size, 'x');
    EXPECT_EQ(StringOf("\"" + text + "\""), text);
    EXPECT_EQ(StringOf("\"" + text + "\\n" + text + "\""), text + "\n" + text);
    EXPECT_EQ(StringOf("\"" + text), std::nullopt);
    EXPECT_EQ(StringOf("\"" + text + "\n\""), std::nullopt) << "a control character";
    EXPECT_EQ(StringOf("\"" + text + "\\"), std::nullopt);
    EXPECT_EQ(StringOf("\"" + text + "\\\""), std::nullopt);
  }
}

TEST(JsonScanner, WhatIsNoStringIsRefused) {
  for (const char* text : {"", "a", "'a'", R"("\x")", R"("\u12")", R"("\u12g4")", R"("\ud83d")",
                           R"("\ud83dA")", R"("\ud83d\u0041")", R"("\ude00")", R"("\u")"}) {
    EXPECT_EQ(StringOf(text), std::nullopt) << text;
  }
}

TEST(JsonScanner, NumbersAreWhatAnotherParserReads) {
  const char* const texts[] = {"0",
                               "-0",
                               "0.0",
                               "1",
                               "-1",
                               "12.95",
                               "0.1",
                               "1e5",
                               "1E+5",
                               "1e-5",
                               "-2.5e3",
                               "1e22",
                               "1e23",
                               "1e308",
                               "1e309",
                               "-1e999",
                               "1e-308",
                               "1e-324",
                               "3e-324",
                               "1e-400",
                               "0e999",
                               "01",
                               "-",
                               "+1",
                               "1.",
                               ".5",
                               "1e",
                               "1e+",
                               "1.e5",
                               "0x1",
                               "1_0",
                               "1a",
                               "--1",
                               "-a",
                               "",
                               "1.5.5",
                               "1e5e5",
                               "Infinity",
                               "nan",
                               "-Infinity",
                               "9007199254740992",
                               "9007199254740993",
                               "9007199254740993.0",
                               "18446744073709551615",
                               "18446744073709551616",
                               "9999999999999999999",
                               "0.30000000000000004",
                               "123456789012345678901234567890",
                               "0.000000000000000000000000000001",
                               "0.1234567890123456789",
                               "1.7976931348623157e308",
                               "1.7976931348623159e308",
                               "2.2250738585072011e-308",
                               "1234567890.123456789",
                               "4503599627370496.5"};
  for (const std::string text : texts) {
    const std::optional<double> number = NumberOf(text);
    const std::optional<double> other = NumberByOther(text);
    ASSERT_EQ(number.has_value(), other.has_value()) << text;
    if (number.has_value()) {
      EXPECT_EQ(std::bit_cast<uint64_t>(*number), std::bit_cast<uint64_t>(*other)) << text;
    }
  }
}

TEST(JsonScanner, NumbersOfEveryLengthAreTheNearestDouble) {
  std::mt19937_64 random(7);
  const auto below = [&](uint64_t end) { return random() % end; };
  for (int i = 0; i < 200'000; ++i) {
    std::string text = below(2) == 0 ? "-" : "";
    text += std::to_string(below(9) + 1);
    for (uint64_t digits = below(20); digits > 0; --digits) {
      text += static_cast<char>('0' + below(10));
    }
    if (below(2) == 0) {
      text += ".";
      for (uint64_t digits = below(20) + 1; digits > 0; --digits) {
        text += static_cast<char>('0' + below(10));
      }
    }
    if (below(4) == 0) text += fmt::format("e{}", static_cast<int>(below(640)) - 330);
    const std::optional<double> number = NumberOf(text);
    const std::optional<double> other = NumberByOther(text);
    ASSERT_EQ(number, other) << text;
  }
}

}  // namespace
}  // namespace spillway
