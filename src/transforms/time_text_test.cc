#include "transforms/time_text.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace spillway {
namespace {

TEST(TimeText, EveryDayOfTheCalendarIsWrittenAsTheLibrarySaysAndReadsBack) {
  char text[kTimeBytesMax];
  for (int32_t days = -719528; days <= 2932896; ++days) {
    const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
    char expected[24];
    std::snprintf(expected, sizeof(expected), "%04d-%02u-%02u", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    const std::string written(text, WriteDate(days, text));
    ASSERT_EQ(written, expected);
    ASSERT_EQ(ParseDate(written), days);
  }
}

TEST(TimeText, TimestampsAreReadInAllTheirForms) {
  EXPECT_EQ(ParseTimestamp("1970-01-01"), 0);
  EXPECT_EQ(ParseTimestamp("1970-01-01 00:01"), 60'000'000);
  EXPECT_EQ(ParseTimestamp("1970-01-01T00:00:01"), 1'000'000);
  EXPECT_EQ(ParseTimestamp("1970-01-01 00:00:01.5"), 1'500'000);
  EXPECT_EQ(ParseTimestamp("1970-01-01 00:00:00.000001Z"), 1);
  EXPECT_EQ(ParseTimestamp("1970-01-01 02:00:00+02:00"), 0);
  EXPECT_EQ(ParseTimestamp("1969-12-31T18:30:00-0530"), 0);
  EXPECT_EQ(ParseTimestamp("1969-12-31 23:59:59.999999"), -1);
}

TEST(TimeText, WhatIsNoTimeIsNotRead) {
  for (const char* text :
       {"", "1970", "1970-13-01", "1970-02-30", "1970-01-01x", "1970-01-01 24:00",
        "1970-01-01 00:60", "1970-01-01 00:00:60", "1970-01-01 00:00:00.",
        "1970-01-01 00:00:00.1234567", "1970-01-01 00:00:00+2", "1970-1-1",
        "1970-01-01 00:00:00 UTC", "1970-01-01 ", "-970-01-01", "1970-01-01 1:00"}) {
    EXPECT_EQ(ParseTimestamp(text), std::nullopt) << text;
  }
  EXPECT_EQ(ParseDate("1970-01-01 "), std::nullopt);
}

TEST(TimeText, EpochValuesAreRoundedDownAndChecked) {
  EXPECT_EQ(ToEpoch(SplitTime(-1, TimeUnit::kMicro), TimeUnit::kMilli), -1);
  EXPECT_EQ(ToEpoch(SplitTime(1'999, TimeUnit::kMicro), TimeUnit::kMilli), 1);
  EXPECT_EQ(ToEpoch(SplitTime(INT64_MAX, TimeUnit::kSecond), TimeUnit::kMilli), std::nullopt);
  EXPECT_EQ(ToEpoch(SplitTime(INT64_MIN, TimeUnit::kNano), TimeUnit::kMicro), std::nullopt);
  EXPECT_EQ(ToEpoch(SplitTime(INT64_MIN, TimeUnit::kMicro), TimeUnit::kMicro), INT64_MIN);
}

}  // namespace
}  // namespace spillway
