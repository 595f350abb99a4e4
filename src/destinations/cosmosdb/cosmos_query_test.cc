#include "destinations/cosmosdb/cosmos_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "destinations/cosmosdb/fake_cosmos.h"
#include "destinations/cosmosdb/part_query.h"
#include "destinations/cosmosdb/query_merge.h"
#include "destinations/cosmosdb/query_plan.h"

namespace spillway::cosmosdb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string PlanText(const std::string& info) {
  return R"({"partitionedQueryExecutionInfoVersion":2,"queryInfo":{)" + info +
         R"(},"queryRanges":[{"min":"","max":"FF","isMinInclusive":true,"isMaxInclusive":false}]})";
}

QueryPlan Plan(const std::string& info) {
  const Result<QueryPlan> plan = ParseQueryPlan(PlanText(info), "SELECT 1");
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  return *plan;
}

TEST(QueryPlan, OnlyWhatEveryPartAnswersByItselfIsReadInParts) {
  EXPECT_TRUE(CheckAnsweredByParts(Plan(R"("distinctType":"None","rewrittenQuery":"")")).ok());
  for (const auto& [info, clause] : std::initializer_list<std::pair<const char*, const char*>>{
           {R"("orderBy":["Ascending"])", "ORDER BY"},
           {R"("aggregates":["Count"],"hasSelectValue":true)", "aggregate"},
           {R"("distinctType":"Ordered")", "DISTINCT"},
           {R"("top":5)", "TOP"},
           {R"("offset":0,"limit":5)", "LIMIT"},
           {R"("rewrittenQuery":"SELECT 2")", "merged"}}) {
    const Status status = CheckAnsweredByParts(Plan(info));
    EXPECT_EQ(status.code(), StatusCode::kUnsupported) << info;
    EXPECT_THAT(std::string(status.message()), HasSubstr(clause));
    EXPECT_FALSE(status.hint().empty());
  }
}

struct Refusal {
  const char* info;
  const char* clause;
};

TEST(QueryPlan, RefusesByNameWhatItCannotMerge) {
  const Refusal refusals[] = {
      {R"("groupByExpressions":["c.a"])", "GROUP BY"},
      {R"("hasNonStreamingOrderBy":true)", "vector"},
      {R"("dCountInfo":{"dCountAlias":""})", "DISTINCT"},
      {R"("aggregates":["Count"],"hasSelectValue":false)", "SELECT VALUE"},
      {R"("aggregates":[],"groupByAliasToAggregateType":{"n":"Count"})", "SELECT VALUE"},
      {R"("aggregates":["Count","Sum"],"hasSelectValue":true)", "several aggregates"},
      {R"("aggregates":["MakeList"],"hasSelectValue":true)", "MakeList"},
  };
  for (const Refusal& refusal : refusals) {
    const Status status = ParseQueryPlan(PlanText(refusal.info), "").status();
    EXPECT_EQ(status.code(), StatusCode::kUnsupported) << refusal.info;
    EXPECT_THAT(std::string(status.message()), HasSubstr(refusal.clause));
    EXPECT_FALSE(status.hint().empty());
  }
  EXPECT_EQ(ParseQueryPlan("{}", "").status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(ParseQueryPlan("", "").status().code(), StatusCode::kDataLoss);
}

TEST(QueryPlan, TakesWhatTheServiceSays) {
  const QueryPlan plan = Plan(
      R"("distinctType":"Ordered","top":10,"offset":2,"limit":5,"orderBy":["Ascending",)"
      R"("Descending"],)"
      R"("rewrittenQuery":"SELECT x WHERE ({documentdb-formattableorderbyquery-filter}) ORDER )"
      R"(BY x")");
  EXPECT_TRUE(plan.distinct);
  EXPECT_EQ(plan.limit, 5u);
  EXPECT_EQ(plan.offset, 2u);
  EXPECT_THAT(plan.descending, ElementsAre(false, true));
  EXPECT_EQ(plan.query, "SELECT x WHERE (true) ORDER BY x");
  EXPECT_EQ(Plan(R"("rewrittenQuery":"")").query, "SELECT 1");
}

TEST(QueryPlan, APointIsAnIntervalThatHoldsIt) {
  const auto plan = ParseQueryPlan(
      R"({"queryInfo":{},"queryRanges":[{"min":"0DAE","max":"0DAE","isMinInclusive":true,)"
      R"("isMaxInclusive":true}]})",
      "q");
  ASSERT_EQ(plan->intervals.size(), 1u);
  EXPECT_EQ(plan->intervals[0].min, "\x0D\xAE");
  EXPECT_EQ(plan->intervals[0].max, "\x0D\xAE\xFF");
}

std::vector<std::string> Merged(const std::string& info, const std::vector<std::string>& rows) {
  QueryMerge merge(Plan(info));
  for (const std::string& row : rows) {
    const Status added = merge.Add(row);
    EXPECT_TRUE(added.ok()) << added.ToString();
  }
  return *merge.Take(true);
}

std::string Sorted(const std::string& items, const std::string& payload) {
  return R"({"_rid":"r","orderByItems":[)" + items + R"(],"payload":)" + payload + "}";
}

TEST(QueryMerge, SortsByTypeAndValueAcrossPartitions) {
  const std::vector<std::string> rows = {
      Sorted(R"({"item":"a"})", "1"),   Sorted(R"({"item":10})", "2"),
      Sorted(R"({"item":null})", "3"),  Sorted("{}", "4"),
      Sorted(R"({"item":2})", "5"),     Sorted(R"({"item":true})", "6"),
      Sorted(R"({"item":"B"})", "7"),   Sorted(R"({"item":[]})", "8"),
      Sorted(R"({"item":{}})", "9"),    Sorted(R"({"item":-1.5})", "10"),
      Sorted(R"({"item":false})", "11")};
  EXPECT_THAT(Merged(R"("orderBy":["Ascending"])", rows),
              ElementsAre("4", "3", "11", "6", "10", "5", "2", "7", "1", "8", "9"));
  EXPECT_THAT(Merged(R"("orderBy":["Descending"],"offset":1,"limit":3)", rows),
              ElementsAre("8", "1", "7"));
}

TEST(QueryMerge, SortsBySeveralExpressions) {
  const std::vector<std::string> rows = {Sorted(R"({"item":1},{"item":1})", "\"a\""),
                                         Sorted(R"({"item":0},{"item":1})", "\"b\""),
                                         Sorted(R"({"item":1},{"item":2})", "\"c\"")};
  EXPECT_THAT(Merged(R"("orderBy":["Ascending","Descending"])", rows),
              ElementsAre("\"b\"", "\"c\"", "\"a\""));
}

struct AggregateCase {
  const char* name;
  std::vector<std::string> rows;
  std::vector<std::string> result;
};

TEST(QueryMerge, CombinesPartialAggregates) {
  const AggregateCase cases[] = {
      {"Count", {R"([{"item":3}])", R"([{"item":4}])"}, {"7"}},
      {"Count", {}, {"0"}},
      {"Sum", {R"([{"item":1.5}])", R"([{"item":2}])", "[{}]", "[]"}, {"3.5"}},
      {"Sum", {"[{}]"}, {}},
      {"Min", {R"([{"item":"b"}])", R"([{"item":"a"}])"}, {"\"a\""}},
      {"Min", {R"([{"item":{"min":4,"count":2}}])", R"([{"item":{"min":-4,"count":2}}])"}, {"-4"}},
      {"Max", {R"([{"item":1}])", R"([{"item":"a"}])", R"([{"item":null}])"}, {"\"a\""}},
      {"Max", {"[{}]"}, {}},
      {"Average",
       {R"([{"item":{"sum":10,"count":4}}])", R"([{"item":{"sum":5,"count":2}}])"},
       {"2.5"}},
      {"Average", {R"([{"item":{"count":0}}])"}, {}},
  };
  for (const AggregateCase& c : cases) {
    EXPECT_EQ(
        Merged(R"("hasSelectValue":true,"aggregates":[")" + std::string(c.name) + "\"]", c.rows),
        c.result)
        << c.name;
  }
}

TEST(QueryMerge, DistinctValuesComeOnce) {
  EXPECT_THAT(Merged(R"("distinctType":"Unordered")",
                     {"1", "1.0", R"({"a":1,"b":2})", R"({"b":2,"a":1.0})", "\"1\"", "null"}),
              ElementsAre("1", R"({"a":1,"b":2})", "\"1\"", "null"));
}

TEST(QueryMerge, LimitsAreCountedOverAllPartitions) {
  QueryMerge merge(Plan(R"("offset":1,"limit":2)"));
  for (const char* row : {"1", "2"}) ASSERT_TRUE(merge.Add(row).ok());
  EXPECT_FALSE(merge.is_full());
  EXPECT_THAT(*merge.Take(false), ElementsAre("2"));
  for (const char* row : {"3", "4"}) ASSERT_TRUE(merge.Add(row).ok());
  EXPECT_TRUE(merge.is_full());
  EXPECT_THAT(*merge.Take(true), ElementsAre("3"));
}

TEST(QueryMerge, RowsOfAnotherFormAreNotGuessedAt) {
  QueryMerge sorted(Plan(R"("orderBy":["Ascending"])"));
  for (const char* row :
       {"1", "{}", R"({"payload":1})", R"({"orderByItems":[],"payload":1})", "{"}) {
    EXPECT_EQ(sorted.Add(row).code(), StatusCode::kDataLoss) << row;
  }
  QueryMerge sum(Plan(R"("hasSelectValue":true,"aggregates":["Sum"])"));
  for (const char* row : {"1", R"([{"item":"x"}])", "", "[1]"}) {
    EXPECT_EQ(sum.Add(row).code(), StatusCode::kDataLoss) << row;
  }
}

class CosmosQueryTest : public testing::Test {
 protected:
  std::vector<std::string> Run(const std::string& sql) {
    const auto query = MakeCosmosQuery(FakeOptions(), cosmos_.factory(), clock_, sql, "");
    std::vector<std::string> all;
    while (true) {
      const auto results = (*query)->NextResults({});
      status_ = results.status();
      if (!results.ok() || results->empty()) break;
      all.insert(all.end(), results->begin(), results->end());
    }
    cost_ = (*query)->cost();
    return all;
  }

  FakeCosmos cosmos_;
  ManualClock clock_;
  Status status_;
  double cost_ = 0;
};

TEST_F(CosmosQueryTest, ASimpleQueryIsTheGatewaysWork) {
  cosmos_.documents = [](const SeenRequest& request) {
    EXPECT_EQ(request.Header("x-ms-documentdb-isquery"), "True");
    EXPECT_EQ(request.Header("content-type"), "application/query+json");
    EXPECT_EQ(request.body, R"({"query":"SELECT \"x\"","parameters":[]})");
    const std::string at = request.Header("x-ms-continuation");
    if (at.empty()) {
      return FakeResponse(200, R"({"Documents":[{"a": 1} , "x"]})",
                          {{"x-ms-continuation", "1"}, {"x-ms-request-charge", "2.5"}});
    }
    if (at == "1") return FakeResponse(200, R"({"Documents":[]})", {{"x-ms-continuation", "2"}});
    return FakeResponse(200, R"({"Documents":[[1,{}],3.5,null]})", {{"x-ms-request-charge", "1"}});
  };
  EXPECT_THAT(Run("SELECT \"x\""), ElementsAre("{\"a\": 1}", "\"x\"", "[1,{}]", "3.5", "null"));
  EXPECT_DOUBLE_EQ(cost_, 3.5);
}

TEST_F(CosmosQueryTest, AQueryThatNeedsAPlanIsMergedFromItsRanges) {
  const std::string middle = "1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF";
  cosmos_.ranges = {{"0", "", middle}, {"1", middle, "FF"}};
  cosmos_.documents = [](const SeenRequest& request) {
    if (!request.Header("x-ms-cosmos-is-query-plan-request").empty()) {
      return FakeResponse(200, PlanText(R"("orderBy":["Ascending"],"rewrittenQuery":"REWRITTEN")"));
    }
    const std::string range = request.Header("x-ms-documentdb-partitionkeyrangeid");
    if (range.empty()) return FakeResponse(400, "{}", {{"x-ms-substatus", "1004"}});
    EXPECT_THAT(request.body, HasSubstr("REWRITTEN"));
    const std::string item = range == "0" ? "2" : "1";
    return FakeResponse(200, "{\"Documents\":[" + Sorted("{\"item\":" + item + "}", item) + "]}");
  };
  EXPECT_THAT(Run("SELECT c.n ORDER BY c.n"), ElementsAre("1", "2"));
  EXPECT_TRUE(status_.ok());
}

TEST_F(CosmosQueryTest, ALimitStopsBeforeTheLastRange) {
  const std::string middle = "1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF";
  cosmos_.ranges = {{"0", "", middle}, {"1", middle, "FF"}};
  cosmos_.documents = [](const SeenRequest& request) {
    if (!request.Header("x-ms-cosmos-is-query-plan-request").empty()) {
      return FakeResponse(200, PlanText(R"("top":2)"));
    }
    const std::string range = request.Header("x-ms-documentdb-partitionkeyrangeid");
    if (range.empty()) return FakeResponse(400, "{}", {{"x-ms-substatus", "1004"}});
    EXPECT_EQ(range, "0");
    return FakeResponse(200, R"({"Documents":[1,2]})");
  };
  EXPECT_THAT(Run("SELECT TOP 2 VALUE 1"), ElementsAre("1", "2"));
}

TEST_F(CosmosQueryTest, BadSqlComesInTheServicesWords) {
  cosmos_.documents = [](const SeenRequest&) {
    return FakeResponse(400, R"({"code":"BadRequest","message":"Syntax error near 'SELEC'"})");
  };
  EXPECT_THAT(Run("SELEC"), IsEmpty());
  EXPECT_EQ(status_.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status_.message()), HasSubstr("near 'SELEC'"));
}

TEST_F(CosmosQueryTest, SaysWhetherTheContainerOrTheDatabaseIsMissing) {
  cosmos_.documents = [](const SeenRequest&) {
    return FakeResponse(404, R"({"message":"Owner resource does not exist"})",
                        {{"x-ms-substatus", "1003"}});
  };
  Run("SELECT * FROM c");
  EXPECT_EQ(status_.code(), StatusCode::kNotFound);
  EXPECT_THAT(std::string(status_.message()), HasSubstr("no database shop at https://contoso"));
  EXPECT_FALSE(status_.hint().empty());
  cosmos_.first = [](const SeenRequest& request) {
    return FakeResponse(request.http.url.ends_with("/dbs/shop") ? 200 : 0, R"({"_rid":"r"})");
  };
  Run("SELECT * FROM c");
  EXPECT_THAT(std::string(status_.message()), HasSubstr("no container orders in database shop"));
}

TEST_F(CosmosQueryTest, ParametersMustBeAnArray) {
  EXPECT_EQ(MakeCosmosQuery(FakeOptions(), cosmos_.factory(), clock_, "q", "{}").status().code(),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace spillway::cosmosdb
