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

}  // namespace
}  // namespace spillway::emulator
