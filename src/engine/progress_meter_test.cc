#include "engine/progress_meter.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace spillway {
namespace {

using std::chrono::seconds;

constexpr uint32_t kReaders = 2;

class ProgressMeterTest : public testing::Test {
 protected:
  ProgressMeterTest() {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    store_ = *OpenSqliteStore((folder_ / "state.db").string(), clock_);
    table_.version = 7;
    table_.rows = 30;
    splits_ = {{.key = "a", .bytes = 100, .rows = 20}, {.key = "b", .bytes = 50, .rows = 10}};
    AcknowledgerOptions options;
    options.splits = splits_;
    acknowledger_ = std::make_unique<Acknowledger>(*store_, clock_, std::move(options));
    progress_ = std::make_unique<ProgressMeter>(meter_, clock_, table_, splits_, kReaders);
  }
  ~ProgressMeterTest() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  void Settle(uint32_t split, uint64_t first_row, uint64_t rows) {
    IntentCounts counts;
    counts.read = counts.upserted = rows;
    ASSERT_TRUE(acknowledger_
                    ->OnBatchSettled({.split = split,
                                      .first_row = first_row,
                                      .rows = rows,
                                      .counts = counts,
                                      .rejected = {},
                                      .shares = {}})
                    .ok());
  }
  LoadProgressReport Report() { return progress_->Report(*acknowledger_); }
  // What limited a second in which the run's threads spent their time like this.
  BindingLimit LimitOf(seconds held, seconds writing, seconds throttled) {
    meter_.requests += 1;
    meter_.readers_held_ns += std::chrono::nanoseconds(held).count();
    meter_.lanes_writing_ns += std::chrono::nanoseconds(writing).count();
    meter_.lanes_throttled_ns += std::chrono::nanoseconds(throttled).count();
    clock_.Advance(seconds(10));
    return Report().limited_by;
  }

  ManualClock clock_;
  std::filesystem::path folder_;
  std::unique_ptr<StateStore> store_;
  TableInfo table_;
  std::vector<Split> splits_;
  RunMeter meter_;
  std::unique_ptr<Acknowledger> acknowledger_;
  std::unique_ptr<ProgressMeter> progress_;
};

TEST_F(ProgressMeterTest, KnowsTheTableAndAddsUpWhatTheRunDoes) {
  meter_.bytes_read = 60;
  meter_.cost = 12.5;
  meter_.requests = 3;
  meter_.throttled_requests = 1;
  Settle(0, 0, 20);
  acknowledger_->OnSplitRead(0, 20);
  clock_.Advance(seconds(4));
  const LoadProgressReport report = Report();
  EXPECT_EQ(report.version, 7);
  EXPECT_EQ(report.rows_total, 30u);
  EXPECT_EQ(report.bytes_total, 150u);
  EXPECT_EQ(report.bytes_read, 60u);
  EXPECT_EQ(report.splits_total, 2u);
  EXPECT_EQ(report.splits_done, 1u);
  EXPECT_EQ(report.counts.upserted, 20u);
  EXPECT_EQ(report.run_counts.upserted, 20u);
  EXPECT_EQ(report.cost, 12.5);
  EXPECT_EQ(report.requests, 3u);
  EXPECT_EQ(report.throttled_requests, 1u);
  EXPECT_EQ(report.elapsed, seconds(4));
}

TEST_F(ProgressMeterTest, ShowsRowsThatAreWrittenBeforeTheyCanBeCounted) {
  meter_.rows_settled = 15;
  Settle(0, 10, 10);
  EXPECT_EQ(Report().counts.settled(), 0u) << "the rows before them have no fate yet";
  EXPECT_EQ(Report().rows_ahead, 15u);
  meter_.rows_settled = 20;
  Settle(0, 0, 10);
  EXPECT_EQ(Report().counts.settled(), 20u);
  EXPECT_EQ(Report().rows_ahead, 0u);
}

TEST_F(ProgressMeterTest, CountsNoRowTwiceWhenOneIsWrittenAgainAtTheEnd) {
  Settle(0, 0, 20);
  Settle(1, 0, 10);
  acknowledger_->OnSplitRead(0, 20);
  acknowledger_->OnSplitRead(1, 10);
  meter_.rows_settled = 30 + 3;
  EXPECT_EQ(Report().rows_ahead, 0u);
}

TEST_F(ProgressMeterTest, NothingLimitsARunThatHasSentNothing) {
  clock_.Advance(seconds(10));
  EXPECT_EQ(Report().limited_by, BindingLimit::kStarting);
}

TEST_F(ProgressMeterTest, NamesWhereTheThreadsSpentTheirTime) {
  EXPECT_EQ(LimitOf(seconds(9), seconds(10), seconds(1)), BindingLimit::kSource);
  EXPECT_EQ(LimitOf(seconds(11), seconds(10), seconds(1)), BindingLimit::kDestination)
      << "the two readers were held for more than half of their ten seconds";
  EXPECT_EQ(LimitOf(seconds(20), seconds(5), seconds(6)), BindingLimit::kThrottled);
}

TEST_F(ProgressMeterTest, JudgesTheTimeSinceTheLastPictureAlone) {
  EXPECT_EQ(LimitOf(seconds(0), seconds(0), seconds(1'000)), BindingLimit::kThrottled);
  EXPECT_EQ(LimitOf(seconds(0), seconds(1), seconds(0)), BindingLimit::kSource);
}

}  // namespace
}  // namespace spillway
