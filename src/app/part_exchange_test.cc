#include "app/part_exchange.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>

#include "app/part_text.h"

namespace spillway {
namespace {

using std::chrono::milliseconds;

constexpr uint64_t kSplitBytes = 1 << 20;

// Four splits are half of eight: two parts.
class PartExchangeTest : public testing::Test {
 protected:
  ~PartExchangeTest() override { exchange_.Fail(Internal("the test has ended")); }

  // The load's side, on a thread of its own, as it is.
  void Start(uint32_t splits) {
    for (uint32_t split = 0; split < splits; ++split) {
      splits_.push_back({fmt::format("part-{}", split), kSplitBytes, 10});
    }
    load_ = std::jthread([this] {
      CrewWork work{"t", 3, 4, splits_, {}};
      for (uint32_t split = 0; split < splits_.size(); ++split) {
        work.work.push_back(SplitWork{split, 0, {}});
      }
      exchange_.Do(
          std::move(work), milliseconds(1), stop_,
          [this](CrewOutcome outcome) {
            for (const SplitOutcome& split : outcome.splits) done_.insert(split.split);
            ++outcomes_;
            return refuse_;
          },
          [] {});
    });
  }
  ReadPartText Take() {
    const auto text = exchange_.Take({});
    EXPECT_TRUE(text.has_value());
    return *ParsePartText(*text);
  }
  static std::string Outcome(const ReadPartText& part) {
    CrewOutcome outcome;
    for (const SplitWork& work : part.work.work) outcome.splits.push_back({.split = work.split});
    return OutcomeText(part.part, outcome);
  }

  std::vector<Split> splits_;
  RunStop stop_{std::stop_token()};
  PartExchange exchange_{SystemClock(), 2};
  Status refuse_;
  std::set<uint32_t> done_;
  int outcomes_ = 0;
  std::jthread load_;
};

TEST_F(PartExchangeTest, EverySplitIsGivenOutOnceAndTheLoadEndsWithTheLastOutcome) {
  Start(8);
  const ReadPartText first = Take();
  const ReadPartText second = Take();
  EXPECT_EQ(first.work.work.size() + second.work.work.size(), 8u);
  EXPECT_EQ(first.work.table_id, "t");
  EXPECT_EQ(first.work.keys[0], "part-0");
  ASSERT_TRUE(exchange_.Put(Outcome(second)).ok());
  ASSERT_TRUE(exchange_.Put(Outcome(first)).ok());
  EXPECT_EQ(exchange_.Take({}), std::nullopt);
  load_.join();
  EXPECT_EQ(done_.size(), 8u);
  EXPECT_TRUE(stop_.cause().ok());
}

TEST_F(PartExchangeTest, AnOutcomeThatComesTwiceCountsOnce) {
  Start(4);
  const ReadPartText first = Take();
  const ReadPartText second = Take();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(exchange_.Put(Outcome(first)).ok());
  ASSERT_TRUE(exchange_.Put(Outcome(second)).ok());
  load_.join();
  EXPECT_EQ(outcomes_, 2);
}

TEST_F(PartExchangeTest, WhatIsNoOutcomeIsRefusedAndThePartStaysOpen) {
  Start(1);
  const ReadPartText part = Take();
  EXPECT_EQ(exchange_.Put("{}").code(), StatusCode::kDataLoss);
  ASSERT_TRUE(exchange_.Put(Outcome(part)).ok());
  load_.join();
  EXPECT_EQ(outcomes_, 1);
}

TEST_F(PartExchangeTest, ACrewThatFailsEndsTheLoadAndNothingMoreIsGivenOut) {
  Start(9);
  Take();
  exchange_.Fail(Unavailable("the cluster is gone"));
  load_.join();
  EXPECT_EQ(stop_.cause().code(), StatusCode::kUnavailable);
  EXPECT_EQ(exchange_.Take({}), std::nullopt);
}

TEST_F(PartExchangeTest, ALoadThatRefusesAnOutcomeEnds) {
  refuse_ = Internal("the counts do not add up");
  Start(9);
  ASSERT_TRUE(exchange_.Put(Outcome(Take())).ok());
  load_.join();
  EXPECT_EQ(stop_.cause().code(), StatusCode::kInternal);
  EXPECT_EQ(exchange_.Take({}), std::nullopt);
}

TEST_F(PartExchangeTest, WhereNothingIsDueNobodyWaits) {
  exchange_.Close();
  EXPECT_EQ(exchange_.Take({}), std::nullopt);
}

TEST_F(PartExchangeTest, AStopEndsWhoWaitsForAPart) {
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_EQ(exchange_.Take(stop.get_token()), std::nullopt);
}

}  // namespace
}  // namespace spillway
