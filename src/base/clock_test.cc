#include "base/clock.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

using namespace std::chrono_literals;

TEST(ManualClock, WaitingAdvancesItAndReturnsAtOnce) {
  ManualClock clock;
  const SteadyTime before = clock.Now();
  EXPECT_TRUE(clock.WaitFor(5s, {}));
  EXPECT_EQ(clock.Now() - before, 5s);
}

TEST(ManualClock, AWaitAfterAStopEndsAtOnceAndSaysSo) {
  ManualClock clock;
  std::stop_source stop;
  stop.request_stop();
  const SteadyTime before = clock.Now();
  EXPECT_FALSE(clock.WaitFor(5s, stop.get_token()));
  EXPECT_EQ(clock.Now(), before);
}

TEST(SystemClock, AStopEndsAWait) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(SystemClock().WaitFor(std::chrono::hours(1), stop.get_token()));
}

TEST(FormatTime, UtcAndRfc1123AreWrittenAsTheStandardsSay) {
  const WallTime time(std::chrono::milliseconds(1'667'289'600'042));
  EXPECT_EQ(FormatUtc(time), "2022-11-01T08:00:00Z");
  EXPECT_EQ(FormatUtc(time, true), "2022-11-01T08:00:00.042Z");
  EXPECT_EQ(FormatRfc1123(time), "Tue, 01 Nov 2022 08:00:00 GMT");
}

}  // namespace
}  // namespace spillway
