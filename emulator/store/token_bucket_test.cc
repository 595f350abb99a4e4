#include "emulator/store/token_bucket.h"

#include <gtest/gtest.h>

namespace spillway::emulator {
namespace {

using std::chrono::milliseconds;

TEST(TokenBucket, AdmitsEverythingWithoutARate) {
  TokenBucket bucket;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(bucket.TryTake(1e9, SteadyTime()), std::nullopt);
}

TEST(TokenBucket, AdmitsOneWindowAndThenSaysHowLongToWait) {
  TokenBucket bucket;
  const SteadyTime start{};
  bucket.SetRate(100, 1.0, start);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(bucket.TryTake(10, start), std::nullopt);
  EXPECT_EQ(bucket.TryTake(10, start), milliseconds(100));
  EXPECT_EQ(bucket.TryTake(10, start + milliseconds(50)), milliseconds(50));
  EXPECT_EQ(bucket.TryTake(10, start + milliseconds(100)), std::nullopt);
}

TEST(TokenBucket, NeverHoldsMoreThanItsWindow) {
  TokenBucket bucket;
  bucket.SetRate(100, 0.1, SteadyTime());
  const SteadyTime later = SteadyTime() + std::chrono::hours(1);
  EXPECT_EQ(bucket.TryTake(10, later), std::nullopt);
  EXPECT_NE(bucket.TryTake(1, later), std::nullopt);
}

TEST(TokenBucket, AdmitsAnOversizedChargeOnlyWhenFull) {
  TokenBucket bucket;
  const SteadyTime start{};
  bucket.SetRate(100, 1.0, start);
  EXPECT_EQ(bucket.TryTake(1, start), std::nullopt);
  EXPECT_NE(bucket.TryTake(300, start), std::nullopt);
  EXPECT_EQ(bucket.TryTake(300, start + milliseconds(10)), std::nullopt);
  EXPECT_NE(bucket.TryTake(1, start + milliseconds(1000)), std::nullopt);
  EXPECT_EQ(bucket.TryTake(1, start + milliseconds(2030)), std::nullopt);
}

TEST(TokenBucket, WorkChargedAfterwardsLeavesADebt) {
  TokenBucket bucket;
  const SteadyTime start{};
  bucket.SetRate(100, 1.0, start);
  EXPECT_EQ(bucket.TryStart(start), std::nullopt);
  bucket.Charge(150, start);
  EXPECT_NE(bucket.TryStart(start + milliseconds(400)), std::nullopt);
  EXPECT_EQ(bucket.TryStart(start + milliseconds(510)), std::nullopt);
}

TEST(TokenBucket, AChangeOfRateKeepsTheProportion) {
  TokenBucket bucket;
  const SteadyTime start{};
  bucket.SetRate(100, 1.0, start);
  EXPECT_EQ(bucket.TryTake(50, start), std::nullopt);
  bucket.SetRate(1000, 1.0, start);
  EXPECT_EQ(bucket.TryTake(500, start), std::nullopt);
  EXPECT_NE(bucket.TryTake(1, start), std::nullopt);
}

TEST(TokenBucket, LowPriorityRunsOutFirst) {
  TokenBucket bucket;
  const SteadyTime start{};
  const Admission low{.low_priority = true};
  bucket.SetRate(100, 1.0, start);
  EXPECT_FALSE(bucket.TryTake(80, start, low));
  const auto refused = bucket.TryTake(10, start, low);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->wait, milliseconds(100));
  EXPECT_FALSE(refused->by_share);
  EXPECT_FALSE(bucket.TryTake(20, start, Admission{}));
  EXPECT_TRUE(bucket.TryTake(1, start, Admission{}));
}

TEST(TokenBucket, LowPriorityAloneHasTheWholeRate) {
  TokenBucket bucket;
  SteadyTime now{};
  const Admission low{.low_priority = true};
  bucket.SetRate(100, 1.0, now);
  int admitted = 0;
  for (int i = 0; i < 1000; ++i, now += milliseconds(10)) {
    if (!bucket.TryTake(1, now, low)) ++admitted;
  }
  EXPECT_GE(admitted, 999);
}

TEST(TokenBucket, AShareIsHeldToItsPartAndTakesFromTheWhole) {
  TokenBucket bucket;
  const SteadyTime start{};
  bucket.SetRate(100, 1.0, start);
  bucket.SetShares({0, 0.3, 0, 0, 0}, start);
  const Admission second{.share = 2};
  EXPECT_FALSE(bucket.TryTake(30, start, second));
  const auto refused = bucket.TryTake(3, start, second);
  ASSERT_TRUE(refused);
  EXPECT_TRUE(refused->by_share);
  EXPECT_EQ(refused->wait, milliseconds(100));
  EXPECT_FALSE(bucket.TryTake(70, start, Admission{})) << "nothing was reserved for the share";
  EXPECT_FALSE(bucket.TryTake(3, start + milliseconds(100), second));
  EXPECT_FALSE(bucket.TryTake(1, start + milliseconds(100), Admission{.share = 4}))
      << "a share that is not set up limits nothing";
}

}  // namespace
}  // namespace spillway::emulator
