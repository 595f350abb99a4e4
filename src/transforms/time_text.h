// Dates, times and intervals as ISO-8601 text. Only years 0000 to 9999 have the plain form.
#ifndef SPILLWAY_TRANSFORMS_TIME_TEXT_H_
#define SPILLWAY_TRANSFORMS_TIME_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "columns/column_shape.h"

namespace spillway {

inline constexpr size_t kTimeBytesMax = 40;  // of any text written here

// A point in time, split so that every unit of Arrow fits.
struct TimePoint {
  int64_t seconds = 0;  // since the epoch, rounded down
  uint32_t nanos = 0;
};
TimePoint SplitTime(int64_t value, TimeUnit unit);

// Whether the year has four digits.
bool IsPlainDate(int64_t days);
bool IsPlainTime(const TimePoint& time);

// "2024-01-31". REQUIRES: IsPlainDate.
char* WriteDate(int32_t days, char* out);
// "2024-01-31T23:59:59", then a fraction of 3, 6 or 9 digits when it is not zero: the fewest that
// hold it; 'Z' after it when `zoned`. REQUIRES: IsPlainTime.
char* WriteTime(const TimePoint& time, bool zoned, char* out);
// "P1Y2M", "-P3M", "P0M".
char* WriteYearMonth(int32_t months, char* out);
// "P1DT2H3M4.5S", "-PT0.000001S", "PT0S". Days of 24 hours.
char* WriteDayTime(int64_t micros, char* out);

// Since the epoch, rounded down. nullopt: not an int64, or nanoseconds that `unit` micro cannot
// hold.
std::optional<int64_t> ToEpoch(const TimePoint& time, TimeUnit unit);

// Days since 1970-01-01 of "2024-01-31"; nullopt when it is no date.
std::optional<int32_t> ParseDate(std::string_view text);
// "2024-01-31 23:59:59.123456", with 'T' or a space, the time or its fraction left out, 'Z' or
// "+02:00" behind it (UTC when there is none). Microseconds since the epoch.
std::optional<int64_t> ParseTimestamp(std::string_view text);

}  // namespace spillway

#endif  // SPILLWAY_TRANSFORMS_TIME_TEXT_H_
