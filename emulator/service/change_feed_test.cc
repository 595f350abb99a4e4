#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "emulator/service/handlers.h"
#include "emulator/service/test_client.h"

namespace spillway::emulator {
namespace {

using testing::ElementsAre;

class ChangeFeed : public testing::Test {
 protected:
  void Write(const std::string& id, const std::string& pk = "a") {
    client.Write("{\"id\":\"" + id + "\",\"pk\":\"" + pk + "\"}", "[\"" + pk + "\"]");
  }

  // The ids of one page; `etag` is the position before and after.
  std::vector<std::string> Read(std::string* etag, Headers extra = {}, int status = 200) {
    extra.emplace_back("a-im", "Incremental Feed");
    if (!etag->empty()) extra.emplace_back("if-none-match", *etag);
    const Reply reply = client.Call("GET", TestClient::kDocs, extra);
    EXPECT_EQ(reply.status, status) << reply.body;
    *etag = reply.Header("etag");
    std::vector<std::string> ids;
    if (reply.status != 200) return ids;
    const Value body = Body(reply);
    for (const Value& document : body["Documents"].array()) ids.push_back(document["id"].string());
    return ids;
  }

  TestClient client;
};

TEST_F(ChangeFeed, GivesTheLatestVersionInOrderOfWriting) {
  client.MakeContainer();
  for (const char* id : {"1", "2", "3", "1"}) Write(id);
  std::string etag;
  EXPECT_THAT(Read(&etag, {{"x-ms-max-item-count", "2"}}), ElementsAre("2", "3"));
  EXPECT_THAT(Read(&etag), ElementsAre("1"));
  EXPECT_THAT(Read(&etag, {}, 304), ElementsAre());
  Write("4");
  EXPECT_THAT(Read(&etag), ElementsAre("4"));
  client.Point("DELETE", "4", R"(["a"])");
  EXPECT_THAT(Read(&etag, {}, 304), ElementsAre());
}

// Seven documents of 1.2 MB need three answers of at most 4 MB, whatever they are asked with.
TEST(LargePages, EndBeforeFourMegabytes) {
  ServerOptions options;
  options.unlimited = true;
  TestClient client(options);
  client.MakeContainer(1, R"(,"changeFeedPolicy":{"retentionDuration":10})");
  const std::string text(1'200'000, 'x');
  for (int i = 0; i < 7; ++i) {
    client.Write("{\"id\":\"" + std::to_string(i) + R"(","pk":"a","t":")" + text + "\"}",
                 R"(["a"])");
  }
  const auto pages = [&](const std::string& method, Headers headers, const std::string& body,
                         const std::string& token_name, const std::string& next_name) {
    std::vector<int> counts;
    std::string token;
    headers.emplace_back("x-ms-max-item-count", "1000");
    headers.emplace_back("x-ms-documentdb-query-enablecrosspartition", "True");
    for (int page = 0; page < 9; ++page) {
      Headers with = headers;
      if (!token.empty()) with.emplace_back(token_name, token);
      const Reply reply = client.Call(method, TestClient::kDocs, with, body);
      if (reply.status == 304) break;
      EXPECT_EQ(reply.status, 200) << reply.body;
      EXPECT_LE(reply.body.size(), kAnswerBytesMax);
      counts.push_back(static_cast<int>(Body(reply)["_count"].number()));
      token = reply.Header(next_name);
      if (token.empty()) break;
    }
    return counts;
  };
  const std::string token = "x-ms-continuation";
  EXPECT_THAT(pages("GET", {}, "", token, token), ElementsAre(3, 3, 1));
  const Headers query = {{"content-type", "application/query+json"},
                         {"x-ms-documentdb-isquery", "True"}};
  EXPECT_THAT(pages("POST", query, R"({"query":"SELECT * FROM c"})", token, token),
              ElementsAre(3, 3, 1));
  const std::string sorted = R"({"query":"SELECT * FROM c ORDER BY c.id"})";
  Headers of_key = query;
  of_key.emplace_back("x-ms-documentdb-partitionkey", R"(["a"])");
  EXPECT_THAT(pages("POST", of_key, sorted, token, token), ElementsAre(3, 3, 1));
  for (const char* feed : {"Incremental Feed", "Full-Fidelity Feed"}) {
    EXPECT_THAT(pages("GET", {{"a-im", feed}}, "", "if-none-match", "etag"), ElementsAre(3, 3, 1));
  }
}

TEST_F(ChangeFeed, StartsNowOrAtATime) {
  client.MakeContainer();
  Write("old");
  std::string now = "*";
  EXPECT_THAT(Read(&now, {}, 304), ElementsAre());
  client.clock.Advance(std::chrono::seconds(100));
  const std::string time = FormatRfc1123(client.clock.WallNow());
  Write("new");
  EXPECT_THAT(Read(&now), ElementsAre("new"));
  std::string since;
  EXPECT_THAT(Read(&since, {{"if-modified-since", time}}), ElementsAre("new"));
  EXPECT_EQ(client
                .Call("GET", TestClient::kDocs,
                      {{"a-im", "Incremental Feed"}, {"if-modified-since", "yesterday"}})
                .status,
            400);
  EXPECT_EQ(client
                .Call("GET", TestClient::kDocs,
                      {{"a-im", "Incremental Feed"}, {"if-none-match", "\"x\""}})
                .status,
            400);
}

TEST_F(ChangeFeed, SaysHowMuchARangeHoldsWhenAsked) {
  client.MakeContainer();
  Write("1");
  Write("2");
  const Headers now = {{"a-im", "Incremental Feed"}, {"if-none-match", "*"}};
  EXPECT_EQ(client.Call("GET", TestClient::kDocs, now).Header("x-ms-resource-usage"), "");
  Headers asking = now;
  asking.emplace_back("x-ms-documentdb-populatequotainfo", "True");
  const Reply reply = client.Call("GET", TestClient::kDocs, asking);
  EXPECT_EQ(reply.status, 304);
  EXPECT_THAT(std::string(reply.Header("x-ms-resource-usage")),
              testing::HasSubstr("documentsSize=1;documentsCount=2;"));
}

TEST_F(ChangeFeed, IsScopedAndGoesOnAfterASplit) {
  client.MakeContainer();
  Write("1", "tenant1");
  Write("1", "tenant2");
  std::string key;
  EXPECT_EQ(Read(&key, {{"x-ms-documentdb-partitionkey", R"(["tenant1"])"}}).size(), 1u);
  std::string range;
  EXPECT_EQ(Read(&range, {{"x-ms-documentdb-partitionkeyrangeid", "0"}}).size(), 2u);
  bool by_rid = false;
  const auto database = client.service->account().FindDatabase("d", &by_rid);
  ASSERT_TRUE(database->containers.at("c")->Split("0").ok());
  std::string child = range;
  EXPECT_THAT(Read(&child, {{"x-ms-documentdb-partitionkeyrangeid", "1"}}, 304), ElementsAre());
  Write("2", "tenant1");
  EXPECT_THAT(Read(&child, {{"x-ms-documentdb-partitionkeyrangeid", "1"}}), ElementsAre("2"));
  std::string all;
  EXPECT_EQ(Read(&all).size(), 3u);
  Write("3", "tenant2");
  EXPECT_THAT(Read(&all), ElementsAre("3"));
}

TEST_F(ChangeFeed, AllVersionsShowEveryChange) {
  client.MakeContainer(1, R"(,"changeFeedPolicy":{"retentionDuration":5})");
  Write("1");
  Write("1");
  client.Point("DELETE", "1", R"(["a"])");
  const Value body = Body(client.Call("GET", TestClient::kDocs,
                                      {{"a-im", "Full-Fidelity Feed"},
                                       {"x-ms-cosmos-changefeed-wire-format-version", "2021-09-15"},
                                       {"if-none-match", "\"0\""}}));
  ASSERT_EQ(body["_count"].number(), 3);
  const auto metadata = [&](size_t index) { return body["Documents"].At(index)["metadata"]; };
  EXPECT_EQ(metadata(0)["operationType"].string(), "create");
  EXPECT_EQ(metadata(1)["operationType"].string(), "replace");
  EXPECT_EQ(metadata(1)["previousImageLSN"].number(), 2);
  EXPECT_EQ(metadata(2)["operationType"].string(), "delete");
  EXPECT_EQ(metadata(2)["lsn"].number(), 4);
  EXPECT_EQ(metadata(2)["id"].string(), "1");
  EXPECT_EQ(ToJson(metadata(2)["partitionKey"]), R"({"pk":"a"})");
  EXPECT_TRUE(body["Documents"].At(1)["previous"].is_undefined());
  const Headers since = {{"a-im", "Full-Fidelity Feed"},
                         {"if-modified-since", FormatRfc1123(client.clock.WallNow())}};
  EXPECT_EQ(client.Call("GET", TestClient::kDocs, since).status, 400);
}

TEST_F(ChangeFeed, AllVersionsNeedAPolicy) {
  client.MakeContainer();
  EXPECT_EQ(client.Call("GET", TestClient::kDocs, {{"a-im", "Full-Fidelity Feed"}}).status, 400);
}

// What expired before the server ended took LSNs that no record tells of.
TEST(ChangeFeedAcrossARestart, GoesOnBehindWhatHasExpired) {
  const std::string folder = testing::TempDir() + "/change-feed-restart";
  std::filesystem::remove_all(folder);
  const Headers changes = {{"a-im", "Incremental Feed"}};
  std::string position;
  {
    TestClient client;
    ASSERT_TRUE(client.service->OpenData(folder).ok());
    client.MakeContainer(1, R"(,"defaultTtl":-1)");
    for (const char* id : {"1", "2", "3"}) {
      client.Write(R"({"id":")" + std::string(id) + R"(","pk":"a","ttl":1})", R"(["a"])");
    }
    client.clock.Advance(std::chrono::seconds(5));
    client.service->PurgeExpired();
    position = client.Call("GET", TestClient::kDocs, changes).Header("etag");
  }
  TestClient client;
  client.clock.Advance(std::chrono::seconds(5));
  ASSERT_TRUE(client.service->OpenData(folder).ok());
  client.Write(R"({"id":"4","pk":"a"})", R"(["a"])");
  Headers resumed = changes;
  resumed.emplace_back("if-none-match", position);
  const Reply reply = client.Call("GET", TestClient::kDocs, resumed);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(Body(reply)["Documents"].At(0)["id"].string(), "4");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace spillway::emulator
