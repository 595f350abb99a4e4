#include "destinations/cosmosdb/cosmos_capacity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway::cosmosdb {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

ContainerCapacity Container(uint32_t manual, uint32_t ranges, bool is_there) {
  return {
      .name = "orders", .is_there = is_there, .throughput = {.manual = manual}, .ranges = ranges};
}

TEST(CosmosCapacity, TellsThePartitionsOfBytesAndOfThroughput) {
  const auto advice = AdviseCosmosCapacity(Container(25'000, 5, false), {.documents_bytes = 120e9});
  EXPECT_EQ(advice.ranges_of_bytes, 3u);
  EXPECT_EQ(advice.ranges_of_units, 3u);
  EXPECT_EQ(AdviseCosmosCapacity(Container(400, 1, false), {}).ranges_of_bytes, 1u);
}

TEST(CosmosCapacity, DoublesByTheSettingThatSaysIt) {
  const auto fresh = AdviseCosmosCapacity(Container(4'100, 1, false), {}).doubled;
  EXPECT_EQ(fresh->setting, "destination.create.throughput: {manual: 8200}");
  EXPECT_EQ(fresh->units_per_second, 8'200);
  const auto present = AdviseCosmosCapacity(Container(4'000, 1, true), {}).doubled;
  EXPECT_EQ(present->setting, "the throughput of container orders: {manual: 8000}");
  EXPECT_THAT(present->note, HasSubstr("at once: 1 partition serves up to 10,000 RU/s"));
  const auto split = AdviseCosmosCapacity(Container(12'000, 2, true), {}).doubled;
  EXPECT_THAT(split->note, HasSubstr("splits: some hours"));
  ContainerCapacity autoscale = Container(0, 2, false);
  autoscale.throughput = {.manual = std::nullopt, .autoscale_max = 5'000};
  EXPECT_EQ(AdviseCosmosCapacity(autoscale, {}).doubled->setting,
            "destination.create.throughput: {autoscale: 10000}");
}

// The worked example of the documentation: 1 TB.
TEST(CosmosCapacity, TheRecipeIsTheDocumentedOne) {
  const auto steps = AdviseCosmosCapacity(Container(10'000, 25, false),
                                          {.documents_bytes = 1e12, .load_units = 1e10})
                         .loading;
  ASSERT_THAT(steps, SizeIs(3));
  EXPECT_EQ(steps[0].setting, "destination.create.throughput: {manual: 150000}");
  EXPECT_EQ(steps[1].units_per_second, 250'000);
  EXPECT_EQ(steps[2].units_per_second, 2'500);
}

TEST(CosmosCapacity, NoRecipeWhereItWouldNotHelp) {
  const CapacityQuestion large{.documents_bytes = 1e9, .load_units = 1e9};
  EXPECT_THAT(AdviseCosmosCapacity(Container(10'000, 1, true), large).loading, IsEmpty());
  const CapacityQuestion small{.documents_bytes = 1e6, .load_units = 1'000};
  EXPECT_THAT(AdviseCosmosCapacity(Container(400, 1, false), small).loading, IsEmpty());
  ContainerCapacity shared = Container(4'000, 1, true);
  shared.shared = true;
  EXPECT_THAT(AdviseCosmosCapacity(shared, large).loading, IsEmpty());
  EXPECT_THAT(AdviseCosmosCapacity({.name = "serverless"}, large).loading, IsEmpty());
  EXPECT_FALSE(AdviseCosmosCapacity({.name = "serverless"}, large).doubled.has_value());
}

// Around the clock 2,000 RU/s, of 4,000 with room: autoscale bills 1.5 × 4,000 in every hour.
TEST(CosmosCapacity, SteadyChangesAreCheaperWithManualThroughput) {
  const std::vector<double> steady(24, 2'000.0 * 3'600);
  const auto choice =
      *AdviseCosmosCapacity(Container(400, 1, true), {.changes_by_hour = steady}).for_changes;
  EXPECT_EQ(choice.kind, "manual");
  EXPECT_EQ(choice.setting, "{manual: 4000}");
  EXPECT_THAT(choice.reason, HasSubstr("autoscale to 4,000 RU/s 144,000"));
  EXPECT_THAT(choice.reason, HasSubstr("manual 4,000 RU/s 96,000"));
}

TEST(CosmosCapacity, ChangesOfOneHourADayAreCheaperWithAutoscale) {
  std::vector<double> nightly(24, 0.0);
  nightly[2] = 2'000.0 * 3'600;
  const auto choice =
      *AdviseCosmosCapacity(Container(400, 1, true), {.changes_by_hour = nightly}).for_changes;
  EXPECT_EQ(choice.kind, "autoscale");
  EXPECT_EQ(choice.setting, "{autoscale: 4000}");
}

TEST(CosmosCapacity, WithoutChangesNothingIsSaidOfThem) {
  EXPECT_FALSE(AdviseCosmosCapacity(Container(400, 1, true), {}).for_changes.has_value());
}

}  // namespace
}  // namespace spillway::cosmosdb
