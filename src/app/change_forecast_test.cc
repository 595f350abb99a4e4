#include "app/change_forecast.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

constexpr int64_t kHour = 3'600'000;
constexpr int64_t kNow = 1'700'000'000'000;
constexpr ChangeUnits kUnits{.insert = 6, .update = 9, .remove = 9};

VersionRows Version(int64_t hours_ago, uint64_t inserted, uint64_t updated, uint64_t deleted) {
  return {.version = 1,
          .timestamp_ms = kNow - hours_ago * kHour,
          .operation = {},
          .basis = RowCountBasis::kMetrics,
          .inserted = inserted,
          .updated = updated,
          .deleted = deleted};
}

TableHistory History(int64_t hours, std::vector<VersionRows> versions) {
  return {.versions = std::move(versions), .from_ms = kNow - hours * kHour, .complete = true};
}

TEST(ChangeForecast, ADayIsTheMeanOfTheDaysThatAreKnown) {
  const auto forecast = ForecastChanges(
      History(96, {Version(90, 400, 0, 0), Version(50, 0, 800, 0), Version(2, 0, 0, 80)}), kNow,
      kUnits, 10'000);
  EXPECT_EQ(forecast.days, 4);
  EXPECT_EQ(forecast.versions, 3u);
  EXPECT_EQ(forecast.inserted, 100);
  EXPECT_EQ(forecast.updated, 200);
  EXPECT_EQ(forecast.deleted, 20);
  EXPECT_EQ(forecast.units, 100 * 6 + 200 * 9 + 20 * 9);
  EXPECT_NEAR(forecast.units_per_second, forecast.units / 86'400, 1e-12);
  EXPECT_NEAR(forecast.units_per_second_busiest, 800 * 9 / 3'600.0, 1e-12);
  EXPECT_EQ(forecast.units_by_hour.size(), 96u);
}

// What happened in three hours is no reason to expect eight times as much.
TEST(ChangeForecast, LessThanADayIsNotMultiplied) {
  const auto forecast = ForecastChanges(History(3, {Version(3, 240, 0, 0)}), kNow, kUnits, 10'000);
  EXPECT_EQ(forecast.days, 1);
  EXPECT_EQ(forecast.hours_known, 3);
  EXPECT_EQ(forecast.inserted, 240);
}

TEST(ChangeForecast, SaysHowMuchIsNotTold) {
  VersionRows files = Version(5, 0, 50, 0);
  files.basis = RowCountBasis::kFiles;
  VersionRows unknown = Version(6, 0, 0, 0);
  unknown.basis = RowCountBasis::kUnknown;
  const auto forecast =
      ForecastChanges(History(48, {unknown, files, Version(1, 0, 0, 0)}), kNow, kUnits, 100);
  EXPECT_EQ(forecast.versions, 2u);
  EXPECT_EQ(forecast.versions_at_most, 1u);
  EXPECT_EQ(forecast.versions_unknown, 1u);
}

TEST(ChangeForecast, LoadingAnewIsCheaperBeyondTheBreakEven) {
  const auto few = ForecastChanges(History(24, {Version(1, 0, 100, 0)}), kNow, kUnits, 1'000);
  EXPECT_TRUE(few.incremental());
  EXPECT_EQ(few.reload_units, 9'000);
  EXPECT_NEAR(few.break_even_share, 1, 1e-12);
  const auto often = ForecastChanges(History(24, {Version(3, 0, 900, 0), Version(1, 0, 900, 0)}),
                                     kNow, kUnits, 1'000);
  EXPECT_FALSE(often.incremental());
}

TEST(ChangeForecast, WithoutHistoryNothingChanges) {
  const auto forecast = ForecastChanges({}, kNow, kUnits, 1'000);
  EXPECT_EQ(forecast.units, 0);
  EXPECT_EQ(forecast.hours_known, 0);
  EXPECT_EQ(forecast.break_even_share, 0);
}

}  // namespace
}  // namespace spillway
