#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emulator/service/test_client.h"

namespace spillway::emulator {
namespace {

using testing::HasSubstr;

std::string Upsert(const std::string& id, const std::string& pk = "a",
                   const std::string& more = "") {
  return R"({"operationType":"Upsert","partitionKey":"[\")" + pk +
         R"(\"]","resourceBody":{"id":")" + id + R"(","pk":")" + pk + "\"" + more + "}}";
}

std::vector<int> Statuses(const Reply& reply) {
  std::vector<int> statuses;
  const Value body = Body(reply);
  for (const Value& result : body.array()) {
    statuses.push_back(static_cast<int>(result["statusCode"].number()));
  }
  return statuses;
}

TEST(Bulk, GivesOneResultForEachOperationInOrder) {
  TestClient client;
  client.MakeContainer();
  const Reply created = client.Bulk("[" + Upsert("1") + "," + Upsert("2") + "]");
  EXPECT_EQ(created.status, 200);
  EXPECT_THAT(Statuses(created), testing::ElementsAre(201, 201));
  const Reply mixed = client.Bulk(
      "[" + Upsert("1") +
      R"(,{"operationType":"Create","partitionKey":"[\"a\"]","resourceBody":{"id":"1","pk":"a"}})"
      R"(,{"operationType":"Replace","partitionKey":"[\"a\"]","id":"2","resourceBody":{"id":"2","pk":"a","n":2}})"
      R"(,{"operationType":"Read","partitionKey":"[\"a\"]","id":"2"})"
      R"(,{"operationType":"Patch","partitionKey":"[\"a\"]","id":"2","resourceBody":{"operations":[{"op":"incr","path":"/n","value":1}]}})"
      R"(,{"operationType":"Delete","partitionKey":"[\"a\"]","id":"1"})"
      R"(,{"operationType":"Delete","partitionKey":"[\"a\"]","id":"9"})"
      R"(,{"operationType":"Upsert","partitionKey":"[\"b\"]","resourceBody":{"id":"1","pk":"a"}})"
      R"(,{"operationType":"Upsert","partitionKey":"[\"a\"]","resourceBody":{"pk":"a"}})"
      R"(,{"operationType":"Dance","partitionKey":"[\"a\"]","id":"1"}])");
  EXPECT_EQ(mixed.status, 207);
  EXPECT_THAT(Statuses(mixed),
              testing::ElementsAre(200, 409, 200, 200, 200, 204, 404, 400, 400, 400));
  const Value results = Body(mixed);
  EXPECT_EQ(results.At(3)["resourceBody"]["n"].number(), 2);
  EXPECT_EQ(results.At(4)["resourceBody"]["n"].number(), 3);
  EXPECT_EQ(results.At(7)["subStatusCode"].number(), 1001);
  EXPECT_TRUE(results.At(1)["message"].is_string());
  double charge = 0;
  for (const Value& result : results.array()) charge += result["requestCharge"].number();
  EXPECT_EQ(mixed.Header("x-ms-request-charge"), ChargeText(charge));
}

TEST(Bulk, MinimalReturnLeavesBodiesOut) {
  TestClient client;
  client.MakeContainer();
  for (const Headers& minimal :
       {Headers{{"prefer", "return=minimal"}},
        Headers{{"x-ms-cosmos-populate-content-response-on-write", "False"}}}) {
    const Reply reply = client.Bulk("[" + Upsert("1") + "]", "0", minimal);
    EXPECT_TRUE(Body(reply).At(0)["resourceBody"].is_undefined()) << minimal[0].first;
    EXPECT_TRUE(Body(reply).At(0)["eTag"].is_string());
  }
}

TEST(Bulk, EtagsGuardSingleOperations) {
  TestClient client;
  client.MakeContainer();
  client.Bulk("[" + Upsert("1") + "," + Upsert("2") + "]");
  const Reply reply = client.Bulk(
      R"([{"operationType":"Upsert","partitionKey":"[\"a\"]","ifMatch":"\"x\"","resourceBody":{"id":"1","pk":"a"}},
          {"operationType":"Delete","partitionKey":"[\"a\"]","ifMatch":"*","id":"2"}])");
  EXPECT_THAT(Statuses(reply), testing::ElementsAre(412, 204));
}

TEST(Bulk, GoesToOneLivingRange) {
  TestClient client;
  client.MakeContainer(4);
  // The reference's routing check: "tenant1" is in range 0, "a" in range 3.
  const Reply reply = client.Bulk("[" + Upsert("1", "tenant1") + "," + Upsert("1", "a") + "]", "0");
  EXPECT_EQ(reply.status, 207);
  EXPECT_THAT(Statuses(reply), testing::ElementsAre(201, 410));
  const Reply gone = client.Bulk("[" + Upsert("1") + "]", "9");
  EXPECT_EQ(gone.status, 410);
  EXPECT_EQ(Substatus(gone), "1002");
  const std::string rid = Body(client.Call("GET", "/dbs/d/colls/c"))["_rid"].string();
  EXPECT_EQ(client.Bulk("[" + Upsert("1", "a") + "]", rid + ",3").status, 200);
  EXPECT_EQ(
      client
          .Call("POST", TestClient::kDocs,
                {{"x-ms-cosmos-is-batch-request", "True"}, {"x-ms-cosmos-batch-atomic", "False"}},
                "[" + Upsert("1") + "]")
          .status,
      400);
}

TEST(Bulk, StopsAtTheLimitsOfTheService) {
  TestClient client;
  client.MakeContainer();
  std::string many = "[" + Upsert("0");
  for (int i = 1; i <= 100; ++i) many += "," + Upsert(std::to_string(i));
  EXPECT_EQ(client.Bulk(many + "]").status, 400);
  EXPECT_EQ(client.Bulk("[]").status, 400);
  EXPECT_EQ(client.Bulk("{}").status, 400);
  EXPECT_EQ(client.Bulk("[" + Upsert("1")).status, 400);
  EXPECT_EQ(client.Bulk("[5]").status, 400);
  EXPECT_EQ(client.Bulk(R"([{"operationType":"Upsert","resourceBody":"x"}])").status, 207);
  const std::string megabyte = R"(,"x":")" + std::string(1024 * 1024, 'x') + "\"";
  EXPECT_EQ(
      client.Bulk("[" + Upsert("1", "a", megabyte) + "," + Upsert("2", "a", megabyte) + "]").status,
      413);
  EXPECT_EQ(client.Bulk("\x81hybrid").status, 400);
}

TEST(Bulk, RepliesAboveFourMegabytesHandOperationsBack) {
  ServerOptions options;
  options.unlimited = true;
  TestClient client(options);
  client.MakeContainer();
  const std::string big = R"(,"x":")" + std::string(1024 * 1024, 'x') + "\"";
  client.Bulk("[" + Upsert("1", "a", big) + "]");
  std::string reads = "[";
  for (int i = 0; i < 6; ++i) {
    reads += std::string(i > 0 ? "," : "") +
             R"({"operationType":"Read","partitionKey":"[\"a\"]","id":"1"})";
  }
  const Reply reply = client.Bulk(reads + "]");
  EXPECT_EQ(reply.status, 207);
  EXPECT_THAT(Statuses(reply), testing::ElementsAre(200, 200, 200, 413, 413, 413));
  EXPECT_EQ(Body(reply).At(5)["subStatusCode"].number(), 3402);
}

TEST(Bulk, ThrottlesOperationsOneByOne) {
  TestClient client;
  client.MakeContainer();
  std::string body = "[" + Upsert("0");
  for (int i = 1; i < 100; ++i) body += "," + Upsert(std::to_string(i));
  const Reply reply = client.Bulk(body + "]");
  EXPECT_EQ(reply.status, 207);
  const Value results = Body(reply);
  size_t throttled = 0;
  for (const Value& result : results.array()) {
    if (result["statusCode"].number() != 429) continue;
    ++throttled;
    EXPECT_EQ(result["subStatusCode"].number(), 3200);
    EXPECT_GT(result["retryAfterMilliseconds"].number(), 0);
  }
  // 400 request units, 5.6 each.
  EXPECT_EQ(throttled, 29u);
  client.clock.Advance(std::chrono::seconds(1));
  EXPECT_EQ(client.Bulk("[" + Upsert("100") + "]").status, 200);
}

TEST(Atomic, AllOrNothing) {
  TestClient client;
  client.MakeContainer();
  const auto create = [](const std::string& id) {
    return R"({"operationType":"Create","resourceBody":{"id":")" + id + R"(","pk":"a"}})";
  };
  const Reply good = client.Atomic("[" + create("1") + "," + create("2") + "]", R"(["a"])");
  EXPECT_EQ(good.status, 200);
  EXPECT_THAT(Statuses(good), testing::ElementsAre(201, 201));
  const std::string lsn(good.Header("lsn"));
  const Reply bad = client.Atomic(
      "[" + create("3") +
          R"(,{"operationType":"Delete","id":"1"},{"operationType":"Upsert","resourceBody":{"id":"2","pk":"a","n":9}},)" +
          create("2") + "," + create("4") + "]",
      R"(["a"])");
  EXPECT_EQ(bad.status, 207);
  EXPECT_THAT(Statuses(bad), testing::ElementsAre(424, 424, 424, 409, 424));
  EXPECT_EQ(bad.Header("lsn"), lsn);
  EXPECT_EQ(client.Point("GET", "1", R"(["a"])").status, 200);
  EXPECT_TRUE(Body(client.Point("GET", "2", R"(["a"])"))["n"].is_undefined());
  EXPECT_EQ(client.Point("GET", "3", R"(["a"])").status, 404);
  EXPECT_EQ(
      client
          .Atomic(R"([{"operationType":"Create","resourceBody":{"id":"5","pk":"b"}}])", R"(["a"])")
          .status,
      207);
  EXPECT_EQ(client.Atomic("[" + create("6") + "]", "").status, 400);
}

std::string Creates(int first, int count) {
  std::string batch = "[";
  for (int i = first; i < first + count; ++i) {
    if (i > first) batch += ',';
    batch += R"({"operationType":"Create","resourceBody":{"id":")" + std::to_string(i) +
             R"(","pk":"a"}})";
  }
  return batch + "]";
}

TEST(Atomic, PaysAtOnceAndIsThrottledWhole) {
  TestClient client;
  client.MakeContainer();
  // 100 documents cost more than the second's 400 units: admitted while the bucket is full.
  EXPECT_EQ(client.Atomic(Creates(0, 100), R"(["a"])").status, 200);
  const Reply throttled = client.Atomic(Creates(100, 1), R"(["a"])");
  EXPECT_EQ(throttled.status, 429);
  EXPECT_EQ(Substatus(throttled), "3200");
  const int wait_ms = std::stoi(std::string(throttled.Header("x-ms-retry-after-ms")));
  EXPECT_GT(wait_ms, 100);
  client.clock.Advance(std::chrono::milliseconds(wait_ms));
  EXPECT_EQ(client.Atomic(Creates(100, 1), R"(["a"])").status, 200);
}

TEST(Atomic, AReplacementMayHaveAnotherIdAndIsRolledBack) {
  TestClient client;
  client.MakeContainer();
  client.Write(R"({"id":"1","pk":"a","n":1})", R"(["a"])");
  const std::string rename =
      R"({"operationType":"Replace","id":"1","resourceBody":{"id":"2","pk":"a","n":2}})";
  const std::string fails = R"({"operationType":"Delete","id":"none"})";
  EXPECT_EQ(client.Atomic("[" + rename + "," + fails + "]", R"(["a"])").status, 207);
  EXPECT_EQ(Body(client.Point("GET", "1", R"(["a"])"))["n"].number(), 1);
  EXPECT_EQ(client.Point("GET", "2", R"(["a"])").status, 404);
  EXPECT_EQ(client.Atomic("[" + rename + "]", R"(["a"])").status, 200);
  EXPECT_EQ(client.Point("GET", "1", R"(["a"])").status, 404);
  EXPECT_EQ(Body(client.Point("GET", "2", R"(["a"])"))["n"].number(), 2);
}

TEST(Atomic, RollsUniqueKeysBack) {
  TestClient client;
  client.MakeContainer(1, R"(,"uniqueKeyPolicy":{"uniqueKeys":[{"paths":["/u"]}]})");
  const auto operation = [](const char* type, const char* id, int u) {
    return std::string(R"({"operationType":")") + type + R"(","id":")" + id +
           R"(","resourceBody":{"id":")" + id + R"(","pk":"a","u":)" + std::to_string(u) + "}}";
  };
  EXPECT_EQ(client.Atomic("[" + operation("Create", "1", 1) + "]", R"(["a"])").status, 200);
  EXPECT_EQ(client
                .Atomic("[" + operation("Replace", "1", 2) + "," + operation("Create", "2", 3) +
                            "," + operation("Create", "2", 4) + "]",
                        R"(["a"])")
                .status,
            207);
  EXPECT_EQ(client.Atomic("[" + operation("Create", "3", 1) + "]", R"(["a"])").status, 207);
  EXPECT_EQ(client.Atomic("[" + operation("Create", "3", 2) + "]", R"(["a"])").status, 200);
  EXPECT_EQ(client.Atomic("[" + operation("Create", "4", 3) + "]", R"(["a"])").status, 200);
}

}  // namespace
}  // namespace spillway::emulator
