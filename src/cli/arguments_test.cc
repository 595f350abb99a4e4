#include "cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace spillway {
namespace {

using ::testing::HasSubstr;

template <typename T>
T CommandOf(std::vector<std::string> words) {
  const ArgumentsOutcome outcome = ParseArguments(std::move(words));
  EXPECT_TRUE(outcome.arguments.has_value()) << outcome.text;
  if (!outcome.arguments || !std::holds_alternative<T>(outcome.arguments->command)) {
    ADD_FAILURE() << "another command";
    return {};
  }
  return std::get<T>(outcome.arguments->command);
}

TEST(Arguments, ReadWhatIsLogged) {
  const ArgumentsOutcome quiet = ParseArguments({"status"});
  ASSERT_TRUE(quiet.arguments.has_value());
  EXPECT_EQ(quiet.arguments->log_level, LogLevel::kOff);
  EXPECT_EQ(quiet.arguments->name, "status");
  const ArgumentsOutcome told =
      ParseArguments({"sync", "p", "--log-level", "trace", "--log-file", "a.log"});
  ASSERT_TRUE(told.arguments.has_value());
  EXPECT_EQ(told.arguments->log_level, LogLevel::kTrace);
  EXPECT_EQ(told.arguments->log_file, "a.log");
  const ArgumentsOutcome wrong = ParseArguments({"sync", "p", "--log-level", "loud"});
  EXPECT_FALSE(wrong.arguments.has_value());
  EXPECT_THAT(wrong.text, HasSubstr("loud"));
}

TEST(Arguments, ReadASync) {
  const auto sync = CommandOf<SyncArguments>(
      {"sync", "products", "--full", "--version", "12", "--readers", "4", "--lanes", "8"});
  EXPECT_EQ(sync.pipeline, "products");
  EXPECT_TRUE(sync.full);
  EXPECT_EQ(sync.at.version, 12);
  EXPECT_EQ(sync.readers, 4u);
  EXPECT_EQ(sync.lanes, 8u);
}

TEST(Arguments, ReadAnAdviceWithItsCandidates) {
  const auto plan = CommandOf<PlanArguments>(
      {"plan", "--advise-partition-key", "--candidate", "/a,/b", "--candidate", "/c", "products"});
  EXPECT_EQ(plan.pipeline, "products");
  EXPECT_TRUE(plan.advise_partition_key);
  EXPECT_EQ(plan.candidates, (std::vector<std::string>{"/a,/b", "/c"}));
  EXPECT_FALSE(CommandOf<PlanArguments>({"plan", "products"}).advise_partition_key);
  EXPECT_EQ(ParseArguments({"plan", "products", "--candidate", "/c"}).exit_code, 2);
  EXPECT_EQ(ParseArguments({"plan", "products", "--exit-code", "--advise-partition-key"}).exit_code,
            2);
}

TEST(Arguments, ReadATimestampAsATime) {
  const auto inspect =
      CommandOf<InspectArguments>({"inspect", "./t", "--timestamp", "2023-11-14T22:13:20Z"});
  EXPECT_EQ(inspect.at.timestamp_ms, 1'700'000'000'000);
  EXPECT_FALSE(inspect.at.version.has_value());
}

TEST(Arguments, TakeOutputAndConfigBehindEveryCommand) {
  const ArgumentsOutcome outcome =
      ParseArguments({"status", "--output", "json", "--config", "x/spillway.yaml"});
  ASSERT_TRUE(outcome.arguments.has_value());
  EXPECT_TRUE(outcome.arguments->json);
  EXPECT_EQ(outcome.arguments->config, "x/spillway.yaml");
}

TEST(Arguments, HandTheEmulatorsOwnOptionsOn) {
  const auto emulator =
      CommandOf<EmulatorArguments>({"emulator", "--data", "./cosmos", "--port", "0", "--help"});
  EXPECT_EQ(emulator.rest,
            (std::vector<std::string>{"--data", "./cosmos", "--port", "0", "--help"}));
}

struct Bad {
  std::vector<std::string> words;
  const char* error;
};

class ArgumentsRefuse : public ::testing::TestWithParam<Bad> {};

TEST_P(ArgumentsRefuse, AsUsage) {
  const ArgumentsOutcome outcome = ParseArguments(GetParam().words);
  EXPECT_FALSE(outcome.arguments.has_value());
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.text, HasSubstr(GetParam().error));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, ArgumentsRefuse,
    ::testing::Values(Bad{{}, "subcommand"}, Bad{{"snyc", "x"}, "spillway: "},
                      Bad{{"sync"}, "pipeline is required"},
                      Bad{{"sync", "p", "--fulll"}, "--fulll"},
                      Bad{{"sync", "p", "--lanes", "0"}, "--lanes"},
                      Bad{{"sync", "p", "--version", "-1"}, "--version"},
                      Bad{{"sync", "p", "--version", "1", "--timestamp", "2026-01-01"}, "excludes"},
                      Bad{{"sync", "p", "--timestamp", "yesterday"}, "`yesterday` is not a time"},
                      Bad{{"status", "--output", "xml"}, "--output"}));

TEST(Arguments, AnswerHelpWithSuccess) {
  const ArgumentsOutcome outcome = ParseArguments({"--help"});
  EXPECT_FALSE(outcome.arguments.has_value());
  EXPECT_EQ(outcome.exit_code, 0);
  for (const char* command : {"init", "inspect", "check", "plan", "sync", "status", "runs",
                              "rejects", "verify", "query", "emulator", "version"}) {
    EXPECT_THAT(outcome.text, HasSubstr(std::string("\n  ") + command));
  }
}

TEST(Arguments, TheCommittedCommandReferenceIsFresh) {
  std::ifstream file(std::string(SPILLWAY_SOURCE_DIR) + "/docs/reference/cli.md");
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), CommandReference()) << "run: spillway docs";
}

}  // namespace
}  // namespace spillway
