#include "config/units.h"

#include <gtest/gtest.h>

#include "config/relative_path.h"

namespace spillway {
namespace {

using std::chrono::milliseconds;

TEST(Units, ReadSizes) {
  EXPECT_EQ(ParseByteCount("256MiB")->bytes, 256ull << 20);
  EXPECT_EQ(ParseByteCount("1.5 GiB")->bytes, 3ull << 29);
  EXPECT_EQ(ParseByteCount("10KB")->bytes, 10'000u);
  EXPECT_EQ(ParseByteCount("7B")->bytes, 7u);
  for (const char* bad :
       {"", "256", "-1MiB", "256mib", "MiB", "1e3MiB", "99999999999999GiB", "nanB"}) {
    EXPECT_FALSE(ParseByteCount(bad).ok()) << bad;
  }
}

TEST(Units, ReadDurations) {
  EXPECT_EQ(*ParseDuration("24h"), std::chrono::hours(24));
  EXPECT_EQ(*ParseDuration("500ms"), milliseconds(500));
  EXPECT_EQ(*ParseDuration("1.5s"), milliseconds(1500));
  EXPECT_EQ(*ParseDuration("7d"), std::chrono::hours(168));
  for (const char* bad : {"", "24", "h", "-1h", "1 hour", "infs"}) {
    EXPECT_FALSE(ParseDuration(bad).ok()) << bad;
  }
}

TEST(Units, ReadShares) {
  EXPECT_DOUBLE_EQ(ParseShare("0.1%")->value, 0.001);
  EXPECT_DOUBLE_EQ(ParseShare("100%")->value, 1.0);
  for (const char* bad : {"", "0.1", "101%", "-1%", "%"}) EXPECT_FALSE(ParseShare(bad).ok()) << bad;
}

TEST(Units, PrintWhatTheyRead) {
  for (const char* text : {"256MiB", "3GiB", "1000B", "0B"}) {
    EXPECT_EQ(ParseByteCount(FormatByteCount(*ParseByteCount(text)))->bytes,
              ParseByteCount(text)->bytes);
  }
  EXPECT_EQ(FormatByteCount({256ull << 20}), "256MiB");
  EXPECT_EQ(FormatDuration(std::chrono::hours(48)), "2d");
  EXPECT_EQ(FormatDuration(milliseconds(1500)), "1500ms");
  EXPECT_EQ(FormatShare({0.001}), "0.1%");
}

TEST(Units, ReadTimes) {
  EXPECT_EQ(*ParseTimestampMs("1970-01-02"), 86'400'000);
  EXPECT_EQ(*ParseTimestampMs("2023-11-14T22:13:20Z"), 1'700'000'000'000);
  EXPECT_EQ(*ParseTimestampMs("2023-11-14 22:13:20.250"), 1'700'000'000'250);
  EXPECT_EQ(*ParseTimestampMs("2023-11-15T00:13:20+02:00"), 1'700'000'000'000);
  EXPECT_EQ(*ParseTimestampMs("2023-11-14T22:13"), 1'699'999'980'000);
  for (const char* bad : {"", "yesterday", "2023-13-01", "2023-02-30", "2023-11-14T25:00",
                          "2023-11-14x", "2023-11-14T22:13:20+2", "2023-11-14T22:13:20Z?"}) {
    EXPECT_FALSE(ParseTimestampMs(bad).ok()) << bad;
  }
}

TEST(RelativePath, StartsAtTheFileAndHasNoDots) {
  EXPECT_EQ(ResolvePath("/etc/project", "../lake/./x"), "/etc/lake/x");
  EXPECT_EQ(ResolvePath("/etc/project", "/data"), "/data");
  EXPECT_EQ(ResolvePath("/etc/project", "s3://b/../x"), "s3://b/../x");
  EXPECT_EQ(ResolvePath("/etc/project", ""), "");
  EXPECT_TRUE(ResolvePath("..", "lake").starts_with('/'));
}

}  // namespace
}  // namespace spillway
