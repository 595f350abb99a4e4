// How throughput is shared out and changed: priority, throughput buckets, autoscale, growth.
#include "emulator/service/throughput.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emulator/service/test_client.h"

namespace spillway::emulator {
namespace {

// Writes until it is refused; the refusal, or the last reply.
Reply WriteUntilRefused(TestClient* client, const Headers& headers, int* written,
                        int writes_max = 5000) {
  Reply reply;
  for (*written = 0; *written < writes_max; ++*written) {
    reply = client->Write(R"({"id":"1","pk":"a"})", R"(["a"])", true, headers);
    if (reply.status == 429) break;
  }
  return reply;
}

Reply ReplaceOffer(TestClient* client, double units, const char* member = "offerThroughput") {
  Value offer = Body(client->Call("GET", "/offers"))["Offers"].At(0);
  if (std::string_view(member) == "offerThroughput") {
    offer.FindMutable("content")->Set(member, units);
  } else {
    offer.FindMutable("content")->Set(member, Object{{"maxThroughput", units}});
  }
  return client->Call("PUT", "/offers/" + offer["id"].string(), {}, ToJson(offer));
}

size_t Ranges(TestClient* client) {
  return Body(client->Call("GET", "/dbs/d/colls/c/pkranges"))["PartitionKeyRanges"].array().size();
}

TEST(RequestUnits, AreSpentByFeedsAsByAllElse) {
  TestClient client;
  client.MakeContainer();
  int written = 0;
  ASSERT_EQ(WriteUntilRefused(&client, {}, &written).status, 429);
  const Headers changes = {{"a-im", "Incremental Feed"}};
  int read = 0;
  while (read < 100 && client.Call("GET", TestClient::kDocs, changes).status == 200) ++read;
  EXPECT_LT(read, 100);
  EXPECT_EQ(Substatus(client.Call("GET", TestClient::kDocs)), "3200");
  EXPECT_EQ(Substatus(client.Call("GET", TestClient::kDocs, changes)), "3200");
  client.clock.Advance(std::chrono::seconds(1));
  EXPECT_EQ(client.Call("GET", TestClient::kDocs, changes).status, 200);
}

TEST(Priority, LowIsRefusedWhereHighIsStillServed) {
  TestClient client;
  client.MakeContainer();
  const Headers low = {{"x-ms-cosmos-priority-level", "Low"}};
  int written = 0;
  const Reply refused = WriteUntilRefused(&client, low, &written);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(Substatus(refused), "3200");
  EXPECT_GT(written, 0);
  const Headers high = {{"x-ms-cosmos-priority-level", "High"}};
  int more = 0;
  EXPECT_EQ(WriteUntilRefused(&client, high, &more).status, 429);
  EXPECT_GT(more, 0) << "what low leaves is for high";
  EXPECT_EQ(client
                .Write(R"({"id":"1","pk":"a"})", R"(["a"])", true,
                       {{"x-ms-cosmos-priority-level", "Middling"}})
                .status,
            400);
}

TEST(ThroughputBuckets, LimitTheirOwnRequestsAndNoOthers) {
  TestClient client;
  client.MakeContainer();
  Value offer = Body(client.Call("GET", "/offers"))["Offers"].At(0);
  const Value bucket = Object{{"id", 2.0}, {"maxThroughputPercentage", 10.0}};
  offer.FindMutable("content")->Set("throughputBuckets", Array{bucket});
  const Reply replaced = client.Call("PUT", "/offers/" + offer["id"].string(), {}, ToJson(offer));
  ASSERT_EQ(replaced.status, 200) << replaced.body;
  EXPECT_EQ(ToJson(Body(replaced)["content"]["throughputBuckets"]), ToJson(Array{bucket}));
  int limited = 0;
  const Reply refused =
      WriteUntilRefused(&client, {{"x-ms-cosmos-throughput-bucket", "2"}}, &limited);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(Substatus(refused), "3212");
  EXPECT_GT(std::stoi(std::string(refused.Header("x-ms-retry-after-ms"))), 0);
  int unlimited = 0;
  WriteUntilRefused(&client, {{"x-ms-cosmos-throughput-bucket", "3"}}, &unlimited);
  EXPECT_GT(unlimited, 5 * limited) << "a bucket that is not set up limits nothing";
  for (const char* wrong : {"0", "6", "x", "2x"}) {
    EXPECT_EQ(client
                  .Write(R"({"id":"1","pk":"a"})", R"(["a"])", true,
                         {{"x-ms-cosmos-throughput-bucket", wrong}})
                  .status,
              400)
        << wrong;
  }
}

TEST(ThroughputBuckets, OfNonsenseAreRefused) {
  for (const char* wrong : {"7", "[1]", R"([{"id":9,"maxThroughputPercentage":5}])",
                            R"([{"id":1}])", R"([{"id":1,"maxThroughputPercentage":0}])"}) {
    EXPECT_FALSE(ParseShares(*ParseJson(wrong)).ok()) << wrong;
  }
}

TEST(Autoscale, ServesItsMaximumAndNoMore) {
  TestClient client;
  client.MakeContainer(1, "",
                       {{"x-ms-cosmos-offer-autopilot-settings",
                         R"({"maxThroughput":1000,"autoUpgradePolicy":
                                    {"throughputPolicy":{"incrementPercent":7}}})"}});
  double charged = 0;
  for (int i = 0; i < 1000; ++i) {
    const Reply reply = client.Write(R"({"id":"1","pk":"a"})", R"(["a"])");
    if (reply.status == 429) break;
    charged += std::stod(std::string(reply.Header("x-ms-request-charge")));
  }
  EXPECT_LE(charged, 1000);
  EXPECT_GT(charged, 950);
  const Value content = Body(client.Call("GET", "/offers"))["Offers"].At(0)["content"];
  EXPECT_EQ(
      ToJson(content["offerAutopilotSettings"]),
      R"({"maxThroughput":1000,"autoUpgradePolicy":{"throughputPolicy":{"incrementPercent":7}}})");
}

TEST(Throughput, WithoutLimitsIsOfferedWhereItWasAskedForAlone) {
  ServerOptions options;
  options.unlimited = true;
  TestClient client(options);
  client.MakeContainer();
  EXPECT_EQ(Body(client.Call("GET", "/offers"))["Offers"].array().size(), 0u);
  const Reply asked = client.Call("POST", "/dbs/d/colls", {{"x-ms-offer-throughput", "20000"}},
                                  R"({"id":"asked","partitionKey":{"paths":["/pk"]}})");
  ASSERT_EQ(asked.status, 201) << asked.body;
  const Value offers = Body(client.Call("GET", "/offers"))["Offers"];
  ASSERT_EQ(offers.array().size(), 1u);
  EXPECT_EQ(offers.At(0)["content"]["offerThroughput"].number(), 20'000);
}

TEST(Throughput, ASmallerBucketHoldsLess) {
  ServerOptions options;
  options.throughput_window_seconds = 0.1;
  TestClient client(options);
  client.MakeContainer();
  int written = 0;
  WriteUntilRefused(&client, {}, &written);
  EXPECT_LE(written, 7);  // 40 units of 5.6 and 8.4
  EXPECT_GE(written, 3);
}

TEST(Throughput, APendingChangeLimitsUntilItsTimeHasCome) {
  ServerOptions options;
  options.throughput_change_pending = std::chrono::seconds(10);
  TestClient client(options);
  client.MakeContainer();
  int before = 0;
  int during = 0;
  int after = 0;
  WriteUntilRefused(&client, {}, &before);
  ASSERT_EQ(ReplaceOffer(&client, 4000).status, 200);
  client.clock.Advance(std::chrono::seconds(5));
  WriteUntilRefused(&client, {}, &during);
  EXPECT_NEAR(during, before, 2);
  client.clock.Advance(std::chrono::seconds(6));
  ASSERT_TRUE(client.service->Upkeep().ok());
  client.clock.Advance(std::chrono::seconds(2));
  WriteUntilRefused(&client, {}, &after);
  EXPECT_GT(after, 8 * before);
}

TEST(Growth, MoreThroughputThanTheRangesServeSplitsThem) {
  TestClient client;
  client.MakeContainer();
  for (int i = 0; i < 40; ++i) {
    const std::string pk = "k" + std::to_string(i);
    client.Write(R"({"id":"1","pk":")" + pk + "\"}", "[\"" + pk + "\"]");
  }
  EXPECT_EQ(ReplaceOffer(&client, 10'000).status, 200);
  EXPECT_EQ(Ranges(&client), 1u);
  EXPECT_EQ(ReplaceOffer(&client, 40'000).status, 200);
  EXPECT_EQ(Ranges(&client), 4u);
  EXPECT_EQ(ReplaceOffer(&client, 1000).status, 200);
  EXPECT_EQ(Ranges(&client), 4u) << "ranges do not merge by themselves";
  client.clock.Advance(std::chrono::seconds(10));
  EXPECT_EQ(
      Body(client.Query("SELECT VALUE c.pk FROM c", {{"x-ms-max-item-count", "100"}}))["_count"]
          .number(),
      40);
}

TEST(Growth, ARangeThatHoldsTooMuchSplitsUnlessItIsOneKey) {
  ServerOptions options;
  options.range_bytes_max = 4000;
  options.unlimited = true;
  TestClient client(options);
  client.MakeContainer();
  const std::string text(1000, 'x');
  for (int i = 0; i < 10; ++i) {
    client.Write(R"({"id":")" + std::to_string(i) + R"(","pk":"one","text":")" + text + "\"}",
                 R"(["one"])");
  }
  ASSERT_TRUE(client.service->Upkeep().ok());
  EXPECT_EQ(Ranges(&client), 1u);
  for (int i = 0; i < 10; ++i) {
    const std::string pk = "k" + std::to_string(i);
    client.Write(R"({"id":"1","pk":")" + pk + R"(","text":")" + text + "\"}", "[\"" + pk + "\"]");
  }
  ASSERT_TRUE(client.service->Upkeep().ok());
  EXPECT_GT(Ranges(&client), 3u);
  EXPECT_EQ(
      Body(client.Query("SELECT VALUE c.id FROM c", {{"x-ms-max-item-count", "100"}}))["_count"]
          .number(),
      20);
}

}  // namespace
}  // namespace spillway::emulator
