#include "engine/run_stop.h"

#include <gtest/gtest.h>

#include "engine/testing/scaled_clock.h"
#include "engine/worker_group.h"

namespace spillway {
namespace {

TEST(RunStop, TheFirstCauseWins) {
  RunStop stop{std::stop_token()};
  EXPECT_TRUE(stop.cause().ok());
  EXPECT_FALSE(stop.token().stop_requested());
  stop.Stop(Unauthenticated("bad key"));
  stop.Stop(Cancelled("later"));
  EXPECT_EQ(stop.cause().message(), "bad key");
  EXPECT_TRUE(stop.token().stop_requested());
  EXPECT_FALSE(stop.abort_token().stop_requested()) << "writes under way may end";
}

TEST(RunStop, AUsersStopIsACauseEvenWhenItCameBefore) {
  std::stop_source user;
  user.request_stop();
  const RunStop stop(user.get_token());
  EXPECT_EQ(stop.cause().code(), StatusCode::kCancelled);
  EXPECT_TRUE(stop.token().stop_requested());
}

TEST(RunWorkers, RunsEveryTaskOnce) {
  ScaledClock clock(1'000);
  RunStop stop{std::stop_token()};
  std::array<std::atomic<int>, 50> runs{};
  const auto task = [&](uint32_t i) {
    ++runs.at(i);
    return Status::Ok();
  };
  int ticks = 0;
  ASSERT_TRUE(RunWorkers(50, 4, task, stop, clock, std::chrono::hours(1), [&] { ++ticks; }).ok());
  EXPECT_EQ(ticks, 1) << "the one at the end, however soon that is";
  for (const auto& count : runs) EXPECT_EQ(count, 1);
  EXPECT_TRUE(RunWorkers(0, 4, task, stop, clock, std::chrono::milliseconds(100), [] {}).ok());
}

TEST(RunWorkers, AFailureEndsTheOthersAndIsReturned) {
  ScaledClock clock(1'000);
  RunStop stop{std::stop_token()};
  std::atomic<int> runs{0};
  const auto task = [&](uint32_t i) {
    ++runs;
    return i == 3 ? DataLoss("task 3") : Status::Ok();
  };
  const Status failed =
      RunWorkers(1'000'000, 2, task, stop, clock, std::chrono::milliseconds(100), [] {});
  EXPECT_EQ(failed.message(), "task 3");
  EXPECT_LT(runs, 1'000'000);
}

}  // namespace
}  // namespace spillway
