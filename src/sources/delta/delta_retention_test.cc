#include "sources/delta/delta_retention.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

TEST(DeltaRetention, ReadsIntervalsAsWritersSpellThem) {
  EXPECT_EQ(ParseInterval("interval 30 days"), days(30));
  EXPECT_EQ(ParseInterval("interval 1 week"), days(7));
  EXPECT_EQ(ParseInterval("INTERVAL '2' DAY"), days(2));
  EXPECT_EQ(ParseInterval("interval 1 week 2 days 3 hours"), days(9) + 3h);
  EXPECT_EQ(ParseInterval("168 hours"), days(7));
  EXPECT_EQ(ParseInterval(" interval  0 seconds "), 0ms);
}

TEST(DeltaRetention, WhatIsNoIntervalIsNotKnown) {
  for (const char* text : {"", "interval", "soon", "interval days 3", "interval 3", "1 month",
                           "interval -1 days", "interval 99999999999999999999 days", "1.5 days"}) {
    EXPECT_EQ(ParseInterval(text), std::nullopt) << text;
  }
}

TEST(DeltaRetention, TheShortestThatAppliesDecides) {
  const auto appended = RetentionOf({}, false);
  ASSERT_TRUE(appended.has_value());
  EXPECT_EQ(appended->kept_for, days(30));
  EXPECT_EQ(appended->setting, "delta.logRetentionDuration");
  const auto removed = RetentionOf({}, true);
  ASSERT_TRUE(removed.has_value());
  EXPECT_EQ(removed->kept_for, days(7));
  EXPECT_EQ(removed->setting, "delta.deletedFileRetentionDuration");
  const std::map<std::string, std::string> long_files = {
      {"delta.deletedFileRetentionDuration", "interval 90 days"},
      {"delta.logRetentionDuration", "interval 60 days"}};
  EXPECT_EQ(RetentionOf(long_files, true)->kept_for, days(60));
}

TEST(DeltaRetention, ALogThatIsNeverCleanedSetsNoLimit) {
  const std::map<std::string, std::string> kept = {{"delta.enableExpiredLogCleanup", "false"}};
  EXPECT_FALSE(RetentionOf(kept, false).has_value());
  EXPECT_EQ(RetentionOf(kept, true)->kept_for, days(7));
  EXPECT_FALSE(RetentionOf({{"delta.logRetentionDuration", "who knows"}}, false).has_value());
}

}  // namespace
}  // namespace spillway
