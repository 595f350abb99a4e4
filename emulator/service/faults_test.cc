#include <gtest/gtest.h>

#include "emulator/service/fault_gate.h"
#include "emulator/service/test_client.h"

namespace spillway::emulator {
namespace {

// A service behind its gate, with timers that run when told.
class GateTest : public testing::Test {
 protected:
  GateTest()
      : gate_(client_.service.get(), [this](std::chrono::milliseconds delay, auto work) {
          waits_.emplace_back(delay, std::move(work));
        }) {
    client_.MakeContainer(2);
  }

  void AddRule(std::string_view json) {
    auto rule = FaultRules::Parse(*ParseJson(json));
    ASSERT_TRUE(rule.ok()) << rule.status().ToString();
    ASSERT_TRUE(client_.service->faults().Add(*rule).ok());
  }

  // Sends an upsert of "1"; nullopt while it is held.
  std::optional<Reply> Upsert(const std::string& client = "spillway/1") {
    headers_ = client_.Signed("POST", TestClient::kDocs);
    headers_.emplace_back("user-agent", client);
    headers_.emplace_back("x-ms-documentdb-partitionkey", R"(["tenant1"])");
    headers_.emplace_back("x-ms-documentdb-is-upsert", "True");
    request_ = Request{};
    request_.method = "POST";
    request_.target = TestClient::kDocs;
    for (const auto& [name, value] : headers_) request_.headers.emplace_back(name, value);
    body_ = R"({"id":"1","pk":"tenant1"})";
    const size_t size = body_.size();
    body_.append(kJsonPaddingBytes, '\0');
    request_.body = std::string_view(body_).substr(0, size);
    last_.reset();
    gate_.Handle(request_, [this](Reply reply) { last_ = std::move(reply); });
    return last_;
  }

  bool Landed() { return client_.Point("GET", "1", R"(["tenant1"])").status == 200; }

  void RunWaits() {
    auto waits = std::move(waits_);
    waits_.clear();
    for (auto& [delay, work] : waits) work();
  }

  TestClient client_;
  std::vector<std::pair<std::chrono::milliseconds, std::function<void()>>> waits_;
  FaultGate gate_;
  Headers headers_;
  std::string body_;
  Request request_;
  std::optional<Reply> last_;
};

TEST_F(GateTest, LetsEverythingThroughWithoutRules) {
  EXPECT_EQ(Upsert()->status, 201);
}

TEST_F(GateTest, AnErrorBeforeKeepsTheWriteOut) {
  AddRule(R"({"operation":"upsert","status":503,"count":1})");
  EXPECT_EQ(Upsert()->status, 503);
  EXPECT_FALSE(Landed());
  EXPECT_EQ(Upsert()->status, 201);
}

TEST_F(GateTest, AnErrorAfterLetsTheWriteIn) {
  AddRule(R"({"operation":"write","status":408,"moment":"after","effect":"error","count":1})");
  EXPECT_EQ(Upsert()->status, 408);
  EXPECT_TRUE(Landed());
}

TEST_F(GateTest, ARuleOfOneClientLeavesTheOthersAlone) {
  AddRule(R"({"client":"spillway","status":503,"count":1})");
  EXPECT_EQ(Upsert("azsdk-python-cosmos/4")->status, 201);
  EXPECT_EQ(Upsert("")->status, 200);
  EXPECT_EQ(Upsert("spillway/1")->status, 503);
  EXPECT_EQ(Upsert("spillway/1")->status, 200);
}

TEST_F(GateTest, ResetsBeforeAndAfter) {
  AddRule(R"({"effect":"reset","operation":"upsert","count":1})");
  AddRule(R"({"effect":"reset","operation":"upsert","moment":"after","count":1})");
  EXPECT_EQ(Upsert()->delivery, Delivery::kReset);
  EXPECT_FALSE(Landed());
  EXPECT_EQ(Upsert()->delivery, Delivery::kReset);
  EXPECT_TRUE(Landed());
}

TEST_F(GateTest, ALateWriteLandsAfterTheClientLostIt) {
  AddRule(R"({"effect":"late","late_ms":5000,"operation":"upsert","count":1})");
  EXPECT_EQ(Upsert()->delivery, Delivery::kReset);
  EXPECT_FALSE(Landed());
  ASSERT_EQ(waits_.size(), 1u);
  EXPECT_EQ(waits_[0].first, std::chrono::milliseconds(5000));
  RunWaits();
  EXPECT_TRUE(Landed());
}

TEST_F(GateTest, TruncatesReplies) {
  AddRule(R"({"effect":"truncate","operation":"upsert"})");
  EXPECT_EQ(Upsert()->delivery, Delivery::kTruncate);
  EXPECT_TRUE(Landed());
}

TEST_F(GateTest, DelaysBeforeTheWrite) {
  AddRule(R"({"delay_ms":250,"operation":"upsert"})");
  EXPECT_EQ(Upsert(), std::nullopt);
  EXPECT_FALSE(Landed());
  EXPECT_EQ(waits_[0].first, std::chrono::milliseconds(250));
  RunWaits();
  EXPECT_EQ(last_->status, 201);
}

TEST_F(GateTest, PausesUntilTheRuleIsGone) {
  AddRule(R"({"effect":"pause","operation":"write","range":"0"})");
  EXPECT_EQ(Upsert(), std::nullopt);
  RunWaits();
  EXPECT_EQ(last_, std::nullopt);
  client_.service->faults().Clear();
  RunWaits();
  EXPECT_EQ(last_->status, 201);
}

TEST_F(GateTest, RulesLookAtOperationContainerAndRange) {
  AddRule(R"({"operation":"bulk","status":500})");
  AddRule(R"({"container":"d/other","status":500})");
  AddRule(R"({"range":"1","status":500})");
  EXPECT_EQ(Upsert()->status, 201);
  AddRule(R"({"container":"d/c","range":"0","status":449})");
  EXPECT_EQ(Upsert()->status, 449);
}

TEST_F(GateTest, SkipsAndCounts) {
  AddRule(R"({"operation":"upsert","status":429,"retry_after_ms":7,"skip":1,"count":2})");
  EXPECT_EQ(Upsert()->status, 201);
  EXPECT_EQ(Upsert()->Header("x-ms-retry-after-ms"), "7");
  EXPECT_EQ(Upsert()->status, 429);
  EXPECT_EQ(Upsert()->status, 200);
}

TEST(FaultRules, ProbabilityRepeatsWithItsSeed) {
  const auto run = [] {
    FaultRules rules;
    rules.Seed(7);
    EXPECT_TRUE(
        rules.Add(*FaultRules::Parse(*ParseJson(R"({"probability":0.3,"status":503})"))).ok());
    std::string hits;
    for (int i = 0; i < 1000; ++i) hits += rules.Decide({"bulk", "", ""}) ? '1' : '0';
    return hits;
  };
  const std::string hits = run();
  EXPECT_EQ(hits, run());
  EXPECT_NEAR(static_cast<double>(std::count(hits.begin(), hits.end(), '1')), 300, 60);
}

TEST(FaultRules, RefusesWhatItDoesNotKnow) {
  for (const char* json :
       {R"({"operation":"dance"})", R"({"effect":"boom"})", R"({"statu":503})", R"({"status":200})",
        R"({"probability":2})", R"({"moment":"during"})", R"({"delay_ms":-1})", R"([])",
        R"({"per_operation":true,"effect":"reset"})", R"({"count":1.5})"}) {
    EXPECT_FALSE(FaultRules::Parse(*ParseJson(json)).ok()) << json;
  }
}

TEST(BulkFaults, HitSingleOperations) {
  TestClient client;
  client.MakeContainer();
  auto rule = FaultRules::Parse(
      *ParseJson(R"({"operation":"bulk","per_operation":true,"status":449,"skip":1,"count":1})"));
  ASSERT_TRUE(client.service->faults().Add(*rule).ok());
  const Value results = Body(client.Bulk(
      R"([{"operationType":"Upsert","partitionKey":"[\"a\"]","resourceBody":{"id":"1","pk":"a"}},
          {"operationType":"Upsert","partitionKey":"[\"a\"]","resourceBody":{"id":"2","pk":"a"}}])"));
  EXPECT_EQ(results.At(0)["statusCode"].number(), 201);
  EXPECT_EQ(results.At(1)["statusCode"].number(), 449);
  EXPECT_EQ(client.Point("GET", "2", R"(["a"])").status, 404);
}

TEST(WriteHistory, ListsWhatWasAppliedAndNothingElse) {
  TestClient client;
  client.MakeContainer();
  client.service->account().history.Enable(true);
  client.Write(R"({"id":"1","pk":"a","v":1})", R"(["a"])");
  client.Write(R"({"id":"1","pk":"a","v":2})", R"(["a"])");
  client.Write(R"({"id":"1","pk":"a"})", R"(["a"])", false);
  client.Atomic(R"([{"operationType":"Create","resourceBody":{"id":"9","pk":"a"}},
                    {"operationType":"Create","resourceBody":{"id":"9","pk":"a"}}])",
                R"(["a"])");
  client.Point("DELETE", "1", R"(["a"])");
  const auto writes = client.service->account().history.From(0, 100);
  ASSERT_EQ(writes.size(), 3u);
  EXPECT_EQ(writes[0].operation, "create");
  EXPECT_EQ(writes[1].operation, "replace");
  EXPECT_EQ(writes[1].document, R"({"id":"1","pk":"a","v":2})");
  EXPECT_EQ(writes[2].operation, "delete");
  EXPECT_LT(writes[0].lsn, writes[2].lsn);
  EXPECT_EQ(client.service->account().history.From(2, 100).size(), 1u);
}

}  // namespace
}  // namespace spillway::emulator
