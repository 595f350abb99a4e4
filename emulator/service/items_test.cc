#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emulator/service/test_client.h"

namespace spillway::emulator {
namespace {

using testing::HasSubstr;

TEST(Items, PointOperationsHaveTheStatusCodesOfTheService) {
  TestClient client;
  client.MakeContainer();
  EXPECT_EQ(client.Write(R"({"id":"1","pk":"a"})", R"(["a"])", false).status, 201);
  EXPECT_EQ(client.Write(R"({"id":"1","pk":"a"})", R"(["a"])", false).status, 409);
  EXPECT_EQ(client.Write(R"({"id":"1","pk":"a"})", R"(["a"])").status, 200);
  EXPECT_EQ(client.Write(R"({"id":"2","pk":"a"})", R"(["a"])").status, 201);
  EXPECT_EQ(client.Point("GET", "1", R"(["a"])").status, 200);
  EXPECT_EQ(client.Point("GET", "1", R"(["b"])").status, 404);
  EXPECT_EQ(client.Point("PUT", "1", R"(["a"])", {}, R"({"id":"1","pk":"a","x":1})").status, 200);
  EXPECT_EQ(client.Point("PUT", "9", R"(["a"])", {}, R"({"id":"9","pk":"a"})").status, 404);
  EXPECT_EQ(client.Point("PUT", "1", R"(["a"])", {}, R"({"id":"2","pk":"a"})").status, 409);
  const Reply deleted = client.Point("DELETE", "1", R"(["a"])");
  EXPECT_EQ(deleted.status, 204);
  EXPECT_EQ(deleted.body, "");
  EXPECT_EQ(client.Point("DELETE", "1", R"(["a"])").status, 404);
  EXPECT_EQ(client.Point("POST", "1", R"(["a"])").status, 405);
}

TEST(Items, TheSameIdLivesInEveryLogicalPartition) {
  TestClient client;
  client.MakeContainer(4);
  for (const char* pk : {"a", "b", "c", "d"}) {
    const std::string key = "[\"" + std::string(pk) + "\"]";
    EXPECT_EQ(client.Write("{\"id\":\"1\",\"pk\":\"" + std::string(pk) + "\"}", key).status, 201);
  }
  EXPECT_EQ(Body(client.Point("GET", "1", R"(["c"])"))["pk"].string(), "c");
}

TEST(Items, RefusesTheServicesBinaryJson) {
  TestClient client;
  client.MakeContainer();
  const Reply reply = client.Write("\x80\xec\x01", R"(["a"])");
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, testing::HasSubstr("Binary JSON is not supported"));
}

TEST(Items, RefusesBadDocuments) {
  TestClient client;
  client.MakeContainer();
  struct {
    std::string document, key;
    int status;
    const char* substatus;
  } const cases[] = {
      {R"({"id":"1","pk":"a")", R"(["a"])", 400, ""},
      {R"({"pk":"a"})", R"(["a"])", 400, ""},
      {R"({"id":5,"pk":"a"})", R"(["a"])", 400, ""},
      {R"({"id":"","pk":"a"})", R"(["a"])", 400, ""},
      {R"({"id":"a/b","pk":"a"})", R"(["a"])", 400, ""},
      {R"({"id":"a\\b","pk":"a"})", R"(["a"])", 400, ""},
      {R"({"id":")" + std::string(1024, 'i') + R"(","pk":"a"})", R"(["a"])", 400, ""},
      {R"({"id":"1","pk":"a"})", R"(["b"])", 400, "1001"},
      {R"({"id":"1"})", R"(["a"])", 400, "1001"},
      {R"({"id":"1","pk":null})", R"([{}])", 400, "1001"},
      {R"({"id":"1","pk":{"x":1}})", R"(["a"])", 400, ""},
      {R"({"id":"1","pk":"a"})", R"("a")", 400, ""},
      {R"({"id":"1","pk":"a","ttl":0})", R"(["a"])", 400, ""},
      {R"({"id":"1","pk":"a","ttl":"x"})", R"(["a"])", 400, ""},
      {R"({"id":"1","pk":")" + std::string(2049, 'k') + R"("})",
       R"([")" + std::string(2049, 'k') + R"("])", 400, ""},
      {R"([1])", R"(["a"])", 400, ""},
      {R"({"id":"1","pk":"a","big":")" + std::string(2 * 1024 * 1024, 'x') + R"("})", R"(["a"])",
       413, ""},
  };
  for (const auto& test : cases) {
    const Reply reply = client.Write(test.document, test.key);
    EXPECT_EQ(reply.status, test.status) << test.document.substr(0, 100) << reply.body;
    EXPECT_EQ(Substatus(reply), test.substatus) << test.document.substr(0, 100);
  }
  const Reply no_key = client.Call("POST", TestClient::kDocs, {}, R"({"id":"1","pk":"a"})");
  EXPECT_EQ(no_key.status, 400);
}

TEST(Items, KeysOfEveryTypeAreToldApart) {
  TestClient client;
  client.MakeContainer(4);
  const std::pair<const char*, const char*> keys[] = {{R"("a")", R"(["a"])"},
                                                      {"5", "[5]"},
                                                      {"5.0", "[5]"},
                                                      {"true", "[true]"},
                                                      {"null", "[null]"},
                                                      {"\"5\"", R"(["5"])"},
                                                      {R"("\u00e9")", R"(["\u00e9"])"}};
  for (const auto& [value, key] : keys) {
    const std::string document = std::string(R"({"id":"x","pk":)") + value + "}";
    EXPECT_LT(client.Write(document, key).status, 300) << document;
    EXPECT_EQ(client.Point("GET", "x", key).status, 200) << key;
  }
  EXPECT_EQ(client.Write(R"({"id":"x"})", "[{}]").status, 201);
  EXPECT_EQ(client.Point("GET", "x", "[{}]").status, 200);
}

TEST(Items, ShowTheServicesProperties) {
  TestClient client;
  client.MakeContainer();
  const Reply reply = client.Write(R"({"id":"1","pk":"a","_ts":5,"_etag":"mine"})", R"(["a"])");
  const Value document = Body(reply);
  EXPECT_EQ(document["_etag"].string(), reply.Header("etag"));
  EXPECT_GT(document["_ts"].number(), 1'600'000'000);
  EXPECT_EQ(document["_rid"].string().size(), 24u);
  EXPECT_THAT(document["_self"].string(), HasSubstr("/docs/"));
  EXPECT_EQ(document["_attachments"].string(), "attachments/");
  EXPECT_EQ(reply.Header("x-ms-alt-content-path"), "dbs/d/colls/c");
  EXPECT_EQ(reply.Header("x-ms-session-token"), "0:-1#2");
  EXPECT_EQ(reply.Header("lsn"), "2");
}

TEST(Items, NumbersAreDoubles) {
  TestClient client;
  client.MakeContainer();
  const Reply reply = client.Write(R"({"id":"1","pk":"a","n":9007199254740993})", R"(["a"])");
  EXPECT_THAT(reply.body, HasSubstr(R"("n":9007199254740992)"));
}

TEST(Items, EtagsGuardWrites) {
  TestClient client;
  client.MakeContainer();
  const std::string etag(client.Write(R"({"id":"1","pk":"a"})", R"(["a"])").Header("etag"));
  const std::string other = "\"other\"";
  const std::string document = R"({"id":"1","pk":"a"})";
  EXPECT_EQ(client.Point("GET", "1", R"(["a"])", {{"if-none-match", etag}}).status, 304);
  EXPECT_EQ(client.Point("GET", "1", R"(["a"])", {{"if-none-match", other}}).status, 200);
  EXPECT_EQ(client.Point("PUT", "1", R"(["a"])", {{"if-match", other}}, document).status, 412);
  EXPECT_EQ(client.Write(document, R"(["a"])", true, {{"if-match", other}}).status, 412);
  EXPECT_EQ(client.Point("DELETE", "1", R"(["a"])", {{"if-match", other}}).status, 412);
  EXPECT_EQ(client.Write(R"({"id":"2","pk":"a"})", R"(["a"])", true, {{"if-match", other}}).status,
            201);
  const Reply replaced = client.Point("PUT", "1", R"(["a"])", {{"if-match", etag}}, document);
  EXPECT_EQ(replaced.status, 200);
  EXPECT_NE(replaced.Header("etag"), etag);
  EXPECT_EQ(client.Point("DELETE", "1", R"(["a"])", {{"if-match", "*"}}).status, 204);
}

TEST(Items, MinimalReturnKeepsTheStatus) {
  TestClient client;
  client.MakeContainer();
  const Reply prefer =
      client.Write(R"({"id":"1","pk":"a"})", R"(["a"])", true, {{"prefer", "return=minimal"}});
  EXPECT_EQ(prefer.status, 201);
  EXPECT_EQ(prefer.body, "");
  EXPECT_FALSE(prefer.Header("etag").empty());
  const Reply populate =
      client.Write(R"({"id":"1","pk":"a"})", R"(["a"])", true,
                   {{"x-ms-cosmos-populate-content-response-on-write", "false"}});
  EXPECT_EQ(populate.status, 200);
  EXPECT_EQ(populate.body, "");
}

TEST(Items, PatchAppliesAllOrNothing) {
  TestClient client;
  client.MakeContainer();
  client.Write(R"({"id":"1","pk":"a","n":1,"tags":["x"],"o":{"p":1},"rev":3})", R"(["a"])");
  const auto patch = [&](const std::string& body) {
    return client.Point("PATCH", "1", R"(["a"])", {}, body);
  };
  const Reply all =
      patch(R"([{"op":"set","path":"/s","value":"v"},{"op":"incr","path":"/n","value":5},
      {"op":"add","path":"/tags/-","value":"y"},{"op":"add","path":"/tags/0","value":"w"},
      {"op":"set","path":"/tags/1","value":"X"},{"op":"replace","path":"/o/p","value":null},
      {"op":"remove","path":"/rev"},{"op":"move","from":"/s","path":"/moved"},
      {"op":"incr","path":"/fresh","value":2}])");
  ASSERT_EQ(all.status, 200) << all.body;
  EXPECT_THAT(all.body, HasSubstr(R"("n":6,"tags":["w","X","y"],"o":{"p":null})"));
  EXPECT_THAT(all.body, HasSubstr(R"("moved":"v","fresh":2)"));
  EXPECT_EQ(
      patch(
          R"({"condition":"from c where c.n = 6","operations":[{"op":"set","path":"/n","value":7}]})")
          .status,
      200);
  const Reply unmet = patch(
      R"({"condition":"from c where c.n = 6","operations":[{"op":"set","path":"/n","value":8}]})");
  EXPECT_EQ(unmet.status, 412);
  EXPECT_EQ(Substatus(unmet), "1110");
  for (const char* bad :
       {R"([{"op":"replace","path":"/none","value":1}])", R"([{"op":"remove","path":"/none"}])",
        R"([{"op":"set","path":"/id","value":"2"}])", R"([{"op":"set","path":"/pk","value":"b"}])",
        R"([{"op":"set","path":"/_ts","value":1}])", R"([{"op":"incr","path":"/tags","value":1}])",
        R"([{"op":"twist","path":"/n","value":1}])", R"([{"op":"set","path":"n","value":1}])",
        R"([{"op":"set","path":"/n"}])", "[]", "{}", "nope",
        R"([{"op":"set","path":"/n","value":1},{"op":"set","path":"/a/b/c","value":1}])",
        R"({"condition":"nonsense","operations":[{"op":"set","path":"/n","value":1}]})",
        R"([{"op":"set","path":"/a","value":1},{"op":"set","path":"/a","value":1},
            {"op":"set","path":"/a","value":1},{"op":"set","path":"/a","value":1},
            {"op":"set","path":"/a","value":1},{"op":"set","path":"/a","value":1},
            {"op":"set","path":"/a","value":1},{"op":"set","path":"/a","value":1},
            {"op":"set","path":"/a","value":1},{"op":"set","path":"/a","value":1},
            {"op":"set","path":"/a","value":1}])"}) {
    EXPECT_EQ(patch(bad).status, 400) << bad;
  }
  EXPECT_EQ(Body(client.Point("GET", "1", R"(["a"])"))["n"].number(), 7);
  EXPECT_EQ(
      client.Point("PATCH", "9", R"(["a"])", {}, R"([{"op":"set","path":"/n","value":1}])").status,
      404);
}

TEST(Items, UniqueKeysHoldInsideALogicalPartition) {
  TestClient client;
  client.MakeContainer(1, R"(,"uniqueKeyPolicy":{"uniqueKeys":[{"paths":["/email","/n"]}]})");
  EXPECT_EQ(client.Write(R"({"id":"1","pk":"a","email":"e","n":1})", R"(["a"])").status, 201);
  const Reply taken = client.Write(R"({"id":"2","pk":"a","email":"e","n":1})", R"(["a"])");
  EXPECT_EQ(taken.status, 409);
  EXPECT_EQ(Substatus(taken), "3301");
  EXPECT_EQ(client.Write(R"({"id":"2","pk":"b","email":"e","n":1})", R"(["b"])").status, 201);
  EXPECT_EQ(client.Write(R"({"id":"1","pk":"a","email":"e","n":1})", R"(["a"])").status, 200);
  EXPECT_EQ(client.Write(R"({"id":"1","pk":"a","email":"f","n":1})", R"(["a"])").status, 200);
  EXPECT_EQ(client.Write(R"({"id":"2","pk":"a","email":"e","n":1})", R"(["a"])").status, 201);
  EXPECT_EQ(client.Point("DELETE", "2", R"(["a"])").status, 204);
  EXPECT_EQ(client.Write(R"({"id":"3","pk":"a","email":"e","n":1})", R"(["a"])").status, 201);
}

TEST(Items, ExpireWhenTheirTimeIsOver) {
  TestClient client;
  client.MakeContainer(1, R"(,"defaultTtl":10)");
  client.Write(R"({"id":"default","pk":"a"})", R"(["a"])");
  client.Write(R"({"id":"long","pk":"a","ttl":100})", R"(["a"])");
  client.Write(R"({"id":"never","pk":"a","ttl":-1})", R"(["a"])");
  client.clock.Advance(std::chrono::seconds(11));
  EXPECT_EQ(client.Point("GET", "default", R"(["a"])").status, 404);
  EXPECT_EQ(client.Point("GET", "long", R"(["a"])").status, 200);
  EXPECT_EQ(client.Write(R"({"id":"default","pk":"a"})", R"(["a"])", false).status, 201);
  client.clock.Advance(std::chrono::seconds(100));
  EXPECT_EQ(Body(client.Query("SELECT VALUE c.id FROM c"))["_count"].number(), 1);
  client.service->PurgeExpired();
  EXPECT_EQ(client.Point("GET", "never", R"(["a"])").status, 200);
}

TEST(Items, SessionTokensAheadOfThePartitionAreRefusedOnReads) {
  TestClient client;
  client.MakeContainer();
  client.Write(R"({"id":"1","pk":"a"})", R"(["a"])");
  const auto read = [&](const std::string& token) {
    return client.Point("GET", "1", R"(["a"])", {{"x-ms-session-token", token}});
  };
  EXPECT_EQ(read("0:-1#1").status, 200);
  EXPECT_EQ(read("0:0#1#0=1,7:-1#99").status, 200);
  EXPECT_EQ(read("").status, 200);
  EXPECT_EQ(read("0:-1#3").status, 404);
  EXPECT_EQ(Substatus(read("0:-1#3")), "1002");
  EXPECT_EQ(read("0:-1#x").status, 400);
}

TEST(Items, SessionTokensOfOldClientsHaveNoVersion) {
  TestClient client;
  client.MakeContainer();
  const auto write = [&](const char* version) {
    const Reply reply =
        client.Write(R"({"id":"1","pk":"a"})", R"(["a"])", true, {{"x-ms-version", version}});
    return std::string(reply.Header("x-ms-session-token"));
  };
  EXPECT_EQ(write("2017-11-15"), "0:2");
  EXPECT_EQ(write("2018-06-18"), "0:-1#3");
  EXPECT_EQ(write("2020-07-15"), "0:-1#4");
  const auto read = [&](const std::string& token) {
    return client.Point("GET", "1", R"(["a"])", {{"x-ms-session-token", token}}).status;
  };
  EXPECT_EQ(read("0:4"), 200);
  EXPECT_EQ(read("0:5"), 404);
}

TEST(Items, AReplacementMayHaveAnotherId) {
  TestClient client;
  client.MakeContainer(1, R"(,"uniqueKeyPolicy":{"uniqueKeys":[{"paths":["/email"]}]})");
  const Value before = Body(client.Write(R"({"id":"1","pk":"a","email":"e"})", R"(["a"])"));
  client.Write(R"({"id":"taken","pk":"a","email":"f"})", R"(["a"])");
  const auto replace = [&](const char* document, Headers headers = {}) {
    return client.Point("PUT", "1", R"(["a"])", headers, document);
  };
  EXPECT_EQ(replace(R"({"id":"taken","pk":"a","email":"e"})").status, 409);
  EXPECT_EQ(replace(R"({"id":"2","pk":"a","email":"f"})").status, 409);
  EXPECT_EQ(replace(R"({"id":"2","pk":"a"})", {{"if-match", "\"other\""}}).status, 412);
  EXPECT_EQ(replace(R"({"id":"2","pk":"b"})").status, 400);
  const Reply renamed = replace(R"({"id":"2","pk":"a","email":"e"})");
  EXPECT_EQ(renamed.status, 200);
  EXPECT_EQ(Body(renamed)["_rid"].string(), before["_rid"].string());
  EXPECT_EQ(client.Point("GET", "1", R"(["a"])").status, 404);
  EXPECT_EQ(Body(client.Point("GET", "2", R"(["a"])"))["email"].string(), "e");
  EXPECT_EQ(client.Write(R"({"id":"3","pk":"a","email":"e"})", R"(["a"])").status, 409);
}

TEST(Items, LongKeysOfTheFirstHashVersionAreOneLogicalPartition) {
  TestClient client;
  client.Call("POST", "/dbs", {}, R"({"id":"d"})");
  client.Call("POST", "/dbs/d/colls", {}, R"({"id":"c","partitionKey":{"paths":["/pk"]}})");
  const std::string alike(100, 'a');
  const auto create = [&](const std::string& id, const std::string& pk) {
    return client.Write(R"({"id":")" + id + R"(","pk":")" + pk + "\"}", "[\"" + pk + "\"]", false)
        .status;
  };
  EXPECT_EQ(create("1", alike + "b"), 201);
  EXPECT_EQ(create("1", alike + "c"), 409);
  EXPECT_EQ(create("1", "b" + alike), 201);
  EXPECT_EQ(create("1", std::string(2049, 'x')), 400);
}

TEST(Items, ReadsSayWhereTheyWereServed) {
  TestClient client;
  client.MakeContainer();
  client.Write(R"({"id":"1","pk":"a"})", R"(["a"])");
  EXPECT_EQ(client.Point("GET", "1", R"(["a"])").Header("content-location"),
            "http://localhost:8081/dbs/d/colls/c/docs/1");
}

TEST(Items, AreNotFoundByResourceIdUnderAnotherKey) {
  TestClient client;
  client.MakeContainer();
  client.Write(R"({"id":"1","pk":"b"})", R"(["b"])");
  const std::string self =
      Body(client.Write(R"({"id":"1","pk":"a"})", R"(["a"])"))["_self"].string();
  EXPECT_EQ(client.Call("GET", "/" + self, {{"x-ms-documentdb-partitionkey", R"(["b"])"}}).status,
            404);
}

TEST(Items, AreFoundByResourceId) {
  TestClient client;
  client.MakeContainer(4);
  client.Write(R"({"id":"1","pk":"a"})", R"(["a"])");
  const std::string self =
      Body(client.Write(R"({"id":"2","pk":"a"})", R"(["a"])"))["_self"].string();
  const Reply reply =
      client.Call("GET", "/" + self, {{"x-ms-documentdb-partitionkey", R"(["a"])"}});
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(Body(reply)["id"].string(), "2");
}

TEST(Items, HierarchicalKeysNeedAllLevels) {
  TestClient client;
  client.Call("POST", "/dbs", {}, R"({"id":"d"})");
  ASSERT_EQ(
      client
          .Call("POST", "/dbs/d/colls", {},
                R"({"id":"c","partitionKey":{"paths":["/t","/u"],"kind":"MultiHash","version":2}})")
          .status,
      201);
  EXPECT_EQ(client.Write(R"({"id":"1","t":"x","u":5})", R"(["x",5])").status, 201);
  EXPECT_EQ(client.Write(R"({"id":"2","t":"x","u":6})", R"(["x",6])").status, 201);
  EXPECT_EQ(client.Point("GET", "1", R"(["x",5])").status, 200);
  EXPECT_EQ(client.Point("GET", "1", R"(["x"])").status, 400);
  const Reply prefix =
      client.Query("SELECT * FROM c", {{"x-ms-documentdb-partitionkey", R"(["x"])"}});
  EXPECT_EQ(Body(prefix)["_count"].number(), 2);
}

// The service takes the request units for it over time.
TEST(Items, DeleteByPartitionKeyIsWholeHoweverLittleThroughputThereIs) {
  TestClient client;
  client.MakeContainer();
  constexpr int kDocuments = 100;
  for (int i = 0; i < kDocuments; ++i) {
    client.clock.Advance(std::chrono::seconds(1));
    ASSERT_EQ(client.Write(R"({"id":")" + std::to_string(i) + R"(","pk":"a"})", R"(["a"])").status,
              201);
  }
  EXPECT_EQ(client
                .Call("POST", "/dbs/d/colls/c/operations/partitionkeydelete",
                      {{"x-ms-documentdb-partitionkey", R"(["a"])"}})
                .status,
            200);
  EXPECT_EQ(Body(client.Query("SELECT * FROM c"))["_count"].number(), 0);
}

// Queries and feeds as well as point reads.
TEST(Sessions, ATokenAheadOfAnyRangeThatIsReadIs404With1002) {
  TestClient client;
  client.MakeContainer(2);
  const Reply written = client.Write(R"({"id":"1","pk":"a"})", R"(["a"])");
  const auto token_of = [](uint64_t lsn) { return "1:-1#" + std::to_string(lsn); };
  const uint64_t lsn = std::stoull(std::string(written.Header("lsn")));
  ASSERT_EQ(written.Header("x-ms-session-token"), token_of(lsn));
  for (const auto& [token, status] :
       {std::pair(token_of(lsn), 200), std::pair(token_of(lsn + 1), 404),
        std::pair("0:-1#0," + token_of(lsn + 1), 404)}) {
    const Headers session = {{"x-ms-session-token", token}};
    Headers changes = session;
    changes.emplace_back("a-im", "Incremental Feed");
    for (const Reply& reply :
         {client.Query("SELECT * FROM c", session), client.Call("GET", TestClient::kDocs, session),
          client.Call("GET", TestClient::kDocs, changes)}) {
      EXPECT_EQ(reply.status, status) << token;
      EXPECT_EQ(Substatus(reply), status == 404 ? "1002" : "");
    }
  }
}

TEST(Items, DeleteByPartitionKeyLeavesTheOthers) {
  TestClient client;
  client.MakeContainer(2);
  for (const char* id : {"1", "2", "3"}) {
    client.Write(std::string(R"({"id":")") + id + R"(","pk":"a"})", R"(["a"])");
  }
  client.Write(R"({"id":"1","pk":"b"})", R"(["b"])");
  EXPECT_EQ(client
                .Call("POST", "/dbs/d/colls/c/operations/partitionkeydelete",
                      {{"x-ms-documentdb-partitionkey", R"(["a"])"}})
                .status,
            200);
  EXPECT_EQ(Body(client.Query("SELECT * FROM c"))["_count"].number(), 1);
}

}  // namespace
}  // namespace spillway::emulator
