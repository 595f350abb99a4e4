#include "destinations/cosmosdb/lane_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "destinations/cosmosdb/partition_key.h"

namespace spillway::cosmosdb {
namespace {

RangeMapPointer EvenRanges(HashKind hash, uint32_t count) {
  std::vector<std::string> bounds = EvenEpkBounds(hash, count);
  bounds.insert(bounds.begin(), std::string(kEpkMin));
  bounds.emplace_back(kEpkMax);
  std::vector<PartitionKeyRange> ranges;
  for (uint32_t i = 0; i < count; ++i)
    ranges.push_back({std::to_string(i), bounds[i], bounds[i + 1], {}});
  return PartitionKeyRangeMap::Combine(ranges);
}

// The share of the busiest lane, as a multiple of an even share.
double WorstSkew(const LanePlan& plan, HashKind hash) {
  constexpr int kKeys = 20'000;
  std::map<size_t, int> rows;
  std::string epk;
  for (int i = 0; i < kKeys; ++i) {
    EXPECT_TRUE(EpkOfText(hash, "[\"key-" + std::to_string(i) + "\"]", &epk).ok());
    const auto after =
        std::upper_bound(plan.lower_bounds.begin(), plan.lower_bounds.end(), RouteOfEpk(epk));
    ++rows[static_cast<size_t>(after - plan.lower_bounds.begin())];
  }
  int most = 0;
  for (const auto& [lane, count] : rows) most = std::max(most, count);
  return static_cast<double>(most) * static_cast<double>(plan.lower_bounds.size()) / kKeys;
}

struct Case {
  HashKind hash;
  uint32_t ranges;
  uint32_t lanes_max;
  size_t lanes;
};

class LanePlanTest : public testing::TestWithParam<Case> {};

TEST_P(LanePlanTest, CoversTheKeySpaceEvenlyAndKeepsToGroups) {
  const Case& c = GetParam();
  const RangeMapPointer map = EvenRanges(c.hash, c.ranges);
  const LanePlan plan = PlanLanesOver(*map, c.hash, c.lanes_max);
  ASSERT_EQ(plan.lower_bounds.size(), c.lanes);
  ASSERT_EQ(plan.groups.size(), c.lanes);
  EXPECT_EQ(plan.lower_bounds.front(), Hash128());
  EXPECT_TRUE(
      std::is_sorted(plan.lower_bounds.begin(), plan.lower_bounds.end(), std::less_equal<>()));
  EXPECT_TRUE(std::is_sorted(plan.groups.begin(), plan.groups.end()));
  EXPECT_LT(WorstSkew(plan, c.hash), 1.35);
  for (size_t lane = 0; c.lanes_max >= c.ranges && lane < c.lanes; ++lane) {
    const PartitionKeyRange& range = (*map)[plan.groups[lane]];
    EXPECT_GE(plan.lower_bounds[lane], RouteOfEpk(range.min));
    if (range.max != kEpkMax) {
      EXPECT_LT(plan.lower_bounds[lane], RouteOfEpk(range.max));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Layouts, LanePlanTest,
                         testing::Values(Case{HashKind::kV2, 1, 1, 1}, Case{HashKind::kV2, 1, 3, 3},
                                         Case{HashKind::kV2, 1, 7, 4}, Case{HashKind::kV2, 4, 8, 8},
                                         Case{HashKind::kV2, 8, 8, 8}, Case{HashKind::kV2, 8, 4, 4},
                                         Case{HashKind::kV2, 10, 1, 1},
                                         Case{HashKind::kV1, 1, 8, 4}, Case{HashKind::kV1, 1, 7, 4},
                                         Case{HashKind::kV1, 4, 16, 16},
                                         Case{HashKind::kV1, 4, 2, 2},
                                         Case{HashKind::kMultiHash, 2, 6, 6}));

TEST(LanePlan, ALaneOverSeveralRangesHasASectionForEach) {
  const RangeMapPointer map = EvenRanges(HashKind::kV2, 10);
  const LanePlan plan = PlanLanesOver(*map, HashKind::kV2, 4);
  ASSERT_EQ(plan.section_bounds.size(), 10u);
  for (size_t i = 0; i < 10; ++i) EXPECT_EQ(plan.section_bounds[i], RouteOfEpk((*map)[i].min));
  EXPECT_TRUE(std::includes(plan.section_bounds.begin(), plan.section_bounds.end(),
                            plan.lower_bounds.begin(), plan.lower_bounds.end()));
  EXPECT_TRUE(PlanLanesOver(*map, HashKind::kV2, 11).section_bounds.empty());
}

TEST(LanePlan, RangesOfOneFirstLevelKeyShareALane) {
  const std::string tenant = *EpkFromHex("0DAE0B8467B011E957BC0B8B0DEB5ACA");
  const RangeMapPointer map = PartitionKeyRangeMap::Combine(
      {{"0", "", tenant, {}},
       {"1", tenant, tenant + std::string(16, '\x20'), {}},
       {"2", tenant + std::string(16, '\x20'), std::string(kEpkMax), {}}});
  const LanePlan plan = PlanLanesOver(*map, HashKind::kMultiHash, 3);
  EXPECT_EQ(plan.lower_bounds.size(), 2u);
  EXPECT_EQ(PlanLanesOver(*map, HashKind::kMultiHash, 2).section_bounds.size(), 2u);
}

double Sum(const std::vector<double>& parts) {
  double sum = 0;
  for (const double part : parts) sum += part;
  return sum;
}

TEST(PartsOfGroups, AreEqualWhileTheRangesAreThoseOfThePlan) {
  for (const HashKind hash : {HashKind::kV1, HashKind::kV2}) {
    const RangeMapPointer map = EvenRanges(hash, 4);
    const std::vector<double> parts = PartsOfGroups(*map, PlanLanesOver(*map, hash, 32));
    EXPECT_EQ(parts, std::vector<double>(4, 0.25));
  }
}

// Ranges 2 i and 2 i + 1 of `four` as one, as a merge makes it.
RangeMapPointer Halves(const RangeMapPointer& four) {
  return PartitionKeyRangeMap::Combine(
      {{"a", (*four)[0].min, (*four)[1].max, {}}, {"b", (*four)[2].min, (*four)[3].max, {}}});
}

TEST(PartsOfGroups, AGroupWhoseRangeHasSplitGetsThePartsOfBoth) {
  const RangeMapPointer four = EvenRanges(HashKind::kV2, 4);
  const LanePlan plan = PlanLanesOver(*Halves(four), HashKind::kV2, 32);
  // The first half in two, the second as it was.
  const RangeMapPointer split = PartitionKeyRangeMap::Combine(
      {(*four)[0], (*four)[1], {"9", (*four)[2].min, (*four)[3].max, {}}});
  const std::vector<double> parts = PartsOfGroups(*split, plan);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_DOUBLE_EQ(parts[0], 2.0 / 3);
  EXPECT_DOUBLE_EQ(parts[1], 1.0 / 3);
}

TEST(PartsOfGroups, GroupsWhoseRangesWereMergedShareIt) {
  const RangeMapPointer four = EvenRanges(HashKind::kV2, 4);
  const LanePlan plan = PlanLanesOver(*four, HashKind::kV2, 32);
  const std::vector<double> parts = PartsOfGroups(*Halves(four), plan);
  EXPECT_EQ(parts, std::vector<double>(4, 0.25));
}

TEST(PartsOfGroups, ALaneOverSeveralRangesGetsThePartsOfAll) {
  const RangeMapPointer map = EvenRanges(HashKind::kV2, 10);
  const LanePlan plan = PlanLanesOver(*map, HashKind::kV2, 4);
  const std::vector<double> parts = PartsOfGroups(*map, plan);
  EXPECT_NEAR(Sum(parts), 1, 1e-9);
  for (const uint32_t group : plan.groups) EXPECT_GE(parts[group], 0.2 - 1e-9);
}

}  // namespace
}  // namespace spillway::cosmosdb
