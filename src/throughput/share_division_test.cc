#include "throughput/share_division.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace spillway {
namespace {

TEST(DivideShares, ThoseWhoTakeAllTheyGetTakeEqualParts) {
  for (const double part : DivideShares(1, {{}, {}, {}, {}})) EXPECT_DOUBLE_EQ(part, 0.25);
}

TEST(DivideShares, WhoWantsLessLeavesTheRestToTheOthers) {
  const std::vector<double> parts = DivideShares(1, {0.1, std::nullopt, std::nullopt});
  EXPECT_DOUBLE_EQ(parts[0], 0.1);
  EXPECT_DOUBLE_EQ(parts[1], 0.45);
  EXPECT_DOUBLE_EQ(parts[2], 0.45);
}

TEST(DivideShares, AnIdleMemberKeepsEnoughToBeginWith) {
  const std::vector<double> parts = DivideShares(1, {0.0, std::nullopt});
  EXPECT_DOUBLE_EQ(parts[0], kIdlePart);
}

TEST(DivideShares, WhatNobodyWantsIsDividedForWhoeverNeedsItNext) {
  const std::vector<double> parts = DivideShares(1, {0.1, 0.3});
  EXPECT_DOUBLE_EQ(parts[0], 0.4);
  EXPECT_DOUBLE_EQ(parts[1], 0.6);
}

TEST(DivideShares, NothingIsWastedAndNobodyGetsLessThanAnEqualPartOrWhatItWants) {
  std::minstd_rand random(7);
  std::uniform_real_distribution<double> drawn(0, 1);
  for (int round = 0; round < 2'000; ++round) {
    const double pool = drawn(random);
    std::vector<std::optional<double>> wanted(1 + random() % 8);
    for (auto& want : wanted) {
      if (random() % 2 == 0) want = drawn(random);
    }
    const std::vector<double> parts = DivideShares(pool, wanted);
    EXPECT_NEAR(std::accumulate(parts.begin(), parts.end(), 0.0), pool, 1e-9);
    const double equal = pool / static_cast<double>(wanted.size());
    for (size_t i = 0; i < parts.size(); ++i) {
      EXPECT_GE(parts[i] + 1e-9, std::min(equal, std::max(wanted[i].value_or(1), kIdlePart)));
    }
  }
}

}  // namespace
}  // namespace spillway
