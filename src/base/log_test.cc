#include "base/log.h"

#include <gtest/gtest.h>

#include "base/testing/log_capture.h"

namespace spillway {
namespace {

// What is logged goes to a file of its own, and what was there is switched off again.
class Log : public testing::Test {
 protected:
  void Start(LogLevel level) { log_.Start(level); }
  std::string Written() const { return log_.Written(); }

  ManualClock clock_;
  LogCapture log_{clock_};
};

constexpr LogLevel kAll[] = {LogLevel::kError, LogLevel::kWarning, LogLevel::kInfo,
                             LogLevel::kDebug, LogLevel::kTrace};

TEST_F(Log, SaysNothingUntilItIsStarted) {
  Start(LogLevel::kOff);
  for (const LogLevel level : kAll) {
    EXPECT_FALSE(LogsAt(level));
    LogLine(level, "area", "text");
  }
  LogLine(LogLevel::kOff, "area", "text");
  EXPECT_EQ(Written(), "");
}

TEST_F(Log, KeepsItsLevelAndWhatIsGraver) {
  Start(LogLevel::kInfo);
  for (const LogLevel level : kAll) LogLine(level, "run", LogLevelName(level));
  EXPECT_EQ(Written(),
            "2023-11-14T22:13:20.000Z error run: error\n"
            "2023-11-14T22:13:20.000Z warning run: warning\n"
            "2023-11-14T22:13:20.000Z info run: info\n");
}

TEST_F(Log, ReadsTheNamesOfItsLevels) {
  for (const LogLevel level : kAll) EXPECT_EQ(ParseLogLevel(LogLevelName(level)), level);
  EXPECT_EQ(ParseLogLevel("off"), LogLevel::kOff);
  for (const char* other : {"", "TRACE", "verbose", "info "}) {
    EXPECT_EQ(ParseLogLevel(other), std::nullopt) << other;
  }
}

TEST(LogLines, AreOneLineWhateverTheyAreMadeOf) {
  const std::string_view text("a\nb\r\t\x1b[31m\x7f\0z é", 16);
  const std::string line = FormatLogLine(WallTime(), LogLevel::kInfo, "run", text);
  EXPECT_EQ(line, "1970-01-01T00:00:00.000Z info run: a\\nb\\x0d\\x09\\x1b[31m\\x7f\\x00z é");
}

TEST(LogLines, AreCutBetweenCharacters) {
  std::string text;
  while (text.size() < 2 * kLogLineBytesMax) text += "é";
  for (const char* before : {"", "x"}) {
    const std::string line = FormatLogLine(WallTime(), LogLevel::kInfo, "run", before + text);
    EXPECT_LE(line.size(), kLogLineBytesMax);
    EXPECT_GT(line.size(), kLogLineBytesMax - 8);
    EXPECT_TRUE(line.ends_with("é …")) << line.substr(line.size() - 8);
  }
}

}  // namespace
}  // namespace spillway
