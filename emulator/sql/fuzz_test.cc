// Random queries: seeds from real ones, mutated. Nothing may crash, hang or be parsed into
// something that does not parse again. Deterministic: the failing round is in the message.
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "emulator/sql/execute.h"
#include "emulator/sql/parser.h"
#include "emulator/sql/plan.h"
#include "emulator/sql/unparse.h"

namespace spillway::emulator::sql {
namespace {

constexpr int kRounds = 20'000;

constexpr std::array<std::string_view, 10> kSeeds = {
    "SELECT * FROM c WHERE c.a = 1 AND (c.b > 'x' OR NOT c.c) ORDER BY c.d DESC",
    "SELECT TOP 3 VALUE {\"a\": [c.x, c['y'], -1.5e3]} FROM c JOIN t IN c.tags WHERE t LIKE 'a%'",
    "SELECT c.g, COUNT(1) AS n, AVG(c.v) FROM c GROUP BY c.g",
    "SELECT DISTINCT VALUE c.a ?? 'none' FROM c OFFSET 1 LIMIT 2",
    "SELECT VALUE EXISTS(SELECT VALUE t FROM t IN c.tags WHERE t IN ('x', @p)) ? 1 : 0 FROM c",
    "SELECT VALUE ARRAY(SELECT VALUE t FROM t IN c.tags) FROM c WHERE c.n BETWEEN 1 AND 2",
    "SELECT VALUE CONCAT('a', SUBSTRING(c.s, 0, 3), ToString(c.n)) FROM c",
    "SELECT VALUE DateTimeAdd('mm', c.n, '2024-01-31T00:00:00Z') FROM c",
    "SELECT VALUE ARRAY_SLICE(c.tags, -1, 1) FROM c WHERE c.sub.deep[0].k = 1 -- end",
    "SELECT VALUE (c.n << 3 | 5) % 7 / 2 FROM c WHERE IS_DEFINED(c.n) AND c.n != null"};

constexpr std::array<std::string_view, 30> kPieces = {
    "SELECT ", " FROM ",    " WHERE ", " AND ", " OR ", "NOT ",    "(",    ")",      "[", "]", "{",
    "}",       ",",         ".",       "'",     "\"",   "\\u0041", "@p",   "VALUE ", "c", "1", "-",
    " IN ",    " BETWEEN ", "??",      "?",     ":",    "COUNT(",  "\xff", "e9"};

std::string Mutate(std::string text, std::mt19937& random) {
  const int changes = 1 + static_cast<int>(random() % 4);
  for (int i = 0; i < changes && !text.empty(); ++i) {
    const size_t at = random() % text.size();
    switch (random() % 4) {
      case 0:
        text.erase(at, 1 + random() % 8);
        break;
      case 1:
        text.insert(at, kPieces[random() % kPieces.size()]);
        break;
      case 2:
        text[at] = static_cast<char>(random());
        break;
      default: {
        const std::string_view other = kSeeds[random() % kSeeds.size()];
        const size_t from = random() % other.size();
        text.insert(at, other.substr(from, random() % 20));
      }
    }
  }
  return text;
}

TEST(QueryFuzz, MutatedQueriesNeitherCrashNorLie) {
  std::mt19937 random(20240131);
  const Parameters parameters = {{"@p", "y"}};
  const Value document = *ParseJson(
      R"({"id":"1","a":1,"b":"y","g":2,"v":3,"n":5,"s":"hello","tags":["x","y"],"sub":{"deep":[{"k":1}]}})");
  size_t parsed = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::string text = Mutate(std::string(kSeeds[random() % kSeeds.size()]), random);
    SCOPED_TRACE("round " + std::to_string(round) + ": " + text);
    const auto query = ParseQuery(text, parameters);
    if (!query.ok()) {
      ASSERT_EQ(query.status().code(), StatusCode::kInvalidArgument);
      continue;
    }
    ++parsed;
    const auto run = [&](const Query& parsed_query) {
      Execution execution(&parsed_query, FunctionContext{});
      execution.Add(document);
      return ToJson(execution.Finish());
    };
    const std::string rows = run(**query);
    static_cast<void>(MakePlan(**query, {}, true));
    const auto again = ParseQuery(Unparse(**query), parameters);
    ASSERT_TRUE(again.ok()) << Unparse(**query) << again.status().ToString();
    ASSERT_EQ(run(**again), rows) << Unparse(**query);
  }
  EXPECT_GT(parsed, static_cast<size_t>(kRounds / 50));
}

}  // namespace
}  // namespace spillway::emulator::sql
