#include "emulator/sql/plan.h"

#include <gtest/gtest.h>

#include "emulator/sql/parser.h"

namespace spillway::emulator::sql {
namespace {

Value Info(std::string_view text) {
  const auto query = ParseQuery(text, {});
  EXPECT_TRUE(query.ok()) << text << query.status().ToString();
  return MakePlan(**query, {{"", "FF", false}}, true)["queryInfo"];
}

TEST(Plan, RewritesWhatRangesCannotAnswerAlone) {
  struct {
    const char* query;
    const char* rewritten;
  } const cases[] = {
      {"SELECT * FROM c WHERE c.a = 1", ""},
      {"SELECT VALUE COUNT(1) FROM c", "SELECT VALUE [{\"item\": COUNT(1)}] FROM c"},
      {"SELECT VALUE AVG(c.n) FROM c",
       "SELECT VALUE [{\"item\": {\"sum\": SUM(c.n), \"count\": COUNT(c.n)}}] FROM c"},
      {"SELECT VALUE MIN(c.n) FROM c",
       "SELECT VALUE [{\"item\": {\"min\": MIN(c.n), \"count\": COUNT(c.n)}}] FROM c"},
      {"SELECT TOP 5 * FROM c", "SELECT TOP 5 * FROM c"},
      {"SELECT * FROM c OFFSET 3 LIMIT 4", "SELECT * FROM c OFFSET 0 LIMIT 7"},
      {"SELECT * FROM c ORDER BY c.n DESC",
       "SELECT c._rid, [{\"item\": c.n}] AS orderByItems, c AS payload FROM c WHERE "
       "({documentdb-formattableorderbyquery-filter}) ORDER BY c.n DESC"},
      {"SELECT c.id FROM c WHERE c.a = 1 ORDER BY c.n",
       "SELECT c._rid, [{\"item\": c.n}] AS orderByItems, {\"id\": c.id} AS payload FROM c WHERE "
       "(((c.a = 1)) AND {documentdb-formattableorderbyquery-filter}) ORDER BY c.n ASC"},
      {"SELECT DISTINCT VALUE c.n FROM c", "SELECT DISTINCT VALUE c.n FROM c"},
      {"SELECT c.a, COUNT(1) AS n FROM c GROUP BY c.a",
       "SELECT [{\"item\": c.a}] AS groupByItems, {\"a\": c.a, \"n\": {\"item\": COUNT(1)}} AS "
       "payload FROM c GROUP BY c.a"},
      {"SELECT COUNT(1) AS n FROM c",
       "SELECT [] AS groupByItems, {\"n\": {\"item\": COUNT(1)}} AS payload FROM c"},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(Info(test.query)["rewrittenQuery"].string(), test.rewritten);
  }
}

TEST(Plan, RewrittenQueriesParseOnceTheFilterIsIn) {
  std::string text =
      Info("SELECT TOP 3 c.id FROM c WHERE c.a = 1 ORDER BY c.n, c.m DESC")["rewrittenQuery"]
          .string();
  text.replace(text.find(kOrderByFilter), kOrderByFilter.size(), "true");
  EXPECT_TRUE(ParseQuery(text, {}).ok()) << text;
}

TEST(Plan, DescribesTheMerge) {
  const Value ordered = Info("SELECT DISTINCT TOP 3 VALUE c.n FROM c ORDER BY c.n DESC");
  EXPECT_EQ(ToJson(ordered["orderBy"]), R"(["Descending"])");
  EXPECT_EQ(ToJson(ordered["orderByExpressions"]), R"(["c.n"])");
  EXPECT_EQ(ordered["distinctType"].string(), "Ordered");
  EXPECT_EQ(ordered["top"].number(), 3);
  EXPECT_TRUE(ordered["hasSelectValue"].boolean());
  const Value grouped = Info("SELECT c.a, SUM(c.n) AS s FROM c GROUP BY c.a");
  EXPECT_EQ(ToJson(grouped["groupByAliasToAggregateType"]), R"({"a":null,"s":"Sum"})");
  EXPECT_EQ(ToJson(grouped["groupByExpressions"]), R"(["c.a"])");
  EXPECT_EQ(ToJson(Info("SELECT VALUE AVG(c.n) FROM c")["aggregates"]), R"(["Average"])");
}

TEST(Plan, FindsAPinnedKey) {
  const auto pinned = [](std::string_view text) {
    const auto query = ParseQuery(text, {{"@p", "x"}});
    return ToJson(PinnedValue(**query, {"pk"}));
  };
  EXPECT_EQ(pinned("SELECT * FROM c WHERE c.pk = 'a'"), R"("a")");
  EXPECT_EQ(pinned("SELECT * FROM c WHERE c.n > 1 AND @p = c.pk AND c.m = 2"), R"("x")");
  EXPECT_EQ(pinned("SELECT * FROM c WHERE c.pk = 'a' OR c.n = 1"), "null");
  EXPECT_EQ(pinned("SELECT * FROM c WHERE c.pk > 'a'"), "null");
  EXPECT_EQ(pinned("SELECT * FROM c WHERE c.x.pk = 'a'"), "null");
}

}  // namespace
}  // namespace spillway::emulator::sql
