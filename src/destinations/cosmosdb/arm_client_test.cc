#include "destinations/cosmosdb/arm_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "destinations/cosmosdb/fake_arm.h"

namespace spillway::cosmosdb {
namespace {

using testing::HasSubstr;

constexpr char kContainer[] =
    "https://management.azure.com/subscriptions/s/resourceGroups/g/providers/Microsoft.DocumentDB/"
    "databaseAccounts/contoso/sqlDatabases/shop/containers/orders";

class ArmClientTest : public testing::Test {
 protected:
  ArmClientTest() { options_.create->throughput.autoscale_max = 4000; }
  ArmClient Client() { return ArmClient(options_, network_.factory(), clock_); }

  ManualClock clock_;
  CosmosOptions options_ = ArmFakeOptions(clock_);
  std::vector<HttpResponse> answers_;  // the last one is given for good
  FakeNetwork network_{[this](const SeenRequest&) {
    const size_t at = std::min(network_.requests().size(), answers_.size()) - 1;
    return answers_[at];
  }};
};

TEST_F(ArmClientTest, AContainerIsPutWithItsDefinitionAndThroughput) {
  answers_ = {FakeResponse(200, "{}")};
  ASSERT_TRUE(Client()
                  .CreateContainer(ContainerDefinition(options_), options_.create->throughput, {})
                  .ok());
  const SeenRequest seen = network_.requests().at(0);
  EXPECT_EQ(seen.http.method, HttpMethod::kPut);
  EXPECT_THAT(seen.http.url, testing::StartsWith(std::string(kContainer) + "?api-version="));
  EXPECT_EQ(seen.Header("authorization"), "Bearer t1");
  EXPECT_EQ(
      seen.body,
      R"({"properties":{"resource":{"id":"orders","partitionKey":{"paths":["/pk"],)"
      R"("kind":"Hash","version":2}},"options":{"autoscaleSettings":{"maxThroughput":4000}}}})");
}

TEST_F(ArmClientTest, AnOperationIsFollowedToItsEnd) {
  const std::string operation = std::string(kArm) + "/operations/1";
  answers_ = {FakeResponse(202, "", {{"azure-asyncoperation", operation}, {"retry-after", "7"}}),
              FakeResponse(200, R"({"status":"InProgress"})"),
              FakeResponse(200, R"({"status":"Succeeded"})")};
  const SteadyTime before = clock_.Now();
  ASSERT_TRUE(Client().CreateDatabase({}).ok());
  EXPECT_EQ(network_.requests().size(), 3u);
  EXPECT_EQ(network_.requests()[2].http.url, operation);
  EXPECT_EQ(clock_.Now() - before, std::chrono::seconds(12));
}

TEST_F(ArmClientTest, ALocationIsAskedUntilItIsNoLongerAccepted) {
  const std::string location = std::string(kArm) + "/results/1";
  answers_ = {FakeResponse(202, "", {{"location", location}}), FakeResponse(202, ""),
              FakeResponse(200, "{}")};
  ASSERT_TRUE(Client().CreateDatabase({}).ok());
  EXPECT_EQ(network_.requests().size(), 3u);
}

TEST_F(ArmClientTest, AFailedOperationIsAFailureInTheServicesWords) {
  answers_ = {
      FakeResponse(202, "", {{"azure-asyncoperation", std::string(kArm) + "/operations/1"}}),
      FakeResponse(200, R"({"status":"Failed","error":{"code":"X","message":"No quota."}})")};
  EXPECT_THAT(Client().CreateDatabase({}).ToString(), HasSubstr("No quota."));
}

TEST_F(ArmClientTest, AnOperationWithoutAnEndIsGivenUpAsTemporary) {
  answers_ = {
      FakeResponse(202, "", {{"azure-asyncoperation", std::string(kArm) + "/operations/1"}}),
      FakeResponse(200, R"({"status":"InProgress"})")};
  EXPECT_EQ(Client().CreateDatabase({}).code(), StatusCode::kUnavailable);
}

TEST_F(ArmClientTest, NoOtherHostIsToldOurToken) {
  answers_ = {FakeResponse(202, "", {{"location", "https://evil.example/1"}})};
  EXPECT_EQ(Client().CreateDatabase({}).code(), StatusCode::kDataLoss);
  EXPECT_EQ(network_.requests().size(), 1u);
}

TEST_F(ArmClientTest, ARefusedTokenIsRenewedOnce) {
  answers_ = {FakeResponse(401, "{}"), FakeResponse(200, "{}")};
  ASSERT_TRUE(Client().CreateDatabase({}).ok());
  EXPECT_EQ(network_.requests()[1].Header("authorization"), "Bearer t2");
}

TEST_F(ArmClientTest, AMissingRoleIsNamedWithTheCommandThatGivesIt) {
  answers_ = {
      FakeResponse(403, R"({"error":{"code":"AuthorizationFailed","message":"May not."}})")};
  const Status status =
      Client().CreateContainer(ContainerDefinition(options_), options_.create->throughput, {});
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(status.hint()), HasSubstr("az role assignment create"));
}

TEST_F(ArmClientTest, WhatIsGoneNeedsNoDelete) {
  answers_ = {FakeResponse(404, "{}")};
  EXPECT_TRUE(Client().DeleteContainer({}).ok());
  EXPECT_EQ(network_.requests().at(0).http.method, HttpMethod::kDelete);
  EXPECT_TRUE(Client().ListContainers({})->empty());
}

TEST_F(ArmClientTest, ContainersAreListed) {
  answers_ = {FakeResponse(200, R"({"value":[{"name":"a","properties":{"resource":)"
                                R"({"id":"a","_ts":7}}}]})")};
  const auto listed = Client().ListContainers({});
  ASSERT_TRUE(listed.ok());
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_EQ(listed->front().name, "a");
  EXPECT_EQ(listed->front().changed_seconds, 7);
}

TEST_F(ArmClientTest, WhatIsKnownOfAnOfferIsRead) {
  answers_ = {FakeResponse(200, R"({"properties":{"resource":{"throughput":400,)"
                                R"("minimumThroughput":"1200","offerReplacePending":"true",)"
                                R"("throughputBuckets":[{"id":1},{"id":3}]}}})")};
  const auto offer = Client().ReadContainerOffer({});
  ASSERT_TRUE(offer.ok() && offer->has_value());
  EXPECT_EQ((*offer)->state.now, (ProvisionedThroughput{false, 400}));
  EXPECT_EQ((*offer)->state.units_min, 1200u);
  EXPECT_TRUE((*offer)->state.change_pending);
  EXPECT_EQ((*offer)->buckets, (std::vector<uint32_t>{1, 3}));
}

TEST(ArmCommand, IsTheOneThatMakesTheContainer) {
  CosmosOptions options = FakeOptions();
  options.create->throughput.manual = 400;
  EXPECT_EQ(CreateContainerCommand(options),
            "az cosmosdb sql container create --account-name ACCOUNT --resource-group GROUP "
            "--database-name shop --name orders --partition-key-path /pk --throughput 400");
}

}  // namespace
}  // namespace spillway::cosmosdb
