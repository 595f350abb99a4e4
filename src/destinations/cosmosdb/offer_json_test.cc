#include "destinations/cosmosdb/offer_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway::cosmosdb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char kManual[] =
    R"({"resource":"dbs/a/colls/b/","offerVersion":"V2","content":{"offerThroughput":400,)"
    R"("offerMinimumThroughputParameters":{"maxThroughputEverProvisioned":4000}},"_rid":"uT2L"})";
constexpr char kAutoscale[] =
    R"({"content":{"offerThroughput":400,"offerAutopilotSettings":{"maxThroughput":4000,)"
    R"("autoUpgradePolicy":{"throughputPolicy":{"incrementPercent":5}}},)"
    R"("throughputBuckets":[{"id":2,"maxThroughputPercentage":20}]},"id":"x","_rid":"uT2L"})";

TEST(OfferJson, SaysWhatIsProvisioned) {
  const auto manual = ParseOffer(kManual);
  ASSERT_TRUE(manual.ok()) << manual.status().ToString();
  EXPECT_EQ(manual->provisioned, (ProvisionedThroughput{false, 400}));
  EXPECT_EQ(manual->rid, "uT2L");
  const auto autoscale = ParseOffer(kAutoscale);
  EXPECT_EQ(autoscale->provisioned, (ProvisionedThroughput{true, 4000}));
  EXPECT_THAT(autoscale->buckets, ElementsAre(2));
  EXPECT_EQ(ParseOffer("{}").status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(ParseOffer("no").status().code(), StatusCode::kDataLoss);
}

TEST(OfferJson, OfAFeedTheFirstCountsAndNoneIsNoFault) {
  const auto none = ParseOfferFeed(R"({"Offers":[]})");
  ASSERT_TRUE(none.ok());
  EXPECT_FALSE(none->has_value());
  const auto one = ParseOfferFeed(std::string(R"({"Offers":[)") + kManual + "]}");
  EXPECT_EQ((*one)->provisioned.units_per_second, 400u);
}

TEST(OfferJson, ChangesOneNumberAndKeepsTheRest) {
  const auto manual = OfferWith(kManual, {false, 50'000});
  ASSERT_TRUE(manual.ok()) << manual.status().ToString();
  EXPECT_EQ(ParseOffer(*manual)->provisioned, (ProvisionedThroughput{false, 50'000}));
  EXPECT_THAT(*manual, HasSubstr(R"("maxThroughputEverProvisioned":4000)"));
  EXPECT_THAT(*manual, HasSubstr(R"("resource":"dbs/a/colls/b/")"));
  const auto autoscale = OfferWith(kAutoscale, {true, 8'000});
  EXPECT_EQ(ParseOffer(*autoscale)->provisioned, (ProvisionedThroughput{true, 8'000}));
  EXPECT_THAT(*autoscale, HasSubstr(R"("incrementPercent":5)"));
  EXPECT_THAT(*autoscale, HasSubstr(R"("maxThroughputPercentage":20)"));
}

TEST(OfferJson, AMigrationNamesNoValueOfTheOldKind) {
  EXPECT_THAT(*OfferMigrating(kManual, true), HasSubstr(R"("offerThroughput":-1)"));
  const std::string manual = *OfferMigrating(kAutoscale, false);
  EXPECT_THAT(manual, HasSubstr(R"("offerAutopilotSettings":{"maxThroughput":-1})"));
  EXPECT_THAT(manual, Not(HasSubstr("4000")));
}

TEST(OfferJson, TheLeastAfterAHighOfferIsAPartOfItRoundedUp) {
  EXPECT_EQ(LeastUnitsAfter({false, 4'000}, false), 400u);
  EXPECT_EQ(LeastUnitsAfter({false, 50'000}, false), 500u);
  EXPECT_EQ(LeastUnitsAfter({false, 50'001}, false), 600u);
  EXPECT_EQ(LeastUnitsAfter({false, 50'000}, true), 5'000u);
  EXPECT_EQ(LeastUnitsAfter({true, 4'000}, true), 1'000u);
}

TEST(OfferJson, ALightPolicyIndexesNothingAndKeepsWhatCannotBeMadeAgain) {
  const auto state = ParseIndexing(
      R"({"id":"c","indexingPolicy":{"indexingMode":"consistent","includedPaths":[{"path":"/*"}],)"
      R"("excludedPaths":[],"vectorIndexes":[{"path":"/v","type":"flat"}],)"
      R"("compositeIndexes":[[{"path":"/a"}]]}})");
  ASSERT_TRUE(state.ok()) << state.status().ToString();
  EXPECT_FALSE(state->is_light);
  EXPECT_THAT(state->light_policy, HasSubstr(R"("excludedPaths":[{"path":"/*"}])"));
  EXPECT_THAT(state->light_policy, HasSubstr("vectorIndexes"));
  EXPECT_THAT(state->light_policy, Not(HasSubstr("compositeIndexes")));
  const std::string light = R"({"indexingPolicy":)" + state->light_policy + "}";
  EXPECT_TRUE(ParseIndexing(light)->is_light);
  EXPECT_TRUE(ParseIndexing(R"({"indexingPolicy":{"indexingMode":"none"}})")->is_light);
  EXPECT_EQ(ParseIndexing("{}").status().code(), StatusCode::kDataLoss);
}

TEST(OfferJson, AContainerIsReplacedByItsDefinition) {
  const auto body = ContainerWithIndexing(
      R"({"id":"c","partitionKey":{"paths":["/pk"]},"indexingPolicy":{"a":1},"_rid":"x","_ts":1})",
      R"({"b":2})");
  EXPECT_EQ(*body, R"({"id":"c","partitionKey":{"paths":["/pk"]},"indexingPolicy":{"b":2}})");
}

}  // namespace
}  // namespace spillway::cosmosdb
