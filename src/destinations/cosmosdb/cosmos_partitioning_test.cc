#include "destinations/cosmosdb/cosmos_partitioning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "destinations/cosmosdb/cosmos_cost.h"
#include "destinations/cosmosdb/cosmos_destination.h"
#include "destinations/cosmosdb/fake_cosmos.h"

namespace spillway::cosmosdb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

CosmosOptions WithThroughput(uint32_t manual) {
  CosmosOptions options = FakeOptions();
  options.create = ContainerCreation{.throughput = {.manual = manual}};
  return options;
}

std::unique_ptr<Partitioning> Make(const CosmosOptions& options, double bytes,
                                   const std::optional<PresentContainer>& present = {}) {
  auto made = MakeCosmosPartitioning(options, present, bytes);
  EXPECT_TRUE(made.ok()) << made.status().ToString();
  return made.ok() ? *std::move(made) : nullptr;
}

std::shared_ptr<const PartitionLayout> Layout(const Partitioning& partitioning,
                                              const std::vector<std::string>& paths) {
  auto layout = partitioning.LayoutFor(paths);
  EXPECT_TRUE(layout.ok()) << layout.status().ToString();
  return layout.ok() ? *std::move(layout) : nullptr;
}

uint32_t RangeOf(const PartitionLayout& layout, std::string_view key) {
  const auto part = layout.FindPart(key);
  EXPECT_TRUE(part.ok()) << part.status().ToString();
  return part.ok() ? layout.range_of_part()[*part] : UINT32_MAX;
}

TEST(CosmosPartitioning, ANewContainerHasTheRangesThatThroughputAndBytesNeed) {
  EXPECT_EQ(Make(WithThroughput(400), 0)->facts().ranges, 1u);
  EXPECT_EQ(Make(WithThroughput(6'000), 0)->facts().ranges, 1u);
  EXPECT_EQ(Make(WithThroughput(6'100), 0)->facts().ranges, 2u);
  EXPECT_EQ(Make(WithThroughput(400), 51e9)->facts().ranges, 2u);
  EXPECT_EQ(Make(WithThroughput(24'000), 51e9)->facts().ranges, 4u);
  EXPECT_EQ(Make(WithThroughput(24'000), 0)->facts().units_per_second, 24'000);
  CosmosOptions autoscale = FakeOptions();
  autoscale.create = ContainerCreation{.throughput = {.autoscale_max = 30'000}};
  EXPECT_EQ(Make(autoscale, 0)->facts().ranges, 3u);
  EXPECT_EQ(Make(FakeOptions(), 120e9)->facts().ranges, 3u);
  EXPECT_EQ(Make(FakeOptions(), 120e9)->facts().units_per_second, std::nullopt);
}

TEST(CosmosPartitioning, RefusesMoreRangesThanItCanPredict) {
  const auto made = MakeCosmosPartitioning(WithThroughput(100'000'000), {}, 0);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.status().code(), StatusCode::kUnsupported);
}

// The routing of the published vectors over four even ranges.
TEST(CosmosPartitioning, PutsKeysWhereTheServiceDoes) {
  const auto layout = Layout(*Make(WithThroughput(24'000), 0), {"/pk"});
  ASSERT_EQ(layout->ranges(), 4u);
  EXPECT_EQ(RangeOf(*layout, R"(["tenant1"])"), 0u);
  EXPECT_EQ(RangeOf(*layout, "[10]"), 0u);
  EXPECT_EQ(RangeOf(*layout, R"(["tenant2"])"), 2u);
  EXPECT_EQ(RangeOf(*layout, "[false]"), 2u);
  EXPECT_EQ(RangeOf(*layout, "[null]"), 3u);
  EXPECT_EQ(RangeOf(*layout, "[100]"), 3u);
  EXPECT_EQ(RangeOf(*layout, "[{}]"), 1u);
  EXPECT_FALSE(layout->FindPart("[[1]]").ok());
}

TEST(CosmosPartitioning, PartsAreTheRangesOfAContainerFourTimesAsLarge) {
  const auto layout = Layout(*Make(WithThroughput(12'000), 0), {"/pk"});
  EXPECT_THAT(layout->range_of_part(), ElementsAre(0, 0, 0, 0, 1, 1, 1, 1));
  const auto grown = Layout(*Make(WithThroughput(48'000), 0), {"/pk"});
  ASSERT_EQ(grown->ranges(), 8u);
  for (int i = 0; i < 100; ++i) {
    const std::string key = "[" + std::to_string(i) + "]";
    EXPECT_EQ(*layout->FindPart(key), RangeOf(*grown, key)) << key;
  }
}

TEST(CosmosPartitioning, AHierarchicalKeySpreadsByItsFirstLevel) {
  const auto partitioning = Make(WithThroughput(48'000), 0);
  const auto layout = Layout(*partitioning, {"/tenant", "/user"});
  const uint32_t range = RangeOf(*layout, R"(["tenant1","a"])");
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(RangeOf(*layout, R"(["tenant1",)" + std::to_string(i) + "]"), range);
  }
  EXPECT_FALSE(partitioning->LayoutFor(std::vector<std::string>(4, "/x")).ok());
  EXPECT_FALSE(partitioning->LayoutFor({}).ok());
}

// Two ranges of unlike width: the upper half was split.
PresentContainer Uneven() {
  PresentContainer present;
  present.info.partition_key = {"/pk"};
  present.info.hash = HashKind::kV2;
  const std::vector<std::string> bounds = EvenEpkBounds(HashKind::kV2, 4);
  present.ranges = PartitionKeyRangeMap::Combine({{"1", "", bounds[1], {}},
                                                  {"2", bounds[1], bounds[2], {}},
                                                  {"3", bounds[2], std::string(kEpkMax), {}}});
  present.offer = OfferInfo{3'000, std::nullopt};
  return present;
}

TEST(CosmosPartitioning, ThePresentContainerKeepsItsOwnRangesForItsOwnKey) {
  const auto partitioning = Make(FakeOptions(), 500e9, Uneven());
  EXPECT_EQ(partitioning->facts().ranges, 3u);
  EXPECT_EQ(partitioning->facts().units_per_second, 3'000);
  EXPECT_THAT(partitioning->facts().present_key, ElementsAre("/pk"));
  const auto own = Layout(*partitioning, {"/pk"});
  EXPECT_EQ(RangeOf(*own, R"(["tenant1"])"), 0u);
  EXPECT_EQ(RangeOf(*own, "[2]"), 0u);
  EXPECT_EQ(RangeOf(*own, R"(["tenant2"])"), 1u);
  EXPECT_EQ(RangeOf(*own, "[100]"), 2u);
}

TEST(CosmosPartitioning, SaysThatAFullContainerWillBeSplit) {
  EXPECT_THAT(Make(FakeOptions(), 500e9, Uneven())->facts().ranges_basis, HasSubstr("10 ranges"));
  EXPECT_THAT(Make(FakeOptions(), 100e9, Uneven())->facts().ranges_basis,
              testing::Not(HasSubstr("split")));
}

TEST(CosmosPartitioning, AnotherKeyNeedsANewContainerWithEvenRanges) {
  const auto other = Layout(*Make(FakeOptions(), 0, Uneven()), {"/other"});
  EXPECT_EQ(other->ranges(), 3u);
  EXPECT_EQ(RangeOf(*other, "[2]"), 0u);             // 11BE… of 3FFF…
  EXPECT_EQ(RangeOf(*other, R"(["tenant2"])"), 1u);  // 2176…
  EXPECT_EQ(RangeOf(*other, "[100]"), 2u);           // 3423…
}

TEST(CosmosPartitioning, CostsWhatThePlanSays) {
  EXPECT_EQ(Make(FakeOptions(), 0)->UnitsOf(WriteKind::kInsert, 5000, 7), InsertUnits(5000, 7));
  CosmosOptions options = FakeOptions();
  options.create->indexing = Indexing::kNone;
  EXPECT_EQ(Make(options, 0)->UnitsOf(WriteKind::kInsert, 5000, 7), InsertUnits(5000, 0));
}

// Answers questions for offers with `status`.
std::unique_ptr<Destination> OpenOverTwoRanges(FakeCosmos* cosmos, int status,
                                               const std::string& body) {
  cosmos->ranges = {{"0", "", "1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"},
                    {"1", "1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", "FF"}};
  cosmos->first = [=](const SeenRequest& request) {
    if (!request.http.url.ends_with("/offers")) return FakeResponse(0, "");
    return FakeResponse(status, body);
  };
  CosmosOptions options = FakeOptions();
  options.partition_key = {"/another"};
  auto made = MakeCosmosDestination(options, cosmos->factory(), SystemClock());
  EXPECT_TRUE(made.ok()) << made.status().ToString();
  return made.ok() ? *std::move(made) : nullptr;
}

TEST(CosmosDestination, OpensPartitioningWithoutTheRightToReadOffers) {
  FakeCosmos cosmos;
  const auto destination = OpenOverTwoRanges(&cosmos, 403, R"({"code":"Forbidden"})");
  const auto partitioning = destination->OpenPartitioning(0, {});
  ASSERT_TRUE(partitioning.ok()) << partitioning.status().ToString();
  EXPECT_EQ((*partitioning)->facts().ranges, 2u);
  EXPECT_EQ((*partitioning)->facts().units_per_second, std::nullopt);
}

TEST(CosmosDestination, OpensPartitioningOverAContainerWithAnotherKey) {
  FakeCosmos cosmos;
  const auto destination = OpenOverTwoRanges(&cosmos, 200, R"({"Offers":[]})");
  const auto partitioning = destination->OpenPartitioning(0, {});
  ASSERT_TRUE(partitioning.ok()) << partitioning.status().ToString();
  EXPECT_EQ((*partitioning)->facts().ranges, 2u);
  EXPECT_THAT((*partitioning)->facts().present_key, ElementsAre("/pk"));
  EXPECT_THAT((*partitioning)->facts().ranges_basis, HasSubstr("orders"));
}

}  // namespace
}  // namespace spillway::cosmosdb
