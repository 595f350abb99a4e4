#include "net/concurrency_limit.h"

#include <gtest/gtest.h>

#include <thread>

namespace spillway {
namespace {

TEST(ConcurrencyLimit, GrowsByAboutOnePerRound) {
  ConcurrencyLimit limit({.start = 1, .min = 1, .max = 8});
  const CallContext ctx;
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(limit.Acquire(0, ctx).ok());
    limit.Release(0, false);
  }
  EXPECT_EQ(limit.limit(0), 3u);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(limit.Acquire(0, ctx).ok());
    limit.Release(0, false);
  }
  EXPECT_EQ(limit.limit(0), 8u);
}

TEST(ConcurrencyLimit, HalvesOncePerThrottledRound) {
  ConcurrencyLimit limit({.start = 8, .min = 1, .max = 8});
  const CallContext ctx;
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(limit.Acquire(0, ctx).ok());
  for (int i = 0; i < 8; ++i) limit.Release(0, true);
  EXPECT_EQ(limit.limit(0), 4u);
  ASSERT_TRUE(limit.Acquire(0, ctx).ok());
  limit.Release(0, true);
  EXPECT_EQ(limit.limit(0), 2u);
}

TEST(ConcurrencyLimit, NeverFallsBelowItsMinimum) {
  ConcurrencyLimit limit({.start = 2, .min = 2, .max = 8});
  const CallContext ctx;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(limit.Acquire(0, ctx).ok());
    limit.Release(0, true);
  }
  EXPECT_EQ(limit.limit(0), 2u);
}

TEST(ConcurrencyLimit, GroupsDoNotShareTheirLimit) {
  ConcurrencyLimit limit({.start = 4, .min = 1, .max = 8});
  const CallContext ctx;
  ASSERT_TRUE(limit.Acquire(1, ctx).ok());
  limit.Release(1, true);
  EXPECT_EQ(limit.limit(1), 2u);
  EXPECT_EQ(limit.limit(2), 4u);
}

TEST(ConcurrencyLimit, AFullGroupWaitsUntilRoomOrStop) {
  ConcurrencyLimit limit({.start = 1, .min = 1, .max = 1});
  const CallContext ctx;
  ASSERT_TRUE(limit.Acquire(0, ctx).ok());
  Status second = Internal("not run");
  {
    std::jthread waiter(
        [&](std::stop_token stop) { second = limit.Acquire(0, CallContext{.stop = stop}); });
    limit.Release(0, false);
  }
  EXPECT_TRUE(second.ok() || second.code() == StatusCode::kCancelled);

  ConcurrencyLimit full({.start = 1, .min = 1, .max = 1});
  ASSERT_TRUE(full.Acquire(0, ctx).ok());
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_EQ(full.Acquire(0, CallContext{.stop = stop.get_token()}).code(), StatusCode::kCancelled);
}

}  // namespace
}  // namespace spillway
