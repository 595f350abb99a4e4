#include "engine/earlier_writes.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace spillway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class EarlierWritesTest : public testing::Test {
 protected:
  EarlierWritesTest() {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    store_ = *OpenSqliteStore((folder_ / "state.db").string(), clock_);
  }
  ~EarlierWritesTest() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  int64_t NowMs() const {
    return std::chrono::duration_cast<milliseconds>(clock_.WallNow().time_since_epoch()).count();
  }
  RunRecord Start(const char* kind) {
    RunRecord run;
    run.pipeline = "p";
    run.kind = kind;
    run.started_ms = NowMs();
    run.id = *store_->StartRun(run);
    return run;
  }
  void End(RunRecord run, RunState state, uint64_t unsure) {
    run.state = state;
    run.unsure = unsure;
    run.ended_ms = NowMs();
    EXPECT_TRUE(store_->UpdateRun(run).ok());
  }
  // How long the next run has to wait.
  std::chrono::nanoseconds Wait() {
    const RunRecord next = Start("changes");
    const auto wait = *EarlierWritesLanded(*store_, clock_, "p", next.id, kSettle) - clock_.Now();
    End(next, RunState::kSucceeded, 0);
    return wait;
  }

  static constexpr milliseconds kSettle{10'000};
  ManualClock clock_;
  std::filesystem::path folder_;
  std::unique_ptr<StateStore> store_;
};

TEST_F(EarlierWritesTest, TheFirstRunWaitsForNothing) {
  EXPECT_EQ(Wait().count(), 0);
}

TEST_F(EarlierWritesTest, ARunThatSettledAllItsWritesIsNotWaitedFor) {
  for (const RunState state : {RunState::kSucceeded, RunState::kStopped, RunState::kFailed}) {
    End(Start("load"), state, 0);
    EXPECT_EQ(Wait().count(), 0);
  }
}

TEST_F(EarlierWritesTest, WhatAStoppedRunLeftUnsureIsWaitedForFromItsEndOn) {
  End(Start("changes"), RunState::kStopped, 3);
  clock_.Advance(seconds(4));
  EXPECT_EQ(Wait(), seconds(6));
}

TEST_F(EarlierWritesTest, ARunThatDiedIsWaitedForFromNowOn) {
  Start("changes");
  clock_.Advance(seconds(100));
  EXPECT_EQ(Wait(), kSettle) << "it may have lived until a moment ago";
}

TEST_F(EarlierWritesTest, ARunThatDiedIsWaitedForEvenWhenTheOneAfterItSucceeded) {
  Start("load");
  clock_.Advance(seconds(5));
  const RunRecord resumed = Start("load");
  clock_.Advance(seconds(1));
  End(resumed, RunState::kSucceeded, 0);
  clock_.Advance(seconds(1));
  EXPECT_EQ(Wait(), seconds(8)) << "it was dead when the next one started, 2 s ago";
}

TEST_F(EarlierWritesTest, AVerificationWritesNothing) {
  Start("verify");
  EXPECT_EQ(Wait().count(), 0);
}

}  // namespace
}  // namespace spillway
