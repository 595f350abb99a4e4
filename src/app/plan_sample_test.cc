#include "app/plan_sample.h"

#include <gtest/gtest.h>

#include <random>

namespace spillway {
namespace {

using Placed = std::vector<std::pair<uint32_t, double>>;

Placed Spread(uint32_t ranges, size_t count, double hot, uint32_t seed = 1) {
  std::minstd_rand random(seed);
  Placed placed;
  for (size_t i = 0; i < count; ++i) {
    const bool to_first = static_cast<double>(random() % 10'000) < hot * 10'000;
    placed.emplace_back(to_first ? 0 : random() % ranges, 1.0);
  }
  return placed;
}

double Hottest(const Placed& placed, uint32_t ranges) {
  std::vector<double> shares(ranges, 0.0);
  for (const auto& [range, units] : placed) {
    shares[range] += units / static_cast<double>(placed.size());
  }
  return *std::max_element(shares.begin(), shares.end());
}

// A small sample of even keys looks uneven; the table is not.
TEST(PlanSample, TheChanceOfASampleIsNotTakenForSkew) {
  double seen = 0;
  double concluded = 0;
  constexpr int kSeeds = 20;
  for (uint32_t seed = 1; seed <= kSeeds; ++seed) {
    const Placed placed = Spread(8, 1'000, 0, seed);
    seen += Hottest(placed, 8) / kSeeds;
    concluded += HottestShare(placed, 8, false, 10'000'000) / kSeeds;
  }
  EXPECT_GT(seen, 1.08 / 8);
  EXPECT_LT(concluded, 1.05 / 8);
}

TEST(PlanSample, SkewThatIsRealStays) {
  const Placed placed = Spread(4, 2'000, 0.3);
  EXPECT_NEAR(HottestShare(placed, 4, false, 10'000'000), Hottest(placed, 4), 0.01);
  EXPECT_NEAR(Hottest(placed, 4), 0.3 + 0.7 / 4, 0.03);
}

TEST(PlanSample, AWholeTableIsTakenAsItIs) {
  const Placed placed = Spread(8, 500, 0);
  EXPECT_DOUBLE_EQ(HottestShare(placed, 8, true, 500), Hottest(placed, 8));
  EXPECT_EQ(HottestShare({}, 8, true, 0), 1.0 / 8);
}

TEST(PlanSample, WritesOfEvenKeysFillSomeRangeMore) {
  EXPECT_EQ(HottestShareByChance(1, 1'000), 1);
  for (const uint32_t ranges : {2u, 4u, 16u}) {
    double mean = 0;
    constexpr int kSeeds = 200;
    for (uint32_t seed = 1; seed <= kSeeds; ++seed) {
      mean += Hottest(Spread(ranges, 1'000, 0, seed * 7'919), ranges) / kSeeds;
    }
    EXPECT_NEAR(HottestShareByChance(ranges, 1'000) * ranges, mean * ranges, 0.03) << ranges;
  }
  EXPECT_NEAR(HottestShareByChance(4, 1e12), 0.25, 1e-5);
}

TEST(PlanSample, TheErrorOfAMeanShrinksWithTheRootOfTheCount) {
  std::vector<double> few(100), many(10'000);
  for (size_t i = 0; i < few.size(); ++i) few[i] = i % 2 == 0 ? 8 : 12;
  for (size_t i = 0; i < many.size(); ++i) many[i] = i % 2 == 0 ? 8 : 12;
  EXPECT_NEAR(ErrorOfMean(few), 1.96 * 2 / 10 / 10, 0.001);
  EXPECT_NEAR(ErrorOfMean(few) / ErrorOfMean(many), 10, 0.1);
  EXPECT_EQ(ErrorOfMean(std::vector<double>{5}), 0);
}

}  // namespace
}  // namespace spillway
