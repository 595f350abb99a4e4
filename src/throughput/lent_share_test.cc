#include "throughput/lent_share.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

using std::chrono::seconds;

class LentShareTest : public testing::Test {
 protected:
  LentShareTest() {
    limiter_.SetLimit({.share = {}, .units_per_second = kLimit});
    share_.Attach(limiter_);
  }
  ~LentShareTest() override { share_.Detach(); }

  // What goes within the time, by one who always has more.
  double SpendFor(seconds time) {
    const SteadyTime end = clock_.Now() + time;
    double spent = 0;
    while (clock_.Now() < end) {
      ThroughputTicket ticket = limiter_.Ask(0, kUnits);
      while (clock_.Now() < end && limiter_.WaitFor(ticket).count() > 0) {
        clock_.Advance(std::chrono::milliseconds(5));
      }
      if (clock_.Now() >= end) {
        limiter_.Withdraw(ticket);
        break;
      }
      limiter_.Settle(ticket, {.units = kUnits});
      spent += kUnits;
    }
    return spent;
  }
  void Lend(double part, seconds time, const std::optional<ThroughputLimit>& limit = {}) {
    share_.Set(part, clock_.Now() + time, limit);
  }

  static constexpr double kLimit = 10'000;
  static constexpr double kUnits = 10;
  ManualClock clock_;
  ThroughputLimiter limiter_{clock_};
  LentShare share_{clock_};
};

TEST_F(LentShareTest, NothingIsSpentBeforeSomethingIsLent) {
  EXPECT_EQ(SpendFor(seconds(3)), 0);
}

TEST_F(LentShareTest, ThePartThatIsLentIsSpentUntilItEnds) {
  Lend(0.25, seconds(2));
  EXPECT_NEAR(SpendFor(seconds(2)), 2 * 0.25 * kLimit, 0.03 * kLimit);
  EXPECT_EQ(SpendFor(seconds(5)), 0) << "it was not renewed";
}

TEST_F(LentShareTest, WhatWasNotLentMeanwhileIsNotMadeUpFor) {
  Lend(0.25, seconds(1));
  SpendFor(seconds(10));
  Lend(0.25, seconds(1));
  EXPECT_LE(SpendFor(seconds(1)), 0.27 * kLimit);
}

TEST_F(LentShareTest, SmallPartsTogetherUseALargeLimitAsWellAsOneRunDoes) {
  Lend(0.1, seconds(20));
  EXPECT_GE(SpendFor(seconds(20)), 0.99 * 20 * 0.1 * kLimit);
}

TEST_F(LentShareTest, ALimitThatIsToldReplacesTheOneOfTheStart) {
  Lend(0.5, seconds(2), ThroughputLimit{.share = {}, .units_per_second = 2'000});
  EXPECT_NEAR(SpendFor(seconds(2)), 2'000, 100);
  Lend(0.5, seconds(2));
  EXPECT_NEAR(SpendFor(seconds(2)), 2'000, 100) << "it holds until another is told";
  ASSERT_TRUE(share_.limit().has_value());
  EXPECT_EQ(share_.limit()->units_per_second, 2'000);
}

TEST_F(LentShareTest, WhoIsHeldBackWantsAllAndWhoIsNotWhatItSpends) {
  Lend(0.5, seconds(60));
  for (int i = 0; i < 20; ++i) {
    ThroughputTicket waiting = limiter_.Ask(0, kLimit);
    EXPECT_GT(limiter_.WaitFor(waiting).count(), 0);
    clock_.Advance(ShareDemand::kSampleEvery);
    EXPECT_FALSE(share_.Use().wanted.has_value());
    limiter_.Withdraw(waiting);
  }
  std::optional<double> wanted;
  for (int i = 0; i < 50; ++i) {
    clock_.Advance(ShareDemand::kSampleEvery);
    wanted = share_.Use().wanted;
  }
  ASSERT_TRUE(wanted.has_value()) << "it has nothing to send";
  EXPECT_LT(*wanted, 0.01);
}

TEST_F(LentShareTest, TellsTheWholeOfTheLimit) {
  Lend(0.1, seconds(1));
  EXPECT_EQ(share_.Use().whole, kLimit);
}

TEST_F(LentShareTest, OfARunThatDoesNotWriteNothingIsKnown) {
  share_.Detach();
  EXPECT_FALSE(share_.Use().whole.has_value());
  Lend(1, seconds(1));
  EXPECT_EQ(SpendFor(seconds(1)), 0) << "its limiter is left alone";
  share_.Attach(limiter_);
  EXPECT_EQ(SpendFor(seconds(1)), 0) << "what was lent has run out";
}

}  // namespace
}  // namespace spillway
