#include "engine/rejected_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway {
namespace {

TEST(RejectedGuard, AllowsAsManyRowsAsTheBudgetSaysAndNotOneMore) {
  RejectedGuard guard({.rows = 2, .share = std::nullopt}, "p", 0, 0);
  guard.CountRead(10);
  EXPECT_TRUE(guard.CountRejected(2).ok());
  const Status over = guard.CountRejected(1);
  EXPECT_EQ(over.code(), StatusCode::kRejectedOverBudget);
  EXPECT_EQ(over.message(), "3 of 10 rows read so far were rejected; max_rejected allows 2 rows");
  EXPECT_EQ(over.hint(), "see why with: spillway rejects p");
}

TEST(RejectedGuard, JudgesAShareFromAThousandRowsOnAndAtTheEnd) {
  RejectedGuard guard({.rows = std::nullopt, .share = 0.001}, "p", 0, 0);
  guard.CountRead(999);
  EXPECT_TRUE(guard.CountRejected(1).ok()) << "too few rows to judge by";
  EXPECT_EQ(guard.CheckAtEnd().code(), StatusCode::kRejectedOverBudget);
  guard.CountRead(1);
  EXPECT_TRUE(guard.CheckAtEnd().ok()) << "one of a thousand is what it allows";
  EXPECT_EQ(guard.CountRejected(1).code(), StatusCode::kRejectedOverBudget);
}

TEST(RejectedGuard, CountsOnFromWhatEarlierRunsOfTheLoadRejected) {
  RejectedGuard guard({.rows = 10, .share = std::nullopt}, "p", 5'000, 10);
  EXPECT_TRUE(guard.CheckAtEnd().ok());
  EXPECT_FALSE(guard.CountRejected(1).ok());
}

TEST(RejectedGuard, WithoutABudgetEverythingIsAllowed) {
  RejectedGuard guard({.rows = std::nullopt, .share = std::nullopt}, "p", 0, 0);
  guard.CountRead(5'000);
  EXPECT_TRUE(guard.CountRejected(5'000).ok());
}

}  // namespace
}  // namespace spillway
