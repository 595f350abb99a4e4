#include "engine/budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace spillway {
namespace {

TEST(Budget, WhatIsTakenComesBackWithItsShare) {
  Budget budget(100);
  {
    auto share = *budget.Take(60, {});
    EXPECT_EQ(budget.taken(), 60u);
    share.ShrinkTo(10);
    EXPECT_EQ(budget.taken(), 10u);
    const Budget::Share moved = std::move(share);
    EXPECT_EQ(budget.taken(), 10u);
  }
  EXPECT_EQ(budget.taken(), 0u);
  EXPECT_EQ(budget.taken_max(), 60u);
}

TEST(Budget, WhoeverFindsItTakenWaitsUntilThereIsRoom) {
  Budget budget(100);
  auto first = *budget.Take(80, {});
  std::jthread second([&] {
    const auto share = budget.Take(50, {});
    EXPECT_TRUE(share.ok());
  });
  first.ShrinkTo(50);
  second.join();
  EXPECT_LE(budget.taken_max(), 100u);
}

TEST(Budget, MoreThanAllOfItIsAdmittedAlone) {
  Budget budget(100);
  EXPECT_TRUE(budget.Take(1'000, {}).ok());
}

TEST(Budget, WhoeverGivesUpGoesWithoutOnceItIsWoken) {
  Budget budget(100);
  const auto all = *budget.Take(100, {});
  std::atomic<bool> give_up = false;
  std::jthread waiter([&] {
    const auto share = budget.TakeUnless(1, [&] { return give_up.load(); }, {});
    ASSERT_TRUE(share.ok());
    EXPECT_FALSE(share->has_value());
  });
  give_up = true;
  budget.Wake();
  waiter.join();
  EXPECT_EQ(budget.taken(), 100u);
}

TEST(Budget, NobodyGivesUpWhileThereIsRoom) {
  Budget budget(100);
  const auto share = budget.TakeUnless(100, [] { return true; }, {});
  ASSERT_TRUE(share.ok());
  EXPECT_TRUE(share->has_value());
}

TEST(Budget, AStopEndsTheWait) {
  Budget budget(100);
  const auto all = *budget.Take(100, {});
  std::stop_source stop;
  std::jthread waiter(
      [&] { EXPECT_EQ(budget.Take(1, stop.get_token()).status().code(), StatusCode::kCancelled); });
  stop.request_stop();
}

}  // namespace
}  // namespace spillway
