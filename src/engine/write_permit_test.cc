#include "engine/write_permit.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class WritePermitTest : public testing::Test {
 protected:
  void Extend(milliseconds steady, milliseconds wall) {
    permit_.Extend(clock_.Now() + steady, clock_.WallNow() + wall);
  }
  // The clock moves by waiting alone: how long was waited before the answer.
  milliseconds Waited(Status* status) {
    const SteadyTime before = clock_.Now();
    *status = permit_.CheckHeld();
    return std::chrono::duration_cast<milliseconds>(clock_.Now() - before);
  }

  ManualClock clock_;
  std::stop_source stop_;
  WritePermit permit_{clock_, stop_.get_token()};
  Status status_;
};

TEST_F(WritePermitTest, NothingIsSentBeforeTheFirstAndAWriteDoesNotWaitForever) {
  EXPECT_EQ(Waited(&status_), WritePermit::kWaitMax);
  EXPECT_EQ(status_.code(), StatusCode::kUnavailable);
}

TEST_F(WritePermitTest, LastsUntilItsMomentAndNotLonger) {
  Extend(milliseconds(1'000), milliseconds(1'000));
  clock_.Advance(milliseconds(999));
  EXPECT_EQ(Waited(&status_), milliseconds(0));
  EXPECT_TRUE(status_.ok());
  clock_.Advance(milliseconds(1));
  EXPECT_EQ(Waited(&status_), WritePermit::kWaitMax);
  EXPECT_FALSE(status_.ok());
}

TEST_F(WritePermitTest, TheEarlierOfBothClocksEndsIt) {
  Extend(seconds(60), milliseconds(0));
  EXPECT_EQ(Waited(&status_), WritePermit::kWaitMax);
  EXPECT_FALSE(status_.ok());
  Extend(milliseconds(0), seconds(1'000));
  EXPECT_EQ(Waited(&status_), WritePermit::kWaitMax);
  EXPECT_FALSE(status_.ok());
}

TEST_F(WritePermitTest, AWriteGoesOnWhenThePermitComesBack) {
  class ExtendingClock : public ManualClock {
   public:
    bool WaitFor(std::chrono::nanoseconds duration, const std::stop_token& stop) override {
      const bool passed = ManualClock::WaitFor(duration, stop);
      if (permit != nullptr) permit->Extend(Now() + seconds(1), WallNow() + seconds(1));
      return passed;
    }
    WritePermit* permit = nullptr;
  };
  ExtendingClock clock;
  WritePermit permit(clock, {});
  clock.permit = &permit;
  EXPECT_TRUE(permit.CheckHeld().ok());
  EXPECT_LT(clock.Now().time_since_epoch(), seconds(1));
}

TEST_F(WritePermitTest, AStopEndsTheWait) {
  stop_.request_stop();
  EXPECT_EQ(Waited(&status_), milliseconds(0));
  EXPECT_EQ(status_.code(), StatusCode::kCancelled);
}

}  // namespace
}  // namespace spillway
