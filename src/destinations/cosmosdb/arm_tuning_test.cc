#include "destinations/cosmosdb/arm_tuning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "destinations/cosmosdb/fake_arm.h"

namespace spillway::cosmosdb {
namespace {

using testing::HasSubstr;

std::string Settings(const std::string& resource) {
  return R"({"properties":{"resource":)" + resource + "}}";
}

// Answers by what is asked: a GET with `settings_` or `container_`, all else with `changed_`.
class ArmTuningTest : public testing::Test {
 protected:
  HttpResponse Answer(const SeenRequest& request) const {
    if (request.http.method != HttpMethod::kGet) return changed_;
    if (request.http.url.find("/operations/") != std::string::npos) return operation_;
    return request.http.url.find("throughputSettings") != std::string::npos ? settings_
                                                                            : container_;
  }

  ManualClock clock_;
  const CosmosOptions options_ = ArmFakeOptions(clock_);
  HttpResponse settings_ = FakeResponse(200, Settings(R"({"throughput":8000})"));
  HttpResponse container_ = FakeResponse(404, "{}");
  HttpResponse changed_ = FakeResponse(200, "{}");
  HttpResponse operation_ = FakeResponse(200, R"({"status":"InProgress"})");
  FakeNetwork network_{[this](const SeenRequest& request) { return Answer(request); }};
  ArmTuning tuning_{ArmClient(options_, network_.factory(), clock_)};
};

TEST_F(ArmTuningTest, ThroughputIsPutAndWhatHoldsThenIsTheAnswer) {
  const auto offer = tuning_.Replace({false, 8000}, {});
  ASSERT_TRUE(offer.ok());
  EXPECT_EQ(offer->state.now, (ProvisionedThroughput{false, 8000}));
  EXPECT_FALSE(offer->state.change_pending);
  const SeenRequest put = network_.requests().at(0);
  EXPECT_EQ(put.http.method, HttpMethod::kPut);
  EXPECT_EQ(put.body, Settings(R"({"throughput":8000})"));
}

TEST_F(ArmTuningTest, TheKindIsMigratedByAnActionOfItsOwn) {
  settings_ = FakeResponse(200, Settings(R"({"autoscaleSettings":{"maxThroughput":4000}})"));
  const auto offer = tuning_.Migrate(true, {});
  ASSERT_TRUE(offer.ok());
  EXPECT_EQ(offer->state.now, (ProvisionedThroughput{true, 4000}));
  EXPECT_EQ(network_.requests().at(0).http.method, HttpMethod::kPost);
  EXPECT_THAT(network_.requests().at(0).http.url,
              HasSubstr("/throughputSettings/default/migrateToAutoscale?"));
}

TEST_F(ArmTuningTest, AChangeThatGoesOnAfterAMinuteIsPending) {
  changed_ = FakeResponse(202, "", {{"azure-asyncoperation", std::string(kArm) + "/operations/1"}});
  const SteadyTime before = clock_.Now();
  const auto offer = tuning_.Replace({false, 50'000}, {});
  ASSERT_TRUE(offer.ok());
  EXPECT_TRUE(offer->state.change_pending);
  EXPECT_LE(clock_.Now() - before, kArmThroughputTimeMax);
}

TEST_F(ArmTuningTest, ARefusedChangeIsAnErrorAndNothingIsRead) {
  changed_ = FakeResponse(403, R"({"error":{"code":"AuthorizationFailed","message":"May not."}})");
  EXPECT_EQ(tuning_.Replace({false, 8000}, {}).status().code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(network_.requests().size(), 1u);
}

TEST_F(ArmTuningTest, AnIndexPolicyIsReplacedAndAllElseOfTheContainerIsKept) {
  container_ = FakeResponse(
      200, Settings(R"({"id":"orders","indexingPolicy":{"automatic":true},"defaultTtl":60,)"
                    R"("_etag":"e","_rid":"r"})"));
  ASSERT_TRUE(tuning_.ReplaceIndexing(R"({"indexingMode":"none"})", {}).ok());
  EXPECT_EQ(network_.requests().at(1).body,
            R"({"properties":{"resource":{"id":"orders","indexingPolicy":{"indexingMode":"none"},)"
            R"("defaultTtl":60},"options":{}}})");
}

TEST_F(ArmTuningTest, AContainerWithoutThroughputOfItsOwnHasNoOffer) {
  settings_ = FakeResponse(404, "{}");
  const auto offer = tuning_.ReadOffer({});
  ASSERT_TRUE(offer.ok());
  EXPECT_FALSE(offer->has_value());
}

}  // namespace
}  // namespace spillway::cosmosdb
