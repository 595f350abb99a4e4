#include "engine/run_frame.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "engine/testing/scaled_clock.h"

namespace spillway {
namespace {

constexpr RunFrame kFrame{.pipeline = "p", .kind = "load", .lease = std::chrono::hours(1)};

class RunFrameTest : public testing::Test {
 protected:
  RunFrameTest() {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    store_ = *OpenSqliteStore((folder_ / "state.db").string(), clock_);
  }
  ~RunFrameTest() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  // A run that ends as told.
  Result<int> Run(Result<int> end) {
    return RunFramed(*store_, clock_, kFrame, {},
                     [&](RunStop&, const LeaseKeeper&, RunJournal&) { return end; });
  }
  std::vector<RunRecord> History() { return *store_->Runs("p", 10); }

  ScaledClock clock_{10};
  std::filesystem::path folder_;
  std::unique_ptr<StateStore> store_;
};

TEST_F(RunFrameTest, ReturnsWhatTheRunReturnsAndWritesItDown) {
  EXPECT_EQ(*Run(7), 7);
  EXPECT_EQ(Run(DataLoss("the file is gone")).status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(Run(Cancelled("stopped on request")).status().code(), StatusCode::kCancelled);
  const std::vector<RunRecord> history = History();
  ASSERT_EQ(history.size(), 3u);
  EXPECT_EQ(history[2].state, RunState::kSucceeded);
  EXPECT_EQ(history[1].state, RunState::kFailed);
  EXPECT_EQ(history[0].state, RunState::kStopped);
  EXPECT_EQ(history[0].kind, "load");
}

TEST_F(RunFrameTest, HoldsTheLeaseWhileTheRunLastsAndNoLonger) {
  const auto nested =
      RunFramed(*store_, clock_, kFrame, {},
                [&](RunStop&, const LeaseKeeper& lease, RunJournal&) -> Result<StatusCode> {
                  EXPECT_TRUE(lease.CheckHeld().ok());
                  return Run(1).status().code();
                });
  EXPECT_EQ(*nested, StatusCode::kLocked);
  EXPECT_EQ(History().size(), 1u) << "a run that never began is not told of";
  EXPECT_TRUE(Run(1).ok());
}

TEST_F(RunFrameTest, AStopOfTheUserReachesTheRun) {
  std::stop_source user;
  const auto stopped =
      RunFramed(*store_, clock_, kFrame, {.stop = user.get_token()},
                [&](RunStop& stop, const LeaseKeeper&, RunJournal&) -> Result<int> {
                  user.request_stop();
                  return stop.cause();
                });
  EXPECT_EQ(stopped.status().code(), StatusCode::kCancelled);
}

}  // namespace
}  // namespace spillway
