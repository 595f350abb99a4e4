#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emulator/service/test_client.h"

namespace spillway::emulator {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Account, NamesTheHostThatWasAsked) {
  TestClient client;
  const Value account = Body(client.Call("GET", "/"));
  EXPECT_EQ(account["writableLocations"].At(0)["databaseAccountEndpoint"].string(),
            "http://localhost:8081/");
  EXPECT_EQ(account["userConsistencyPolicy"]["defaultConsistencyLevel"].string(), "Session");
  EXPECT_TRUE(ParseJson(account["queryEngineConfiguration"].string()).ok());
}

TEST(Databases, LiveAndDie) {
  TestClient client;
  const Reply created = client.Call("POST", "/dbs", {}, R"({"id":"d"})");
  EXPECT_EQ(created.status, 201);
  EXPECT_EQ(Body(created)["_colls"].string(), "colls/");
  EXPECT_EQ(client.Call("POST", "/dbs", {}, R"({"id":"d"})").status, 409);
  EXPECT_EQ(client.Call("POST", "/dbs", {}, R"({"id":"a/b"})").status, 400);
  EXPECT_EQ(client.Call("POST", "/dbs", {}, R"({})").status, 400);
  EXPECT_EQ(client.Call("POST", "/dbs", {}, "nope").status, 400);
  EXPECT_EQ(client.Call("GET", "/dbs/d").status, 200);
  EXPECT_EQ(client.Call("GET", "/dbs/x").status, 404);
  EXPECT_EQ(Body(client.Call("GET", "/dbs"))["_count"].number(), 1);
  EXPECT_EQ(client.Call("DELETE", "/dbs/d").status, 204);
  EXPECT_EQ(client.Call("GET", "/dbs/d").status, 404);
  EXPECT_EQ(client.Call("PUT", "/dbs/d").status, 405);
}

TEST(Databases, ListsComeInPages) {
  TestClient client;
  for (const char* id : {"a", "b", "c"}) {
    client.Call("POST", "/dbs", {}, std::string(R"({"id":")") + id + "\"}");
  }
  const Reply first = client.Call("GET", "/dbs", {{"x-ms-max-item-count", "2"}});
  EXPECT_EQ(Body(first)["_count"].number(), 2);
  const Reply second =
      client.Call("GET", "/dbs",
                  {{"x-ms-max-item-count", "2"},
                   {"x-ms-continuation", std::string(first.Header("x-ms-continuation"))}});
  EXPECT_EQ(Body(second)["_count"].number(), 1);
  EXPECT_EQ(second.Header("x-ms-continuation"), "");
}

TEST(Databases, AreFoundByQuery) {
  TestClient client;
  client.Call("POST", "/dbs", {}, R"({"id":"a"})");
  client.Call("POST", "/dbs", {}, R"({"id":"b"})");
  const Reply found = client.Call(
      "POST", "/dbs", {{"x-ms-documentdb-isquery", "true"}},
      R"({"query":"SELECT * FROM r WHERE r.id=@id","parameters":[{"name":"@id","value":"b"}]})");
  EXPECT_EQ(Body(found)["Databases"].At(0)["id"].string(), "b");
  EXPECT_EQ(Body(found)["_count"].number(), 1);
}

TEST(Containers, KeepTheirUniqueKeys) {
  TestClient client;
  const std::string keys = R"(,"uniqueKeyPolicy":{"uniqueKeys":[{"paths":["/u"]}]})";
  client.MakeContainer(1, keys);
  const auto replace = [&](const std::string& more) {
    return client
        .Call(
            "PUT", "/dbs/d/colls/c", {},
            R"({"id":"c","partitionKey":{"paths":["/pk"],"kind":"Hash","version":2})" + more + "}")
        .status;
  };
  EXPECT_EQ(replace(keys), 200);
  EXPECT_EQ(replace(""), 403);
}

TEST(Containers, LiveAndDie) {
  TestClient client;
  client.MakeContainer();
  EXPECT_EQ(client.Call("POST", "/dbs/d/colls", {}, R"({"id":"c"})").status, 409);
  EXPECT_EQ(client.Call("POST", "/dbs/x/colls", {}, R"({"id":"c"})").status, 404);
  EXPECT_EQ(client.Call("POST", "/dbs/d/colls", {}, R"({"id":"e","partitionKey":{"paths":["x"]}})")
                .status,
            400);
  const Reply read = client.Call("GET", "/dbs/d/colls/c");
  EXPECT_EQ(read.Header("x-ms-documentdb-collection-index-transformation-progress"), "100");
  EXPECT_EQ(Body(read)["indexingPolicy"]["indexingMode"].string(), "consistent");
  EXPECT_EQ(Body(client.Call("GET", "/dbs/d/colls"))["DocumentCollections"].At(0)["id"].string(),
            "c");
  EXPECT_EQ(
      client
          .Call(
              "PUT", "/dbs/d/colls/c", {},
              R"({"id":"c","partitionKey":{"paths":["/pk"],"kind":"Hash","version":2},"defaultTtl":5})")
          .status,
      200);
  EXPECT_EQ(client
                .Call("PUT", "/dbs/d/colls/c", {},
                      R"({"id":"c","partitionKey":{"paths":["/other"],"kind":"Hash","version":2}})")
                .status,
            400);
  EXPECT_EQ(client.Call("DELETE", "/dbs/d/colls/c").status, 204);
  EXPECT_EQ(client.Call("GET", "/dbs/d/colls/c").status, 404);
  const Reply missing = client.Point("GET", "1", R"(["a"])");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(Substatus(missing), "1003");
}

TEST(Containers, TellTheirQuotaWhenAsked) {
  TestClient client;
  client.MakeContainer();
  client.Write(R"({"id":"1","pk":"a"})", R"(["a"])");
  const Reply reply =
      client.Call("GET", "/dbs/d/colls/c", {{"x-ms-documentdb-populatequotainfo", "True"}});
  EXPECT_THAT(std::string(reply.Header("x-ms-resource-usage")), HasSubstr("documentsCount=1;"));
}

TEST(Containers, WithoutAPartitionKeyHaveTheQuotaOfOnePartition) {
  TestClient client;
  client.Call("POST", "/dbs", {}, R"({"id":"d"})");
  client.Call("POST", "/dbs/d/colls", {}, R"({"id":"c"})");
  const Reply reply =
      client.Call("GET", "/dbs/d/colls/c", {{"x-ms-documentdb-populatequotainfo", "True"}});
  EXPECT_THAT(std::string(reply.Header("x-ms-resource-quota")),
              HasSubstr("collectionSize=10485760;"));
}

TEST(Containers, GiveASessionTokenThatReadsCanMeet) {
  TestClient client;
  client.MakeContainer();
  const Reply written = client.Write(R"({"id":"1","pk":"a"})", R"(["a"])");
  const Reply read = client.Call("GET", "/dbs/d/colls/c");
  EXPECT_EQ(read.Header("x-ms-session-token"), written.Header("x-ms-session-token"));
}

TEST(Containers, AlwaysLeaveTheEtagOutOfTheIndex) {
  TestClient client;
  client.MakeContainer(1, R"(,"indexingPolicy":{"excludedPaths":[{"path":"/big/*"}]})");
  const Value excluded =
      Body(client.Call("GET", "/dbs/d/colls/c"))["indexingPolicy"]["excludedPaths"];
  ASSERT_EQ(excluded.array().size(), 2u);
  EXPECT_EQ(excluded.At(0)["path"].string(), "/big/*");
  EXPECT_EQ(excluded.At(1)["path"].string(), R"(/"_etag"/?)");
}

TEST(Containers, TellOldClientsTheKindsOfTheirIndexes) {
  TestClient client;
  client.MakeContainer(
      1, R"(,"indexingPolicy":{"includedPaths":[{"path":"/*","indexes":[{"kind":"Hash",)"
         R"("dataType":"Number","precision":2},{"kind":"Spatial","dataType":"Point"}]}]})");
  const auto kinds = [&](const char* version) {
    std::string text;
    const Reply reply = client.Call("GET", "/dbs/d/colls/c", {{"x-ms-version", version}});
    const Value indexes = Body(reply)["indexingPolicy"]["includedPaths"].At(0)["indexes"];
    for (const Value& index : indexes.array()) {
      text += index["kind"].string() + index["dataType"].string() + " ";
    }
    return text;
  };
  EXPECT_EQ(kinds("2017-11-15"), "HashNumber SpatialPoint HashString ");
  EXPECT_EQ(kinds("2018-06-18"), "RangeNumber RangeString SpatialPoint ");
  EXPECT_EQ(kinds("2020-07-15"), "HashNumber SpatialPoint ") << "as it was given";
}

TEST(Containers, IndexedLazilyTellHowFarTheyAre) {
  TestClient client;
  client.MakeContainer(1, R"(,"indexingPolicy":{"indexingMode":"lazy"})");
  const std::string_view header = "x-ms-documentdb-collection-lazy-indexing-progress";
  EXPECT_EQ(client.Call("GET", "/dbs/d/colls/c").Header(header), "100");
  client.Call("POST", "/dbs/d/colls", {}, R"({"id":"e"})");
  EXPECT_EQ(client.Call("GET", "/dbs/d/colls/e").Header(header), "");
}

TEST(Containers, ATimeToLiveIsANumberOrAbsent) {
  TestClient client;
  client.Call("POST", "/dbs", {}, R"({"id":"d"})");
  for (const char* ttl : {"null", "0", "-10", "1.5", "\"5\"", "2147483648"}) {
    const Reply reply = client.Call("POST", "/dbs/d/colls", {},
                                    R"({"id":"c","defaultTtl":)" + std::string(ttl) + "}");
    EXPECT_EQ(reply.status, 400) << ttl;
  }
}

TEST(Containers, OfDifferentDatabasesDifferInTheirPartOfTheRid) {
  TestClient client;
  std::set<std::string> parts;
  for (const std::string id : {"a", "b", "c"}) {
    client.Call("POST", "/dbs", {}, R"({"id":")" + id + "\"}");
    const Reply created = client.Call("POST", "/dbs/" + id + "/colls", {}, R"({"id":"c"})");
    parts.insert(RidBytes(Body(created)["_rid"].string())->substr(4));
  }
  EXPECT_EQ(parts.size(), 3u);
}

TEST(Containers, AContainerMadeAnewIsNoticed) {
  TestClient client;
  client.MakeContainer();
  const std::string rid = Body(client.Call("GET", "/dbs/d/colls/c"))["_rid"].string();
  const Headers guard = {{"x-ms-cosmos-intended-collection-rid", rid}};
  EXPECT_EQ(client.Write(R"({"id":"1","pk":"a"})", R"(["a"])", true, guard).status, 201);
  client.Call("DELETE", "/dbs/d");
  client.MakeContainer();
  const Reply reply = client.Write(R"({"id":"1","pk":"a"})", R"(["a"])", true, guard);
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(Substatus(reply), "1024");
}

TEST(Ranges, FollowTheThroughput) {
  struct {
    Headers headers;
    double count;
  } const cases[] = {
      {{}, 1},
      {{{"x-ms-offer-throughput", "6000"}}, 1},
      {{{"x-ms-offer-throughput", "25100"}}, 5},
      {{{"x-ms-offer-throughput", "30000"}}, 5},
      {{{"x-ms-cosmos-offer-autopilot-settings", R"({"maxThroughput":20000})"}}, 2},
  };
  for (const auto& test : cases) {
    TestClient client;
    client.Call("POST", "/dbs", {}, R"({"id":"d"})");
    client.Call("POST", "/dbs/d/colls", test.headers,
                R"({"id":"c","partitionKey":{"paths":["/pk"],"version":2}})");
    const Value ranges = Body(client.Call("GET", "/dbs/d/colls/c/pkranges"));
    EXPECT_EQ(ranges["_count"].number(), test.count);
    EXPECT_EQ(ranges["PartitionKeyRanges"].At(0)["minInclusive"].string(), "");
    EXPECT_TRUE(ranges["PartitionKeyRanges"].At(0)["id"].is_string());
  }
}

TEST(Ranges, AreAFeedThatEnds) {
  TestClient client;
  client.MakeContainer(2);
  const Headers feed = {{"a-im", "Incremental Feed"}, {"x-ms-max-item-count", "-1"}};
  const Reply all = client.Call("GET", "/dbs/d/colls/c/pkranges", feed);
  EXPECT_EQ(all.status, 200);
  Headers next = feed;
  next.emplace_back("if-none-match", std::string(all.Header("etag")));
  EXPECT_EQ(client.Call("GET", "/dbs/d/colls/c/pkranges", next).status, 304);
  bool by_rid = false;
  const auto database = client.service->account().FindDatabase("d", &by_rid);
  ASSERT_TRUE(database->containers.at("c")->Split("0").ok());
  const Value after = Body(client.Call("GET", "/dbs/d/colls/c/pkranges", next));
  std::vector<std::string> ids;
  for (const Value& range : after["PartitionKeyRanges"].array()) {
    ids.push_back(range["id"].string());
  }
  EXPECT_THAT(ids, ElementsAre("2", "3", "1"));
  EXPECT_EQ(after["PartitionKeyRanges"].At(0)["parents"].At(0).string(), "0");
}

TEST(Offers, AreFoundChangedAndBounded) {
  TestClient client;
  client.MakeContainer(1, "", {{"x-ms-offer-throughput", "1000"}});
  const std::string self = Body(client.Call("GET", "/dbs/d/colls/c"))["_self"].string();
  const Reply found =
      client.Call("POST", "/offers",
                  {{"x-ms-documentdb-isquery", "true"}, {"content-type", "application/query+json"}},
                  R"({"query":"SELECT * from root where root.resource = \")" + self + "\\\"\"}");
  Value offer = Body(found)["Offers"].At(0);
  ASSERT_TRUE(offer.is_object()) << found.body;
  EXPECT_EQ(offer["content"]["offerThroughput"].number(), 1000);
  const std::string path = "/offers/" + offer["id"].string();
  EXPECT_EQ(client.Call("GET", path).Header("x-ms-cosmos-min-throughput"), "400");
  const auto replace = [&](double units, Headers headers = {}) {
    offer.FindMutable("content")->Set("offerThroughput", units);
    return client.Call("PUT", path, headers, ToJson(offer));
  };
  EXPECT_EQ(replace(2000).status, 200);
  EXPECT_EQ(replace(450).status, 400);
  EXPECT_EQ(replace(100).status, 400);
  EXPECT_EQ(Body(client.Call("GET", path))["content"]["offerThroughput"].number(), 2000);
  const Reply autoscale = replace(-1, {{"x-ms-cosmos-migrate-offer-to-autopilot", "true"}});
  EXPECT_EQ(Body(autoscale)["content"]["offerAutopilotSettings"]["maxThroughput"].number(), 2000);
  EXPECT_EQ(client.Call("GET", "/offers/none").status, 404);
}

TEST(Offers, AreReplacedByTheWholeResource) {
  TestClient client;
  client.MakeContainer();
  const Value offer = Body(client.Call("GET", "/offers"))["Offers"].At(0);
  const std::string path = "/offers/" + offer["id"].string();
  EXPECT_EQ(client.Call("PUT", path, {}, ToJson(offer)).status, 200);
  for (const char* name : {"id", "_rid"}) {
    Value wrong = offer;
    wrong.Set(name, "NotAllowed");
    EXPECT_EQ(client.Call("PUT", path, {}, ToJson(wrong)).status, 400) << name;
    wrong.Erase(name);
    EXPECT_EQ(client.Call("PUT", path, {}, ToJson(wrong)).status, 400) << name;
  }
}

TEST(Offers, AChangeCanTakeTime) {
  ServerOptions options;
  options.throughput_change_pending = std::chrono::seconds(10);
  TestClient client(options);
  client.MakeContainer();
  Value offer = Body(client.Call("GET", "/offers"))["Offers"].At(0);
  const std::string path = "/offers/" + offer["id"].string();
  offer.FindMutable("content")->Set("offerThroughput", 1000);
  const Reply changing = client.Call("PUT", path, {}, ToJson(offer));
  EXPECT_EQ(changing.Header("x-ms-offer-replace-pending"), "true");
  EXPECT_EQ(Substatus(client.Call("PUT", path, {}, ToJson(offer))), "3205");
  client.clock.Advance(std::chrono::seconds(11));
  const Reply changed = client.Call("GET", path);
  EXPECT_EQ(changed.Header("x-ms-offer-replace-pending"), "false");
  EXPECT_EQ(Body(changed)["content"]["offerThroughput"].number(), 1000);
}

TEST(Containers, AChangedIndexPolicyIsFollowedWithTime) {
  ServerOptions options;
  options.index_transformation = std::chrono::seconds(10);
  TestClient client(options);
  client.MakeContainer();
  const auto progress = [&] {
    const Reply reply = client.Call("GET", "/dbs/d/colls/c");
    return std::string(reply.Header("x-ms-documentdb-collection-index-transformation-progress"));
  };
  EXPECT_EQ(progress(), "100");
  Value definition = Body(client.Call("GET", "/dbs/d/colls/c"));
  EXPECT_EQ(client.Call("PUT", "/dbs/d/colls/c", {}, ToJson(definition)).status, 200);
  EXPECT_EQ(progress(), "100") << "the policy is the same";
  definition.Set("indexingPolicy",
                 *ParseJson(R"({"includedPaths":[],"excludedPaths":[{"path":"/*"}]})"));
  EXPECT_EQ(client.Call("PUT", "/dbs/d/colls/c", {}, ToJson(definition)).status, 200);
  EXPECT_EQ(progress(), "0");
  client.clock.Advance(std::chrono::seconds(4));
  EXPECT_EQ(progress(), "40");
  client.clock.Advance(std::chrono::seconds(7));
  EXPECT_EQ(progress(), "100");
}

TEST(Throughput, WrongRequestsAreRefused) {
  TestClient client;
  client.Call("POST", "/dbs", {}, R"({"id":"d"})");
  const Headers wrong[] = {{{"x-ms-offer-throughput", "300"}},
                           {{"x-ms-offer-throughput", "450"}},
                           {{"x-ms-offer-throughput", "many"}},
                           {{"x-ms-cosmos-offer-autopilot-settings", R"({"maxThroughput":500})"}},
                           {{"x-ms-cosmos-offer-autopilot-settings", R"({})"}},
                           {{"x-ms-offer-throughput", "400"},
                            {"x-ms-cosmos-offer-autopilot-settings", R"({"maxThroughput":1000})"}}};
  for (const Headers& headers : wrong) {
    EXPECT_EQ(client.Call("POST", "/dbs/d/colls", headers, R"({"id":"c"})").status, 400);
  }
}

TEST(Throughput, ADatabasesUnitsAreShared) {
  TestClient client;
  client.Call("POST", "/dbs", {{"x-ms-offer-throughput", "400"}}, R"({"id":"d"})");
  for (const char* id : {"c", "e"}) {
    client.Call(
        "POST", "/dbs/d/colls", {},
        std::string(R"({"id":")") + id + R"(","partitionKey":{"paths":["/pk"],"version":2}})");
  }
  EXPECT_EQ(Body(client.Call("GET", "/offers"))["_count"].number(), 1);
  int written = 0;
  while (client.Write(R"({"id":"1","pk":"a"})", R"(["a"])").status < 300 && written < 1000)
    ++written;
  EXPECT_GT(written, 10);
  EXPECT_EQ(
      client
          .Call(
              "POST", "/dbs/d/colls/e/docs", {{"x-ms-documentdb-partitionkey", R"(["a"])"}},
              R"({"id":"1","pk":"a","a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1})")
          .status,
      429);
}

TEST(Throughput, A429SaysWhenToComeBack) {
  TestClient client;
  client.MakeContainer(2);
  Reply reply;
  for (int i = 0; i < 1000; ++i) {
    reply = client.Write(R"({"id":"1","pk":"a"})", R"(["a"])");
    if (reply.status == 429) break;
  }
  ASSERT_EQ(reply.status, 429);
  EXPECT_EQ(Substatus(reply), "3200");
  const int wait_ms = std::stoi(std::string(reply.Header("x-ms-retry-after-ms")));
  EXPECT_GT(wait_ms, 0);
  EXPECT_EQ(client.Write(R"({"id":"1","pk":"tenant1"})", R"(["tenant1"])").status, 201)
      << "the other range has its own budget";
  client.clock.Advance(std::chrono::milliseconds(wait_ms));
  EXPECT_EQ(client.Write(R"({"id":"1","pk":"a"})", R"(["a"])").status, 200);
}

TEST(Conflicts, AreNone) {
  TestClient client;
  client.MakeContainer();
  EXPECT_EQ(Body(client.Call("GET", "/dbs/d/colls/c/conflicts"))["_count"].number(), 0);
  const Reply found = client.Call(
      "POST", "/dbs/d/colls/c/conflicts",
      {{"x-ms-documentdb-isquery", "True"}, {"x-ms-documentdb-query-enablecrosspartition", "True"}},
      R"({"query":"SELECT * FROM c"})");
  ASSERT_EQ(found.status, 200) << found.body;
  EXPECT_TRUE(Body(found)["Conflicts"].array().empty());
  EXPECT_EQ(client.Call("POST", "/dbs/d/colls/c/conflicts", {}, "{}").status, 405);
  EXPECT_EQ(client.Call("GET", "/dbs/d/colls/x/conflicts").status, 404);
}

TEST(Unsupported, IsToldClearly) {
  TestClient client;
  client.MakeContainer();
  EXPECT_EQ(client.Call("GET", "/dbs/d/colls/c/sprocs").status, 501);
  EXPECT_EQ(client.Call("POST", "/dbs/d/users", {}, "{}").status, 501);
}

TEST(Conflicts, AreNotFoundByIdAndWantAPartitionKeyInQueries) {
  TestClient client;
  client.MakeContainer(2);
  const std::string path = "/dbs/d/colls/c/conflicts";
  EXPECT_EQ(client.Call("GET", path + "/x").status, 404);
  EXPECT_EQ(client.Call("DELETE", path + "/x").status, 404);
  const Headers query = {{"x-ms-documentdb-isquery", "True"},
                         {"content-type", "application/query+json"}};
  const std::string body = R"({"query":"SELECT * FROM c"})";
  EXPECT_EQ(client.Call("POST", path, query, body).status, 400);
  Headers keyed = query;
  keyed.emplace_back("x-ms-documentdb-partitionkey", R"(["a"])");
  EXPECT_EQ(client.Call("POST", path, keyed, body).status, 200);
}

// They come back in headers.
TEST(Containers, HaveNoControlCharactersInTheirNames) {
  TestClient client;
  EXPECT_EQ(client.Call("POST", "/dbs", {}, R"({"id":"a\r\nx-injected: 1"})").status, 400);
  EXPECT_EQ(client.Call("POST", "/dbs", {}, R"({"id":"a\u007f"})").status, 400);
}

}  // namespace
}  // namespace spillway::emulator
