#include "transforms/filter_parser.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace spillway {
namespace {

using ::testing::HasSubstr;

// The tree in prefix form.
std::string Print(const Expression& e) {
  static constexpr const char* kNames[] = {
      "column", "literal", "=", "!=", "<", "<=", ">", ">=", "and", "or", "not", "null?"};
  if (e.kind == Expression::Kind::kColumn) return fmt::format("{}", fmt::join(e.column, "/"));
  if (e.kind == Expression::Kind::kLiteral) {
    if (const auto* b = std::get_if<bool>(&e.literal)) return *b ? "TRUE" : "FALSE";
    if (const auto* n = std::get_if<NumberLiteral>(&e.literal)) return n->text;
    if (const auto* s = std::get_if<std::string>(&e.literal)) return "'" + *s + "'";
    if (const auto* d = std::get_if<DateLiteral>(&e.literal)) return fmt::format("d{}", d->days);
    return fmt::format("t{}", std::get<TimestampLiteral>(e.literal).micros);
  }
  std::string text = fmt::format("({}", kNames[static_cast<int>(e.kind)]);
  for (const Expression& operand : e.operands) text += " " + Print(operand);
  return text + ")";
}

struct ParseCase {
  const char* text;
  const char* tree;
};

TEST(FilterParser, ReadsEveryForm) {
  for (const ParseCase& c : {
           ParseCase{"price > 0 AND category IN ('a','b')",
                     "(and (> price 0) (or (= category 'a') (= category 'b')))"},
           {"a = 1 or b = 2 and c = 3", "(or (= a 1) (and (= b 2) (= c 3)))"},
           {"(a = 1 or b = 2) and c = 3", "(and (or (= a 1) (= b 2)) (= c 3))"},
           {"not a = 1 and b", "(and (not (= a 1)) b)"},
           {"NOT NOT a", "(not (not a))"},
           {"a is null or b Is Not Null", "(or (null? a) (not (null? b)))"},
           {"a between 1 and 2 and b", "(and (and (>= a 1) (<= a 2)) b)"},
           {"a not between -1 and +2.5e3", "(not (and (>= a -1) (<= a 2.5e3)))"},
           {"a not in (1)", "(not (= a 1))"},
           {"a != 1 and b <> 2", "(and (!= a 1) (!= b 2))"},
           {"1 <= a and 2 >= b and 3 < c", "(and (<= 1 a) (>= 2 b) (< 3 c))"},
           {"`odd ``name` = \"other \"\"one\"", "(= odd `name other \"one)"},
           {"a.b.`c.d` = 'it''s'", "(= a/b/c.d 'it's')"},
           {"d >= DATE '1970-01-02'", "(>= d d1)"},
           {"t < timestamp '1970-01-01 00:00:01'", "(< t t1000000)"},
           {"date = 1 and timestamp = 2", "(and (= date 1) (= timestamp 2))"},
           {"true", "TRUE"},
           {"a = FALSE", "(= a FALSE)"},
           {"  a=.5\n", "(= a .5)"},
           {"_x1 = 1", "(= _x1 1)"},
       }) {
    const auto tree = ParseFilter(c.text);
    ASSERT_TRUE(tree.ok()) << c.text << "\n" << tree.status().message();
    EXPECT_EQ(Print(*tree), c.tree) << c.text;
  }
}

struct ErrorCase {
  const char* text;
  const char* message;
  size_t at;  // from 1
};

TEST(FilterParser, ErrorsNameTheCharacterAndWhatWasExpected) {
  for (const ErrorCase& c : {
           ErrorCase{"", "the filter ends where a column or a value is expected", 1},
           {"price >", "the filter ends where a column or a value is expected", 8},
           {"price > AND", "\"AND\" stands where a column or a value", 9},
           {"(a = 1", "a closing parenthesis", 7},
           {"a = 1)", "\")\" stands where AND, OR or the end", 6},
           {"a = 'x", "the quote ' is never closed", 5},
           {"a = `x", "the quote ` is never closed", 5},
           {"a IN 1", "a list in parentheses", 6},
           {"a IN (1", "a comma or a closing parenthesis", 8},
           {"a BETWEEN 1 OR 2", "AND is expected", 13},
           {"a IS 1", "NULL is expected", 6},
           {"a = NULL", "use IS NULL", 5},
           {"a = 1x", "a number followed by a letter", 6},
           {"a = 1e", "an exponent needs digits", 7},
           {"a = DATE '2024-02-30'", "a date is written", 10},
           {"a = TIMESTAMP 'now'", "a timestamp is written", 15},
           {"a. = 1", "a column name", 4},
           {"a ; b", "the character ';' means nothing", 3},
           {"a = - 'x'", "a number is expected", 7},
           {"a b", "AND, OR or the end", 3},
       }) {
    const auto tree = ParseFilter(c.text);
    ASSERT_FALSE(tree.ok()) << c.text;
    EXPECT_EQ(tree.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(tree.status().message()), HasSubstr(c.message)) << c.text;
    EXPECT_THAT(std::string(tree.status().message()),
                HasSubstr(fmt::format("at character {}\n", c.at)))
        << c.text;
  }
}

TEST(FilterParser, TheCaretStandsUnderTheFault) {
  const auto tree = ParseFilter("price > AND");
  EXPECT_EQ(tree.status().message(),
            "source.filter: \"AND\" stands where a column or a value is expected at character 9\n"
            "  price > AND\n"
            "          ^");
}

TEST(FilterParser, DepthAndLengthAreBounded) {
  const std::string deep = std::string(5000, '(') + "a" + std::string(5000, ')');
  EXPECT_THAT(std::string(ParseFilter(deep).status().message()), HasSubstr("deeper than 100"));
  std::string nots;
  for (int i = 0; i < 5000; ++i) nots += "NOT ";
  EXPECT_THAT(std::string(ParseFilter(nots + "a").status().message()), HasSubstr("deeper than"));
  EXPECT_FALSE(ParseFilter(std::string(70'000, ' ') + "a").ok());
}

TEST(FilterParser, AnyTextEndsInATreeOrAnError) {
  const std::string seed =
      "price > 0.5 AND (category IN ('a', \"b\") OR NOT x.y IS NULL) AND d = DATE '2024-01-31' "
      "OR t BETWEEN TIMESTAMP '2024-01-31T00:00:00Z' AND 5e3";
  std::mt19937 random(1);
  int trees = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string text = seed;
    for (size_t n = 1 + random() % 4; n > 0; --n) {
      const size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text.erase(at, 1 + random() % 5);
          break;
        case 1:
          text.insert(at, 1, "()'\"`.,<>=! -5aN\n\xc3"[random() % 18]);
          break;
        case 2:
          text[at] = static_cast<char>(random());
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 20));
          break;
      }
      if (text.empty()) text = "a";
    }
    const auto tree = ParseFilter(text);
    if (tree.ok()) {
      ++trees;
      EXPECT_FALSE(Print(*tree).empty());
    } else {
      EXPECT_EQ(tree.status().code(), StatusCode::kInvalidArgument);
    }
  }
  EXPECT_GT(trees, 100);
}

}  // namespace
}  // namespace spillway
