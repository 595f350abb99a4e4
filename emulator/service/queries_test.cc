#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emulator/service/test_client.h"

namespace spillway::emulator {
namespace {

using testing::HasSubstr;

void Fill(TestClient* client, int count) {
  for (int i = 0; i < count; ++i) {
    const std::string pk = "k" + std::to_string(i % 7);
    const Reply reply = client->Write("{\"id\":\"" + std::to_string(i) + "\",\"pk\":\"" + pk +
                                          "\",\"n\":" + std::to_string(i) + ",\"t\":[1,2,3]}",
                                      "[\"" + pk + "\"]");
    ASSERT_EQ(reply.status, 201);
  }
}

ServerOptions Unlimited(bool lenient = false) {
  ServerOptions options;
  options.unlimited = true;
  options.lenient = lenient;
  return options;
}

// All pages of a query; `pages` counts them.
std::vector<std::string> All(TestClient* client, const std::string& query, int page, int* pages,
                             const Headers& extra = {}) {
  std::vector<std::string> rows;
  std::string continuation;
  *pages = 0;
  do {
    Headers headers = extra;
    headers.emplace_back("x-ms-max-item-count", std::to_string(page));
    if (!continuation.empty()) headers.emplace_back("x-ms-continuation", continuation);
    const Reply reply = client->Query(query, headers);
    EXPECT_EQ(reply.status, 200) << reply.body;
    if (reply.status != 200) return rows;
    const Value body = Body(reply);
    for (const Value& row : body["Documents"].array()) rows.push_back(ToJson(row));
    continuation = reply.Header("x-ms-continuation");
    ++*pages;
  } while (!continuation.empty() && *pages < 1000);
  return rows;
}

TEST(Queries, PagesNeitherLoseNorRepeatRows) {
  TestClient client(Unlimited(true));
  client.MakeContainer(4);
  Fill(&client, 50);
  struct {
    const char* query;
    size_t rows;
  } const cases[] = {
      {"SELECT * FROM c", 50},
      {"SELECT VALUE c.id FROM c WHERE c.n >= 10", 40},
      {"SELECT VALUE t FROM c JOIN t IN c.t", 150},
      {"SELECT c.id, t FROM c JOIN t IN c.t", 150},
      {"SELECT VALUE c.n FROM c ORDER BY c.n DESC", 50},
      {"SELECT DISTINCT VALUE c.pk FROM c", 7},
      {"SELECT c.pk, COUNT(1) AS n FROM c GROUP BY c.pk", 7},
      {"SELECT TOP 13 VALUE c.id FROM c", 13},
      {"SELECT VALUE c.id FROM c OFFSET 5 LIMIT 20", 20},
      {"SELECT VALUE COUNT(1) FROM c", 1},
      {"SELECT VALUE 7", 1},
  };
  for (const auto& test : cases) {
    for (const int page : {1, 3, 7, 1000}) {
      int pages = 0;
      const auto rows = All(&client, test.query, page, &pages);
      EXPECT_EQ(rows.size(), test.rows) << test.query << " in pages of " << page;
      EXPECT_EQ(rows, All(&client, test.query, 1000, &pages)) << test.query;
    }
  }
}

TEST(Queries, ContinuationsSurviveASplit) {
  TestClient client(Unlimited());
  client.MakeContainer(2);
  Fill(&client, 40);
  const Reply first = client.Query("SELECT VALUE c.id FROM c", {{"x-ms-max-item-count", "15"}});
  bool by_rid = false;
  const auto database = client.service->account().FindDatabase("d", &by_rid);
  ASSERT_TRUE(database->containers.at("c")->Split("0").ok());
  ASSERT_TRUE(database->containers.at("c")->Split("1").ok());
  const Reply rest =
      client.Query("SELECT VALUE c.id FROM c",
                   {{"x-ms-continuation", std::string(first.Header("x-ms-continuation"))},
                    {"x-ms-max-item-count", "100"}});
  std::set<std::string> ids;
  for (const Reply* reply : {&first, &rest}) {
    const Value body = Body(*reply);
    for (const Value& id : body["Documents"].array()) {
      EXPECT_TRUE(ids.insert(id.string()).second) << id.string();
    }
  }
  EXPECT_EQ(ids.size(), 40u);
}

TEST(Queries, ADirtyContinuationIsRefused) {
  TestClient client(Unlimited(true));
  client.MakeContainer();
  for (const char* token : {"x", "-RID:~x#RT:1#TRC:1", "-IDX:z"}) {
    EXPECT_EQ(client.Query("SELECT * FROM c", {{"x-ms-continuation", token}}).status, 400);
  }
  EXPECT_EQ(client.Query("SELECT * FROM c ORDER BY c.n", {{"x-ms-continuation", "-RID:~"}}).status,
            400);
}

TEST(Queries, AreScopedByKeyAndRange) {
  TestClient client(Unlimited());
  client.MakeContainer(4);
  Fill(&client, 50);
  int pages = 0;
  const auto one = All(&client, "SELECT VALUE c.pk FROM c", 100, &pages,
                       {{"x-ms-documentdb-partitionkey", R"(["k3"])"}});
  EXPECT_EQ(one.size(), 7u);
  EXPECT_EQ(std::set(one.begin(), one.end()).size(), 1u);
  size_t total = 0;
  for (const char* range : {"0", "1", "2", "3"}) {
    total += All(&client, "SELECT * FROM c", 100, &pages,
                 {{"x-ms-documentdb-partitionkeyrangeid", range}})
                 .size();
  }
  EXPECT_EQ(total, 50u);
  const auto low =
      All(&client, "SELECT * FROM c", 100, &pages,
          {{"x-ms-start-epk", ""}, {"x-ms-end-epk", "1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"}});
  const auto high =
      All(&client, "SELECT * FROM c", 100, &pages,
          {{"x-ms-start-epk", "1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"}, {"x-ms-end-epk", "FF"}});
  EXPECT_EQ(low.size() + high.size(), 50u);
  EXPECT_FALSE(low.empty() || high.empty());
  EXPECT_EQ(client.Query("SELECT * FROM c", {{"x-ms-documentdb-partitionkeyrangeid", "9"}}).status,
            410);
}

TEST(Queries, StrictModeRefusesWhatNeedsAPlan) {
  TestClient client(Unlimited());
  client.MakeContainer(2);
  Fill(&client, 10);
  for (const char* query : {"SELECT VALUE COUNT(1) FROM c", "SELECT * FROM c ORDER BY c.n",
                            "SELECT TOP 1 * FROM c", "SELECT DISTINCT VALUE c.n FROM c",
                            "SELECT c.n FROM c GROUP BY c.n", "SELECT * FROM c OFFSET 1 LIMIT 1"}) {
    const Reply refused = client.Query(query);
    EXPECT_EQ(refused.status, 400) << query;
    EXPECT_EQ(Substatus(refused), "1004") << query;
    const Value plan = *ParseJson(Body(refused)["additionalErrorInfo"].string());
    EXPECT_FALSE(plan["queryInfo"]["rewrittenQuery"].string().empty());
    EXPECT_EQ(client.Query(query, {{"x-ms-documentdb-partitionkey", R"(["k1"])"}}).status, 200);
    EXPECT_EQ(client.Query(query, {{"x-ms-documentdb-partitionkeyrangeid", "0"}}).status, 200);
  }
  EXPECT_EQ(client.Query("SELECT * FROM c WHERE c.n > 3").status, 200);
  const Reply disabled =
      client.Call("POST", TestClient::kDocs, {{"x-ms-documentdb-isquery", "True"}},
                  R"({"query":"SELECT * FROM c"})");
  EXPECT_EQ(disabled.status, 400);
  EXPECT_THAT(disabled.body, HasSubstr("enablecrosspartition"));
}

TEST(Queries, AQueryThatPinsTheKeyIsServedWithoutAPlan) {
  TestClient client(Unlimited());
  client.MakeContainer(4);
  Fill(&client, 50);
  const Reply counted = client.Query("SELECT VALUE COUNT(1) FROM c WHERE c.pk = 'k3' AND c.n > 3");
  EXPECT_EQ(counted.status, 200) << counted.body;
  EXPECT_EQ(Body(counted)["Documents"].At(0).number(), 6);
  EXPECT_EQ(client.Query("SELECT * FROM c WHERE c.pk = 'k3' ORDER BY c.n").status, 200);
  EXPECT_EQ(client.Query("SELECT TOP 1 * FROM c WHERE c.pk = 'k3' OR c.n = 1").status, 400);
  const Reply elsewhere = client.Query("SELECT * FROM c WHERE c.pk = 'k3'",
                                       {{"x-ms-documentdb-partitionkey", R"(["k1"])"}});
  EXPECT_EQ(Body(elsewhere)["_count"].number(), 0);
}

TEST(Queries, AcrossKeysHaveToBeAllowedEvenInOneRange) {
  TestClient client(Unlimited());
  client.MakeContainer(1);
  const auto query = [&](Headers headers) {
    headers.emplace_back("x-ms-documentdb-isquery", "True");
    return client.Call("POST", TestClient::kDocs, headers, R"({"query":"SELECT * FROM c"})");
  };
  EXPECT_EQ(query({}).status, 400);
  EXPECT_THAT(query({}).body, HasSubstr("Cross partition query is required but disabled"));
  EXPECT_EQ(query({{"x-ms-documentdb-query-enablecrosspartition", "True"}}).status, 200);
  EXPECT_EQ(query({{"x-ms-documentdb-partitionkey", R"(["a"])"}}).status, 200);
}

TEST(Queries, AClientThatSendsTheRangesTheirPartsGetsThePlan) {
  TestClient client(Unlimited());
  client.MakeContainer(2);
  const Headers parallel = {{"x-ms-documentdb-query-parallelizecrosspartitionquery", "True"}};
  const Reply reply = client.Query("SELECT * FROM c", parallel);
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(Substatus(reply), "1004");
  Headers one_range = parallel;
  one_range.emplace_back("x-ms-documentdb-partitionkeyrangeid", "0");
  EXPECT_EQ(client.Query("SELECT * FROM c", one_range).status, 200);
}

TEST(Queries, ARangeIsReadInOrderOfCreation) {
  TestClient client(Unlimited());
  client.MakeContainer();
  std::vector<std::string> written;
  for (int i = 0; i < 20; ++i) {
    const std::string id = std::to_string(i);
    client.Write(R"({"id":")" + id + R"(","pk":")" + id + "\"}", "[\"" + id + "\"]");
    written.push_back("\"" + id + "\"");
  }
  int pages = 0;
  EXPECT_EQ(All(&client, "SELECT VALUE c.id FROM c", 3, &pages), written);
}

TEST(Queries, ContinuationsSurviveASplitAndAMergeInTheMiddle) {
  TestClient client(Unlimited());
  client.MakeContainer(1);
  Fill(&client, 60);
  bool by_rid = false;
  const auto database = client.service->account().FindDatabase("d", &by_rid);
  Container& container = *database->containers.at("c");
  std::vector<std::string> ids;
  std::string continuation;
  int pages = 0;
  do {
    Headers headers = {{"x-ms-max-item-count", "5"}};
    if (!continuation.empty()) headers.emplace_back("x-ms-continuation", continuation);
    const Reply reply = client.Query("SELECT VALUE c.id FROM c", headers);
    const Value body = Body(reply);
    for (const Value& id : body["Documents"].array()) ids.push_back(id.string());
    continuation = reply.Header("x-ms-continuation");
    ++pages;
    if (pages == 2) {
      EXPECT_TRUE(container.Split("0").ok());
    }
    if (pages == 4) {
      EXPECT_TRUE(container.Split("1").ok());
    }
    if (pages == 6) {
      EXPECT_TRUE(container.Merge("4", "2").ok());
    }
  } while (!continuation.empty() && pages < 100);
  EXPECT_EQ(ids.size(), 60u);
  EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), 60u);
}

TEST(Queries, OrderBesideAggregatesIsOnlyIgnoredForOldClients) {
  const char* query = "SELECT VALUE COUNT(1) FROM c ORDER BY c.n";
  TestClient client(Unlimited());
  client.MakeContainer();
  const auto status = [&](const char* version) {
    return client
        .Query(query, {{"x-ms-documentdb-partitionkey", R"(["a"])"}, {"x-ms-version", version}})
        .status;
  };
  EXPECT_EQ(status("2018-06-18"), 200);
  EXPECT_EQ(status("2018-12-31"), 400);
}

TEST(Queries, SpatialFunctionsOverShapesThatAreNotKnownAreRefused) {
  TestClient client(Unlimited());
  client.MakeContainer();
  client.Write(R"({"id":"1","pk":"a","at":{"type":"Point","coordinates":[20,20]}})", R"(["a"])");
  const Reply near = client.Query(
      "SELECT VALUE c.id FROM c WHERE ST_DISTANCE(c.at, {'type':'Point','coordinates':[20.1,20]}) "
      "< "
      "20000");
  EXPECT_EQ(Body(near)["_count"].number(), 1) << near.body;
  client.Write(R"({"id":"2","pk":"a","at":{"type":"Polygon","coordinates":[]}})", R"(["a"])");
  EXPECT_EQ(client.Query("SELECT VALUE ST_ISVALID(c.at) FROM c").status, 400);
}

TEST(Queries, PlansComeOnRequest) {
  TestClient client(Unlimited());
  client.MakeContainer(2);
  const auto plan = [&](const std::string& query, const std::string& features) {
    return client.Query(query, {{"x-ms-cosmos-is-query-plan-request", "True"},
                                {"x-ms-cosmos-supported-query-features", features}});
  };
  const Value ordered = Body(plan("SELECT * FROM c ORDER BY c.n", "OrderBy"));
  EXPECT_EQ(ordered["partitionedQueryExecutionInfoVersion"].number(), 2);
  EXPECT_EQ(ordered["queryRanges"].At(0)["max"].string(), "FF");
  const Value pinned = Body(plan("SELECT * FROM c WHERE c.pk = 'tenant1'", ""));
  EXPECT_EQ(pinned["queryRanges"].At(0)["min"].string(), "0DAE0B8467B011E957BC0B8B0DEB5ACA");
  EXPECT_TRUE(pinned["queryRanges"].At(0)["isMaxInclusive"].boolean());
  EXPECT_EQ(plan("SELECT c.n FROM c GROUP BY c.n", "OrderBy").status, 400);
  EXPECT_THAT(plan("SELECT COUNT(1) AS n FROM c", "Aggregate").body,
              HasSubstr("Cross partition query only supports"));
}

TEST(Queries, SeveralOrdersNeedACompositeIndex) {
  TestClient client(Unlimited());
  client.MakeContainer(
      1, R"(,"indexingPolicy":{"compositeIndexes":[[{"path":"/a","order":"ascending"},)"
         R"({"path":"/b","order":"descending"}]]})");
  const Headers key = {{"x-ms-documentdb-partitionkey", R"(["a"])"}};
  EXPECT_EQ(client.Query("SELECT * FROM c ORDER BY c.a, c.b DESC", key).status, 200);
  EXPECT_EQ(client.Query("SELECT * FROM c ORDER BY c.a DESC, c.b ASC", key).status, 200);
  EXPECT_EQ(client.Query("SELECT * FROM c ORDER BY c.a, c.b", key).status, 400);
  EXPECT_EQ(client.Query("SELECT * FROM c ORDER BY c.b, c.a", key).status, 400);
  EXPECT_EQ(client.Query("SELECT * FROM c ORDER BY c.a", key).status, 200);
}

TEST(Queries, BadTextsHaveTheServicesErrorShape) {
  TestClient client(Unlimited());
  client.MakeContainer();
  const Reply reply = client.Query("SELEC * FROM c");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(Body(reply)["code"].string(), "BadRequest");
  EXPECT_THAT(Body(reply)["message"].string(), HasSubstr("Syntax error"));
  EXPECT_EQ(
      client.Call("POST", TestClient::kDocs, {{"x-ms-documentdb-isquery", "True"}}, R"({"q":1})")
          .status,
      400);
}

TEST(Queries, AreChargedAndThrottledAfterwards) {
  TestClient client;
  client.MakeContainer();
  int pages = 0;
  while (client.Query("SELECT * FROM c").status == 200 && pages < 1000) ++pages;
  EXPECT_GT(pages, 100);
  const Reply reply = client.Query("SELECT * FROM c");
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(Substatus(reply), "3200");
}

TEST(Feeds, ReadEverythingInPages) {
  TestClient client(Unlimited());
  client.MakeContainer(4);
  Fill(&client, 50);
  std::set<std::string> ids;
  std::string continuation;
  int pages = 0;
  do {
    Headers headers = {{"x-ms-max-item-count", "8"}};
    if (!continuation.empty()) headers.emplace_back("x-ms-continuation", continuation);
    const Reply reply = client.Call("GET", TestClient::kDocs, headers);
    const Value body = Body(reply);
    for (const Value& document : body["Documents"].array()) {
      EXPECT_TRUE(ids.insert(document["id"].string()).second);
    }
    continuation = reply.Header("x-ms-continuation");
  } while (!continuation.empty() && ++pages < 100);
  EXPECT_EQ(ids.size(), 50u);
}

}  // namespace
}  // namespace spillway::emulator
