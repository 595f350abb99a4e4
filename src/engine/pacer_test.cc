#include "engine/pacer.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

using namespace std::chrono_literals;

// A group that admits `rate` a second from a bucket of one second, and says how long to wait for
// one row, as Cosmos DB does.
class Bucket {
 public:
  Bucket(Clock& clock, double rate) : clock_(clock), rate_(rate), level_(rate) {}

  PacerOutcome Send(uint32_t rows, double cost_per_row) {
    const SteadyTime now = clock_.Now();
    const std::chrono::duration<double> passed = now - filled_at_;
    filled_at_ = now;
    level_ = std::min(rate_, level_ + rate_ * passed.count());
    PacerOutcome outcome;
    outcome.rows_settled = std::min<uint32_t>(rows, static_cast<uint32_t>(level_ / cost_per_row));
    const double taken = outcome.rows_settled * cost_per_row;
    outcome.throttled = outcome.rows_settled < rows;
    outcome.cost = taken + (rows - outcome.rows_settled) * 0.38;  // refused rows cost too
    outcome.retry_after = outcome.throttled ? 2ms : 0ms;
    level_ -= taken;
    admitted_ += taken;
    return outcome;
  }

  double admitted() const { return admitted_; }

 private:
  Clock& clock_;
  const double rate_;
  double level_;
  double admitted_ = 0;
  SteadyTime filled_at_;
};

struct Totals {
  uint32_t requests = 0;
  uint32_t throttled = 0;
};

// Sends for `duration`; each send takes five milliseconds.
Totals SendFor(ManualClock& clock, Pacer& pacer, Bucket& bucket, std::chrono::seconds duration) {
  Totals totals;
  const SteadyTime end = clock.Now() + duration;
  while (clock.Now() < end) {
    const Result<PacerTicket> ticket = pacer.WaitTurn(0, 100, {});
    EXPECT_TRUE(ticket.ok());
    const PacerOutcome outcome = bucket.Send(100, 8);
    clock.Advance(5ms);
    pacer.Settle(*ticket, outcome);
    ++totals.requests;
    totals.throttled += outcome.throttled ? 1 : 0;
  }
  return totals;
}

TEST(Pacer, LetsEverythingThroughUntilAGroupThrottles) {
  ManualClock clock;
  Pacer pacer(clock);
  const SteadyTime before = clock.Now();
  for (int i = 0; i < 1000; ++i) {
    const Result<PacerTicket> ticket = pacer.WaitTurn(3, 100, {});
    pacer.Settle(*ticket, {.cost = 800, .rows_settled = 100, .throttled = false});
  }
  EXPECT_EQ(clock.Now(), before);
  EXPECT_EQ(pacer.rate(3), std::nullopt);
}

TEST(Pacer, LearnsTheRateOfASaturatedGroupAndUsesNearlyAllOfIt) {
  ManualClock clock;
  Pacer pacer(clock);
  Bucket bucket(clock, 5714);
  SendFor(clock, pacer, bucket, 5s);
  const double before = bucket.admitted();
  const Totals totals = SendFor(clock, pacer, bucket, 60s);
  EXPECT_GT(bucket.admitted() - before, 0.95 * 5714 * 60);
  EXPECT_LT(totals.throttled, totals.requests / 20) << "of " << totals.requests;
}

TEST(Pacer, FollowsABudgetThatIsRaised) {
  ManualClock clock;
  Pacer pacer(clock);
  Bucket small(clock, 1000);
  SendFor(clock, pacer, small, 10s);
  const double before = pacer.rate(0).value();
  Bucket large(clock, 10'000);
  SendFor(clock, pacer, large, 60s);
  EXPECT_GT(pacer.rate(0).value(), 1.2 * before);
}

TEST(Pacer, KeepsAGroupClosedForAsLongAsItAsked) {
  ManualClock clock;
  Pacer pacer(clock);
  const Result<PacerTicket> first = pacer.WaitTurn(0, 1, {});
  pacer.Settle(*first, {.cost = 0, .throttled = true, .retry_after = 700ms});
  const SteadyTime before = clock.Now();
  ASSERT_TRUE(pacer.WaitTurn(0, 1, {}).ok());
  EXPECT_EQ(clock.Now() - before, 700ms);
  const SteadyTime other = clock.Now();
  ASSERT_TRUE(pacer.WaitTurn(1, 1, {}).ok());
  EXPECT_EQ(clock.Now(), other) << "another group is not held";
}

TEST(Pacer, AStopEndsTheWait) {
  ManualClock clock;
  Pacer pacer(clock);
  const Result<PacerTicket> first = pacer.WaitTurn(0, 1, {});
  pacer.Settle(*first, {.throttled = true, .retry_after = 700ms});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(pacer.WaitTurn(0, 1, stop.get_token()).status().code(), StatusCode::kCancelled);
}

}  // namespace
}  // namespace spillway
