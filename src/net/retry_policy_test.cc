#include "net/retry_policy.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

using std::chrono::milliseconds;

TEST(RetryPolicy, CeilingDoublesUpToItsBound) {
  const RetryPolicy policy{.wait_first = milliseconds(100), .wait_max = milliseconds(1000)};
  EXPECT_EQ(RetryWaitCeiling(policy, 1), milliseconds(100));
  EXPECT_EQ(RetryWaitCeiling(policy, 2), milliseconds(200));
  EXPECT_EQ(RetryWaitCeiling(policy, 4), milliseconds(800));
  EXPECT_EQ(RetryWaitCeiling(policy, 5), milliseconds(1000));
  EXPECT_EQ(RetryWaitCeiling(policy, 4'000'000'000), milliseconds(1000));
}

TEST(RetryPolicy, WaitsAreSpreadOverTheWholeInterval) {
  const RetryPolicy policy;
  std::mt19937_64 rng(7);
  milliseconds shortest = policy.wait_max, longest{0};
  for (int i = 0; i < 1000; ++i) {
    const milliseconds wait = RetryWait(policy, 4, milliseconds(0), rng);
    shortest = std::min(shortest, wait);
    longest = std::max(longest, wait);
  }
  EXPECT_LT(shortest, milliseconds(40));
  EXPECT_GT(longest, milliseconds(760));
  EXPECT_LE(longest, milliseconds(800));
}

TEST(RetryPolicy, NeverComesBackBeforeTheOtherSideAllows) {
  const RetryPolicy policy;
  std::mt19937_64 rng(7);
  for (int i = 0; i < 1000; ++i) {
    const milliseconds wait = RetryWait(policy, 1, milliseconds(5000), rng);
    EXPECT_GE(wait, milliseconds(5000));
    EXPECT_LE(wait, milliseconds(5100));
  }
}

TEST(RetryPolicy, AnAbsurdRetryAfterIsBounded) {
  const RetryPolicy policy;
  std::mt19937_64 rng(7);
  const milliseconds wait = RetryWait(policy, 1, milliseconds(1LL << 50), rng);
  EXPECT_LE(wait, policy.retry_after_max + policy.wait_first);
}

TEST(RetryPolicy, AttemptsAreCountedWithTheFirst) {
  const RetryPolicy policy{.attempts_max = 2};
  EXPECT_TRUE(policy.AllowsAttempt(1));
  EXPECT_FALSE(policy.AllowsAttempt(2));
}

}  // namespace
}  // namespace spillway
