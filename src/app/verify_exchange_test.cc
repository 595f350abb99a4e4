#include "app/verify_exchange.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <thread>

namespace spillway {
namespace {

using std::chrono::milliseconds;

class VerifyExchangeTest : public testing::Test {
 protected:
  ~VerifyExchangeTest() override { exchange_.Fail(Internal("the test has ended")); }

  // The verification's side, on a thread of its own, as it is.
  void Start(std::vector<Split> splits, uint64_t documents, bool divisible = true) {
    splits_ = std::move(splits);
    verification_ = std::jthread([this, documents, divisible] {
      const VerifyCrewWork work{.table_id = "t",
                                .version = 3,
                                .late_columns = {"late"},
                                .splits = splits_,
                                .documents = documents,
                                .divisible = divisible};
      exchange_.Do(
          work, milliseconds(1), stop_,
          [this](VerifyOutcome outcome) {
            outcomes_.push_back(std::move(outcome));
            return refuse_;
          },
          [] {});
    });
  }
  std::vector<ReadVerifyPart> TakeAll(size_t parts) {
    std::vector<ReadVerifyPart> taken;
    while (taken.size() < parts) taken.push_back(*ParseVerifyPart(*exchange_.Take({})));
    return taken;
  }
  static std::string OutcomeOf(const ReadVerifyPart& part) {
    VerifyOutcome outcome;
    outcome.side = part.work.side;
    return VerifyOutcomeText(part.part, outcome);
  }

  std::vector<Split> splits_;
  RunStop stop_{std::stop_token()};
  VerifyExchange exchange_{SystemClock(), 2};
  Status refuse_;
  std::vector<VerifyOutcome> outcomes_;
  std::jthread verification_;
};

TEST_F(VerifyExchangeTest, EveryRowAndEveryPlaceIsInOnePart) {
  Start({{"a", 1, 50'000}, {"b", 1, 10}, {"c", 1, std::nullopt}, {"d", 1, 20'000}}, 3'000'000);
  std::map<uint32_t, uint64_t> next;  // by split
  double place = 0;
  for (const ReadVerifyPart& part : TakeAll(7 + 4)) {
    EXPECT_EQ(part.work.table_id, "t");
    EXPECT_EQ(part.work.version, 3);
    if (part.work.side == VerifyOutcome::Side::kDestination) {
      EXPECT_EQ(part.work.from, place);
      place = part.work.to;
      continue;
    }
    EXPECT_EQ(part.work.late_columns, std::vector<std::string>{"late"});
    for (size_t i = 0; i < part.work.rows.size(); ++i) {
      const SplitRows& rows = part.work.rows[i];
      EXPECT_EQ(part.work.keys[i], splits_[rows.split].key);
      EXPECT_EQ(rows.first, next[rows.split]);
      next[rows.split] = rows.first + rows.count;
    }
  }
  EXPECT_EQ(place, 1);
  ASSERT_EQ(next.size(), 4u);
  for (const auto& [split, end] : next) EXPECT_GE(end, kAllRows) << split;
}

TEST_F(VerifyExchangeTest, APartThatIsDoneTwiceCountsOnce) {
  Start({{"a", 1, 10}}, 1);
  for (const ReadVerifyPart& part : TakeAll(2)) {
    EXPECT_TRUE(exchange_.Put(OutcomeOf(part)).ok());
    EXPECT_TRUE(exchange_.Put(OutcomeOf(part)).ok());
  }
  verification_.join();
  EXPECT_EQ(outcomes_.size(), 2u);
  EXPECT_TRUE(stop_.cause().ok());
  EXPECT_FALSE(exchange_.Take({}).has_value());
}

TEST_F(VerifyExchangeTest, ADestinationWithoutPlacesIsReadInOnePart) {
  Start({}, 50'000'000, false);
  const ReadVerifyPart part = TakeAll(1)[0];
  EXPECT_EQ(part.work.from, 0);
  EXPECT_EQ(part.work.to, 1);
  ASSERT_TRUE(exchange_.Put(OutcomeOf(part)).ok());
}

TEST_F(VerifyExchangeTest, ACrewThatCannotGoOnEndsTheVerification) {
  Start({{"a", 1, 10}}, 1);
  TakeAll(1);
  exchange_.Fail(Unavailable("no executors"));
  verification_.join();
  EXPECT_EQ(stop_.cause().message(), "no executors");
  EXPECT_FALSE(exchange_.Take({}).has_value());
}

TEST_F(VerifyExchangeTest, AnOutcomeThatIsRefusedEndsTheVerification) {
  refuse_ = DataLoss("the disk is full");
  Start({{"a", 1, 10}}, 1);
  const std::vector<ReadVerifyPart> parts = TakeAll(2);
  ASSERT_TRUE(exchange_.Put(OutcomeOf(parts[0])).ok());
  verification_.join();
  EXPECT_EQ(stop_.cause().code(), StatusCode::kDataLoss);
  EXPECT_FALSE(exchange_.Put(OutcomeOf(parts[1])).ok());
}

TEST(VerifyText, OutcomesComeBackAsTheyWere) {
  VerifyOutcome outcome;
  outcome.side = VerifyOutcome::Side::kDestination;
  outcome.records = {{{1, 2}, {3, 4}, kMarked | 5}, {{6, 7}, {8, 9}, 10}};
  outcome.keys = std::string("key\0\n", 5);
  outcome.others = 1;
  outcome.rejected = 2;
  outcome.cost = 12.5;
  const std::string text = VerifyOutcomeText(9, outcome);
  const auto read = ParseVerifyOutcome(text);
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(read->part, 9u);
  EXPECT_EQ(read->outcome.side, outcome.side);
  ASSERT_EQ(read->outcome.records.size(), 2u);
  EXPECT_EQ(read->outcome.records[0].place, kMarked | 5);
  EXPECT_EQ(read->outcome.records[1].content, (Hash128{8, 9}));
  EXPECT_EQ(read->outcome.keys, outcome.keys);
  EXPECT_EQ(read->outcome.others, 1u);
  EXPECT_EQ(read->outcome.rejected, 2u);
  EXPECT_EQ(read->outcome.cost, 12.5);
}

TEST(VerifyText, WhatIsCutIsRefused) {
  VerifyOutcome outcome;
  outcome.records.resize(2);
  const std::string text = VerifyOutcomeText(1, outcome);
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(ParseVerifyOutcome(text.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(ParseVerifyOutcome(text + "x").ok());
  EXPECT_FALSE(ParseVerifyPart("{}").ok());
}

}  // namespace
}  // namespace spillway
