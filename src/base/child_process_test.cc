#include "base/child_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace spillway {
namespace {

using testing::HasSubstr;
using testing::Not;

Result<ChildOutcome> Execute(const std::vector<std::string>& arguments, ChildLimits limits = {},
                             const CallContext& ctx = {}) {
  return RunChild(arguments, limits, SystemClock(), ctx);
}

TEST(ChildProcess, GivesBothOutputsAndTheExitCode) {
  const auto outcome = Execute({"/bin/sh", "-c", "echo out; echo err >&2; exit 3"});
  ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
  EXPECT_EQ(outcome->output, "out\n");
  EXPECT_EQ(outcome->error_output, "err\n");
  EXPECT_EQ(outcome->exit_code, 3);
}

TEST(ChildProcess, ArgumentsAreNotReadByAShell) {
  const auto outcome = Execute({"printf", "%s|", "a b", "$HOME", "; echo x"});
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->output, "a b|$HOME|; echo x|");
}

TEST(ChildProcess, AMissingProgramIsNamed) {
  const auto outcome = Execute({"spillway-no-such-program", "s3cret"});
  EXPECT_EQ(outcome.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(outcome.status().ToString(), HasSubstr("spillway-no-such-program"));
  EXPECT_THAT(outcome.status().ToString(), Not(HasSubstr("s3cret")));
  EXPECT_EQ(Execute({}).status().code(), StatusCode::kInvalidArgument);
}

TEST(ChildProcess, OneThatHangsIsEndedWithWhatItStarted) {
  const auto outcome = Execute({"/bin/sh", "-c", "sleep 600 & sleep 600"},
                               {.time_max = std::chrono::milliseconds(50)});
  EXPECT_EQ(outcome.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(outcome.status().ToString(), HasSubstr("/bin/sh did not end within 50 ms"));
}

TEST(ChildProcess, OneThatSaysTooMuchIsEnded) {
  const auto outcome = Execute({"yes", "s3cret"}, {.output_bytes_max = 1000});
  EXPECT_EQ(outcome.status().code(), StatusCode::kTooLarge);
  EXPECT_THAT(outcome.status().ToString(), Not(HasSubstr("s3cret")));
}

TEST(ChildProcess, AStopEndsTheWait) {
  std::stop_source stop;
  const std::jthread stopper([&] { stop.request_stop(); });
  const auto outcome = Execute({"sleep", "600"}, {}, {.stop = stop.get_token()});
  EXPECT_EQ(outcome.status().code(), StatusCode::kCancelled);
}

TEST(ChildProcess, AnEndBySignalIsAnExitCode) {
  const auto outcome = Execute({"/bin/sh", "-c", "kill -TERM $$"});
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->exit_code, 128 + 15);
}

}  // namespace
}  // namespace spillway
