#include "changes/retention_warning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway {
namespace {

using std::chrono::days;
using testing::HasSubstr;

constexpr int64_t kCommittedMs = 1'700'000'000'000;

ChangesInfo Pending() {
  ChangesInfo info;
  info.version = info.first_version = 7;
  info.timestamp_ms = kCommittedMs;
  info.retention = Retention{days(8), "delta.logRetentionDuration"};
  return info;
}

std::optional<std::string> After(const ChangesInfo& pending, std::chrono::milliseconds age) {
  return RetentionWarning(pending, WallTime(std::chrono::milliseconds(kCommittedMs) + age));
}

TEST(RetentionWarning, ComesInTimeAndSaysHowSoon) {
  EXPECT_FALSE(After(Pending(), days(0)).has_value());
  EXPECT_FALSE(After(Pending(), days(6) - std::chrono::seconds(1)).has_value());
  const auto soon = After(Pending(), days(6));
  ASSERT_TRUE(soon.has_value());
  EXPECT_THAT(*soon, HasSubstr("version 7 of the table"));
  EXPECT_THAT(*soon, HasSubstr("it may go in 2 days 0 h"));
  EXPECT_THAT(*soon, HasSubstr("raise delta.logRetentionDuration on the table"));
}

TEST(RetentionWarning, SaysWhenItIsLateAlready) {
  const auto late = After(Pending(), days(8));
  ASSERT_TRUE(late.has_value());
  EXPECT_THAT(*late, HasSubstr("it may go at any time"));
}

TEST(RetentionWarning, IsSilentWhereNobodyKnows) {
  ChangesInfo pending = Pending();
  pending.retention.reset();
  EXPECT_FALSE(After(pending, days(400)).has_value()) << "kept for ever";
  pending = Pending();
  pending.timestamp_ms.reset();
  EXPECT_FALSE(After(pending, days(400)).has_value());
}

}  // namespace
}  // namespace spillway
