#include "throughput/throughput_limiter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "throughput/charge_model.h"

namespace spillway {
namespace {

using namespace std::chrono_literals;
using Nanos = std::chrono::nanoseconds;

AdmittedThroughput Admitted(double units_per_second, size_t groups) {
  return {units_per_second, std::vector<double>(groups, 1.0 / static_cast<double>(groups))};
}

// A bucket of one second, as the service has one for each physical partition.
class Partition {
 public:
  explicit Partition(double rate) : rate_(rate), level_(rate) {}
  void SetRate(double rate) {
    level_ *= rate / rate_;
    rate_ = rate;
  }
  bool Take(double units, Nanos now) {
    level_ = std::min(rate_, level_ + rate_ * std::chrono::duration<double>(now - filled_).count());
    filled_ = now;
    if (level_ < units) return false;
    level_ -= units;
    return true;
  }

 private:
  double rate_;
  double level_;
  Nanos filled_{0};
};

struct Charge {
  Nanos at{0};
  double units = 0;
};

// Lanes that send all the time, each its documents one after the other, to a service that takes
// some time for the way and the work. Time is simulated.
class Traffic {
 public:
  struct Options {
    double provisioned = 40'000;
    uint32_t groups = 4;
    uint32_t lanes_of_group = 4;
    std::function<uint32_t(std::minstd_rand&)> document_bytes = [](auto&) { return 1024u; };
    uint32_t seed = 1;
  };

  explicit Traffic(const Options& options)
      : options_(options),
        limiter_(clock_),
        model_([](uint64_t bytes) { return 5 + static_cast<double>(bytes) / 1024; }),
        random_(options.seed) {
    for (uint32_t group = 0; group < options.groups; ++group) {
      partitions_.emplace_back(options.provisioned / options.groups);
    }
    limiter_.SetAdmitted(Admitted(options.provisioned, options.groups));
    for (uint32_t lane = 0; lane < options.groups * options.lanes_of_group; ++lane) {
      lanes_.push_back({.group = lane % options.groups, .batch = {}, .ticket = {}});
      events_.push({Nanos(0), lane});
    }
  }

  ThroughputLimiter& limiter() { return limiter_; }
  void Provision(double units_per_second) {
    for (Partition& partition : partitions_) {
      partition.SetRate(units_per_second / options_.groups);
    }
    limiter_.SetAdmitted(Admitted(units_per_second, options_.groups));
  }
  void MultiplyPrices(double factor) { price_ *= factor; }

  void RunUntil(Nanos end) {
    while (events_.top().at < end) {
      const Event event = events_.top();
      events_.pop();
      clock_.Advance(event.at - now_);
      now_ = event.at;
      Step(event.lane);
    }
  }

  double Spent(Nanos from, Nanos to) const {
    double units = 0;
    for (const Charge& charge : charges_) {
      if (charge.at >= from && charge.at < to) units += charge.units;
    }
    return units;
  }
  // The most of any second that begins in [from, to), in steps of ten milliseconds.
  double DearestSecond(Nanos from, Nanos to) const {
    double most = 0;
    for (Nanos begin = from; begin < to; begin += 10ms) {
      most = std::max(most, Spent(begin, begin + 1s));
    }
    return most;
  }
  uint64_t documents() const { return documents_; }
  uint64_t throttled() const { return throttled_; }
  double dearest_document() const { return dearest_document_; }

 private:
  enum class Phase { kAsk, kWait, kArrive, kAnswer };
  struct Lane {
    uint32_t group = 0;
    Phase phase = Phase::kAsk;
    std::vector<uint32_t> batch;  // bytes of its documents
    ThroughputTicket ticket;
    std::vector<double> charges{};
  };
  struct Event {
    Nanos at;
    uint32_t lane;
    bool operator<(const Event& other) const {
      return at != other.at ? at > other.at : lane > other.lane;
    }
  };

  Document DocumentOf(uint32_t bytes) {
    if (text_.size() < bytes) text_.resize(bytes, 'x');
    Document document;
    document.body = std::string_view(text_).substr(0, bytes);
    return document;
  }
  Nanos Latency(Nanos least, Nanos most) {
    return Nanos(std::uniform_int_distribution<int64_t>(least.count(), most.count())(random_));
  }

  void Step(uint32_t index) {
    Lane& lane = lanes_[index];
    Nanos next{0};
    if (lane.phase == Phase::kAsk) {
      Collect(lane);
      lane.phase = Phase::kWait;
    } else if (lane.phase == Phase::kWait) {
      next = limiter_.WaitFor(lane.ticket);
      if (next.count() <= 0) {
        lane.phase = Phase::kArrive;
        next = Latency(100us, 3ms);
      }
    } else if (lane.phase == Phase::kArrive) {
      Arrive(lane);
      lane.phase = Phase::kAnswer;
      next = Latency(100us, 3ms);
    } else {
      Answer(lane);
      lane.phase = Phase::kAsk;
    }
    events_.push({now_ + next, index});
  }

  void Collect(Lane& lane) {
    const double most = limiter_.UnitsOfSendMax(lane.group);
    double units = 0;
    while (lane.batch.size() < 100) {
      const uint32_t bytes = options_.document_bytes(random_);
      const double more = model_.Predict(DocumentOf(bytes));
      if (!lane.batch.empty() && units + more > most) break;
      lane.batch.push_back(bytes);
      units += more;
    }
    lane.ticket = limiter_.Ask(lane.group, units);
  }

  void Arrive(Lane& lane) {
    lane.charges.clear();
    for (const uint32_t bytes : lane.batch) {
      const double units = price_ * (6.5 + bytes / 2048.0);
      const bool taken = partitions_[lane.group].Take(units, now_);
      lane.charges.push_back(taken ? units : 0);
      if (taken) charges_.push_back({now_, units});
      if (taken) dearest_document_ = std::max(dearest_document_, units);
      ++documents_;
      if (!taken) ++throttled_;
    }
  }

  void Answer(Lane& lane) {
    SendOutcome outcome{.units = 0, .throttled = false};
    for (size_t i = 0; i < lane.batch.size(); ++i) {
      *outcome.units += lane.charges[i];
      outcome.throttled = outcome.throttled || lane.charges[i] == 0;
      model_.Learn(DocumentOf(lane.batch[i]), lane.charges[i]);
    }
    outcome.retry_after = 2ms;
    limiter_.Settle(lane.ticket, outcome);
    lane.batch.clear();
  }

  const Options options_;
  ManualClock clock_;
  ThroughputLimiter limiter_;
  ChargeModel model_;
  std::minstd_rand random_;
  std::vector<Partition> partitions_;
  std::vector<Lane> lanes_;
  std::priority_queue<Event> events_;
  std::vector<Charge> charges_;
  std::string text_;
  Nanos now_{0};
  double price_ = 1;
  double dearest_document_ = 0;
  uint64_t documents_ = 0;
  uint64_t throttled_ = 0;
};

class Limits : public testing::TestWithParam<double> {};

TEST_P(Limits, AreUsedAndKeptInEverySecond) {
  const double limit = GetParam();
  const bool large = limit >= 5'000;
  for (const uint32_t groups : {1u, 3u, 8u, 20u}) {
    SCOPED_TRACE(groups);
    Traffic traffic({.provisioned = 10'000.0 * groups, .groups = groups});
    traffic.limiter().SetLimit({.share = {}, .units_per_second = limit});
    const double held_to = std::min(limit, 10'000.0 * groups);
    traffic.RunUntil(16s);
    EXPECT_LE(traffic.DearestSecond(0s, 14s),
              large ? 1.02 * held_to : limit + traffic.dearest_document());
    EXPECT_GE(traffic.Spent(2s, 15s), (large ? 0.99 : 0.97) * held_to * 13);
    EXPECT_EQ(traffic.throttled(), 0u) << "of " << traffic.documents();
  }
}

INSTANTIATE_TEST_SUITE_P(OfEverySize, Limits,
                         testing::Values(400, 700, 1'000, 2'500, 4'900, 5'000, 9'000));

TEST(ThroughputLimiter, OneLaneAloneUsesTheWholeLimit) {
  for (const double limit : {400.0, 9'000.0}) {
    Traffic traffic({.provisioned = 10'000, .groups = 1, .lanes_of_group = 1});
    traffic.limiter().SetLimit({.share = {}, .units_per_second = limit});
    traffic.RunUntil(12s);
    EXPECT_GE(traffic.Spent(2s, 12s), 0.9 * limit * 10) << limit;
  }
}

TEST(ThroughputLimiter, AShareIsOneOfWhatIsAdmittedNow) {
  Traffic traffic({.provisioned = 40'000});
  traffic.limiter().SetLimit({.share = 0.3, .units_per_second = {}});
  traffic.RunUntil(10s);
  EXPECT_LE(traffic.DearestSecond(0s, 8s), 1.02 * 12'000);
  EXPECT_GE(traffic.Spent(2s, 9s), 0.99 * 12'000 * 7);
  traffic.Provision(20'000);
  traffic.RunUntil(20s);
  EXPECT_LE(traffic.DearestSecond(12s, 18s), 1.02 * 6'000);
  EXPECT_GE(traffic.Spent(12s, 19s), 0.99 * 6'000 * 7);
  EXPECT_EQ(traffic.throttled(), 0u);
}

TEST(ThroughputLimiter, ALimitCanBeChangedWhileItIsWaitedFor) {
  Traffic traffic({.provisioned = 40'000});
  traffic.limiter().SetLimit({.share = {}, .units_per_second = 400});
  traffic.RunUntil(5s);
  traffic.limiter().SetLimit({.share = {}, .units_per_second = 8'000});
  traffic.RunUntil(12s);
  EXPECT_GE(traffic.Spent(6s, 11s), 0.99 * 8'000 * 5);
  EXPECT_LE(traffic.DearestSecond(6s, 10s), 1.02 * 8'000);
}

TEST(ThroughputLimiter, APriceThatTriplesIsKnownWithinTwoSeconds) {
  Traffic traffic({.provisioned = 40'000});
  traffic.limiter().SetLimit({.share = {}, .units_per_second = 12'000});
  traffic.RunUntil(5s);
  traffic.MultiplyPrices(3);
  traffic.RunUntil(15s);
  EXPECT_LE(traffic.DearestSecond(3s, 7s), 1.1 * 12'000);
  EXPECT_LE(traffic.DearestSecond(7s, 13s), 1.02 * 12'000);
  EXPECT_GE(traffic.Spent(7s, 14s), 0.99 * 12'000 * 7);
}

TEST(ThroughputLimiter, DocumentsOfAllSizesTogetherKeepTheLimit) {
  const auto bytes = [](std::minstd_rand& random) {
    // From 300 bytes to 50 KB, as many small ones as large ones to every doubling.
    return static_cast<uint32_t>(
        300 * std::pow(2, std::uniform_real_distribution<double>(0, 7.38)(random)));
  };
  Traffic traffic({.provisioned = 40'000, .document_bytes = bytes});
  traffic.limiter().SetLimit({.share = {}, .units_per_second = 12'000});
  traffic.RunUntil(16s);
  EXPECT_LE(traffic.DearestSecond(0s, 14s), 1.02 * 12'000);
  EXPECT_GE(traffic.Spent(2s, 15s), 0.99 * 12'000 * 13);
}

TEST(ThroughputLimiter, WithoutALimitAllThatIsAdmittedIsUsedAndHardlyAnythingIsThrottled) {
  Traffic traffic({.provisioned = 48'000, .groups = 8});
  traffic.RunUntil(20s);
  EXPECT_GE(traffic.Spent(2s, 20s), 0.995 * 48'000 * 18);
  EXPECT_LE(static_cast<double>(traffic.throttled()),
            0.01 * static_cast<double>(traffic.documents()));
}

TEST(ThroughputLimiter, AGroupThatIsNotAskedForAnythingLeavesItsPartUnused) {
  ManualClock clock;
  ThroughputLimiter limiter(clock);
  limiter.SetAdmitted(Admitted(10'000, 2));
  limiter.SetLimit({.share = 0.5, .units_per_second = {}});
  EXPECT_NEAR(limiter.rate(0).value(), 2'500, 25);
  const SteadyTime start = clock.Now();
  for (int i = 0; i < 100; ++i) {
    const Result<ThroughputTicket> ticket = limiter.Admit(0, 25, {});
    limiter.Settle(*ticket, {.units = 25});
  }
  EXPECT_NEAR(std::chrono::duration<double>(clock.Now() - start).count(), 1.0, 0.08);
}

TEST(ThroughputLimiter, WhatNobodyKnowsTheEndOfIsPaidFor) {
  ManualClock clock;
  ThroughputLimiter limiter(clock);
  limiter.SetAdmitted(Admitted(1'000, 1));
  limiter.SetLimit({.share = {}, .units_per_second = 1'000});
  const SteadyTime start = clock.Now();
  for (int i = 0; i < 10; ++i) limiter.Settle(*limiter.Admit(0, 100, {}), {.units = {}});
  EXPECT_GE(clock.Now() - start, 990ms);
}

// Where nothing is known of what a group admits.

struct Totals {
  uint32_t requests = 0;
  uint32_t throttled = 0;
  double admitted = 0;
};

Totals SendFor(ManualClock& clock, ThroughputLimiter& limiter, Partition& partition,
               std::chrono::seconds duration) {
  Totals totals;
  const SteadyTime end = clock.Now() + duration;
  while (clock.Now() < end) {
    const Result<ThroughputTicket> ticket = limiter.Admit(0, 800, {});
    EXPECT_TRUE(ticket.ok());
    SendOutcome outcome{.units = 0, .throttled = false};
    for (int row = 0; row < 100; ++row) {
      if (partition.Take(8, clock.Now().time_since_epoch())) *outcome.units += 8;
    }
    outcome.throttled = *outcome.units < 800;
    outcome.retry_after = outcome.throttled ? 2ms : 0ms;
    totals.admitted += *outcome.units;
    clock.Advance(5ms);
    limiter.Settle(*ticket, outcome);
    ++totals.requests;
    totals.throttled += outcome.throttled ? 1 : 0;
  }
  return totals;
}

TEST(ThroughputLimiter, LetsEverythingThroughUntilAnUnknownGroupThrottles) {
  ManualClock clock;
  ThroughputLimiter limiter(clock);
  const SteadyTime before = clock.Now();
  for (int i = 0; i < 1000; ++i) limiter.Settle(*limiter.Admit(3, 800, {}), {.units = 800});
  EXPECT_EQ(clock.Now(), before);
  EXPECT_EQ(limiter.rate(3), std::nullopt);
}

TEST(ThroughputLimiter, LearnsTheRateOfAnUnknownGroupAndUsesNearlyAllOfIt) {
  ManualClock clock;
  ThroughputLimiter limiter(clock);
  Partition partition(5714);
  SendFor(clock, limiter, partition, 5s);
  const Totals totals = SendFor(clock, limiter, partition, 60s);
  EXPECT_GT(totals.admitted, 0.95 * 5714 * 60);
  EXPECT_LT(totals.throttled, totals.requests / 20) << "of " << totals.requests;
}

TEST(ThroughputLimiter, FollowsAnUnknownBudgetThatIsRaised) {
  ManualClock clock;
  ThroughputLimiter limiter(clock);
  Partition partition(1000);
  SendFor(clock, limiter, partition, 10s);
  const double before = limiter.rate(0).value();
  partition.SetRate(10'000);
  SendFor(clock, limiter, partition, 60s);
  EXPECT_GT(limiter.rate(0).value(), 1.2 * before);
}

TEST(ThroughputLimiter, KeepsAGroupClosedForAsLongAsItAsked) {
  ManualClock clock;
  ThroughputLimiter limiter(clock);
  limiter.Settle(*limiter.Admit(0, 1, {}), {.units = 0, .throttled = true, .retry_after = 700ms});
  const SteadyTime before = clock.Now();
  ASSERT_TRUE(limiter.Admit(0, 1, {}).ok());
  EXPECT_EQ(clock.Now() - before, 700ms);
  const SteadyTime other = clock.Now();
  ASSERT_TRUE(limiter.Admit(1, 1, {}).ok());
  EXPECT_EQ(clock.Now(), other) << "another group is not held";
}

TEST(ThroughputLimiter, AStopEndsTheWaitAndWhatWasPaidIsGivenBack) {
  ManualClock clock;
  ThroughputLimiter limiter(clock);
  limiter.SetAdmitted(Admitted(1'000, 1));
  limiter.SetLimit({.share = {}, .units_per_second = 100});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(limiter.Admit(0, 500, stop.get_token()).status().code(), StatusCode::kCancelled);
  const SteadyTime before = clock.Now();
  ASSERT_TRUE(limiter.Admit(0, 10, {}).ok());
  EXPECT_LE(clock.Now() - before, 110ms);
}

TEST(ThroughputLimiter, APartIsSpentAsTheLimitWouldBe) {
  Traffic traffic({.seed = 3});
  traffic.limiter().SetLimit({.share = {}, .units_per_second = 20'000});
  traffic.limiter().SetPart(0.5, SteadyTime::max());
  EXPECT_NEAR(traffic.limiter().total_rate().value(), 10'000, 100);
  EXPECT_EQ(traffic.limiter().whole().value(), 20'000);
  traffic.RunUntil(10s);
  EXPECT_LE(traffic.DearestSecond(0s, 9s), 10'000 * 1.02);
  EXPECT_GE(traffic.Spent(2s, 9s), 7 * 10'000 * 0.99);
}

// Runs with a limiter each; what one gives up another one gets a moment later, as long as they
// differ.
TEST(ThroughputLimiter, TheSumOfRunsThatShareALimitIsUsedAndKeptWhilePartsChangeHands) {
  for (uint32_t seed = 1; seed <= 4; ++seed) {
    constexpr size_t kRuns = 4;
    std::vector<std::unique_ptr<Traffic>> runs;
    std::vector<double> parts = {1, 0, 0, 0};
    for (size_t i = 0; i < kRuns; ++i) {
      runs.push_back(std::make_unique<Traffic>(
          Traffic::Options{.seed = seed + 100 * static_cast<uint32_t>(i)}));
      runs[i]->limiter().SetLimit({.share = {}, .units_per_second = 20'000});
    }
    const auto set = [&](size_t run) {
      runs[run]->limiter().SetPart(parts[run], SteadyTime::max());
    };
    for (size_t i = 0; i < kRuns; ++i) set(i);
    std::minstd_rand random(seed);
    for (Nanos now{0}; now < 20s; now += 50ms) {
      const size_t from = std::max_element(parts.begin(), parts.end()) - parts.begin();
      const size_t to = random() % kRuns;
      parts[from] -= 0.02;
      set(from);
      for (auto& run : runs) run->RunUntil(now + 20ms);
      parts[to] += 0.02;
      set(to);
      for (auto& run : runs) run->RunUntil(now + 50ms);
    }
    const auto spent = [&](Nanos from, Nanos to) {
      double units = 0;
      for (const auto& run : runs) units += run->Spent(from, to);
      return units;
    };
    for (Nanos begin{0}; begin < 18s; begin += 50ms) {
      ASSERT_LE(spent(begin, begin + 1s), 20'000 * 1.02) << seed;
      if (begin < 2s) continue;
      ASSERT_GE(spent(begin, begin + 1s), 20'000 * 0.96) << seed;
    }
  }
}

TEST(ThroughputLimiter, APartThatIsNotRenewedEndsByItselfAndLeavesNothingBehind) {
  ManualClock clock;
  ThroughputLimiter limiter(clock);
  limiter.SetAdmitted(Admitted(10'000, 1));
  limiter.SetLimit({.share = {}, .units_per_second = 6'000});
  limiter.SetPart(1, clock.Now() + 1s);
  std::vector<ThroughputTicket> waiting;
  for (int i = 0; i < 300; ++i) waiting.push_back(limiter.Ask(0, 60));
  const auto due = [&] {
    return std::count_if(waiting.begin(), waiting.end(),
                         [&](ThroughputTicket& ticket) { return limiter.WaitFor(ticket) <= 0ns; });
  };
  for (auto passed = 0ms; passed < 990ms; passed += 5ms) {
    clock.Advance(5ms);
    due();
  }
  EXPECT_NEAR(static_cast<double>(due()), 99, 4);
  clock.Advance(15ms);
  EXPECT_EQ(due(), 0);
  clock.Advance(60s);
  EXPECT_EQ(due(), 0);
  // Time without a part has supplied nothing.
  limiter.SetPart(1, clock.Now() + 1s);
  EXPECT_NEAR(static_cast<double>(due()), 100, 4);
  EXPECT_TRUE(limiter.behind());
}

TEST(ThroughputLimiter, WithoutALimitAPartIsOneOfWhatIsAdmitted) {
  ManualClock clock;
  ThroughputLimiter limiter(clock);
  limiter.SetAdmitted(Admitted(10'000, 2));
  limiter.SetPart(0.25, SteadyTime::max());
  EXPECT_NEAR(limiter.rate(0).value(), 1'250, 1);
  EXPECT_EQ(limiter.whole().value(), 10'000);
}

TEST(ThroughputLimiter, WhoWaitsForOneThatIsClosedIsToldWhy) {
  ManualClock clock;
  ThroughputLimiter limiter(clock);
  limiter.SetPart(0, clock.Now());
  limiter.Close(Unavailable("the board is away"));
  EXPECT_EQ(limiter.Admit(0, 1, {}).status().message(), "the board is away");
}

}  // namespace
}  // namespace spillway
