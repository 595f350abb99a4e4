#include "transforms/time_text.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "json/number_text.h"

namespace spillway {
namespace {

constexpr int64_t kDaysMin = -719528;  // 0000-01-01
constexpr int64_t kDaysMax = 2932896;  // 9999-12-31
constexpr int64_t kSecondsPerDay = 86400;
constexpr int64_t kUnitsPerSecond[] = {1, 1'000, 1'000'000, 1'000'000'000};

int64_t FloorDivide(int64_t value, int64_t by) {
  const int64_t quotient = value / by;
  return value % by < 0 ? quotient - 1 : quotient;
}

char* PutDigits(uint32_t value, int count, char* out) {
  for (int i = count - 1; i >= 0; --i, value /= 10) out[i] = static_cast<char>('0' + value % 10);
  return out + count;
}

char* PutFraction(uint32_t nanos, char* out) {
  *out++ = '.';
  if (nanos % 1'000'000 == 0) return PutDigits(nanos / 1'000'000, 3, out);
  if (nanos % 1'000 == 0) return PutDigits(nanos / 1'000, 6, out);
  return PutDigits(nanos, 9, out);
}

// The whole text as digits, or nullopt.
std::optional<int> TakeDigits(std::string_view text) {
  int value = 0;
  if (text.empty()) return std::nullopt;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

// "Z", "+02:00", "-0530" or nothing; the offset in seconds.
std::optional<int64_t> ParseOffset(std::string_view text) {
  if (text.empty() || text == "Z" || text == "z") return 0;
  if (text[0] != '+' && text[0] != '-') return std::nullopt;
  const int64_t sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  const size_t colon = text.size() == 5 && text[2] == ':' ? 1 : 0;
  if (text.size() != 4 + colon) return std::nullopt;
  const auto hours = TakeDigits(text.substr(0, 2));
  const auto minutes = TakeDigits(text.substr(2 + colon));
  if (!hours || !minutes || *hours > 18 || *minutes > 59) return std::nullopt;
  return sign * (*hours * 3600 + *minutes * 60);
}

// "23:59:59.123456" with seconds and fraction optional, into microseconds; advances past it.
std::optional<int64_t> TakeTimeOfDay(std::string_view* text) {
  if (text->size() < 5 || (*text)[2] != ':') return std::nullopt;
  const auto hours = TakeDigits(text->substr(0, 2));
  const auto minutes = TakeDigits(text->substr(3, 2));
  text->remove_prefix(5);
  std::optional<int> seconds = 0;
  int64_t micros = 0;
  if (text->size() >= 3 && (*text)[0] == ':') {
    seconds = TakeDigits(text->substr(1, 2));
    text->remove_prefix(3);
    if (text->starts_with('.')) {
      const size_t end = std::min(text->find_first_not_of("0123456789", 1), text->size());
      const auto fraction = TakeDigits(text->substr(1, std::min<size_t>(end - 1, 6)));
      if (!fraction || end - 1 > 6) return std::nullopt;
      micros = *fraction;
      for (size_t digits = end - 1; digits < 6; ++digits) micros *= 10;
      text->remove_prefix(end);
    }
  }
  if (!hours || !minutes || !seconds || *hours > 23 || *minutes > 59 || *seconds > 59) {
    return std::nullopt;
  }
  return (*hours * 3600 + *minutes * 60 + *seconds) * int64_t{1'000'000} + micros;
}

}  // namespace

TimePoint SplitTime(int64_t value, TimeUnit unit) {
  const int64_t per_second = kUnitsPerSecond[static_cast<int>(unit)];
  const int64_t rest = value % per_second;
  const int64_t rest_up = rest < 0 ? rest + per_second : rest;
  return {FloorDivide(value, per_second),
          static_cast<uint32_t>(rest_up * (1'000'000'000 / per_second))};
}

bool IsPlainDate(int64_t days) {
  return days >= kDaysMin && days <= kDaysMax;
}

bool IsPlainTime(const TimePoint& time) {
  return time.seconds >= kDaysMin * kSecondsPerDay &&
         time.seconds < (kDaysMax + 1) * kSecondsPerDay;
}

// Neri and Schneider, "Euclidean affine functions and their application to calendar algorithms"
// (2022), figure 12: civil date from a day number, without a loop or a table.
char* WriteDate(int32_t days, char* out) {
  constexpr uint32_t kShiftEras = 82;
  constexpr uint32_t kShiftDays = 719468 + 146097 * kShiftEras;
  const uint32_t n = static_cast<uint32_t>(days) + kShiftDays;
  const uint32_t n1 = 4 * n + 3;
  const uint32_t century = n1 / 146097;
  const uint32_t n2 = (n1 % 146097) | 3;
  const uint64_t p2 = uint64_t{2939745} * n2;
  const auto year_of_century = static_cast<uint32_t>(p2 >> 32);
  const uint32_t day_of_year = static_cast<uint32_t>(p2) / 2939745 / 4;
  const uint32_t n3 = 2141 * day_of_year + 197913;
  const bool after_february = day_of_year >= 306;
  const uint32_t month = (n3 >> 16) - (after_february ? 12 : 0);
  const uint32_t day = (n3 & 0xffff) / 2141 + 1;
  const uint32_t year =
      100 * century + year_of_century - 400 * kShiftEras + (after_february ? 1 : 0);
  out = WriteTwoDigits(year / 100, out);
  out = WriteTwoDigits(year % 100, out);
  *out++ = '-';
  out = WriteTwoDigits(month, out);
  *out++ = '-';
  return WriteTwoDigits(day, out);
}

char* WriteTime(const TimePoint& time, bool zoned, char* out) {
  const int64_t days = FloorDivide(time.seconds, kSecondsPerDay);
  const auto second = static_cast<uint32_t>(time.seconds - days * kSecondsPerDay);
  out = WriteDate(static_cast<int32_t>(days), out);
  *out++ = 'T';
  out = WriteTwoDigits(second / 3600, out);
  *out++ = ':';
  out = WriteTwoDigits(second / 60 % 60, out);
  *out++ = ':';
  out = WriteTwoDigits(second % 60, out);
  if (time.nanos != 0) out = PutFraction(time.nanos, out);
  if (zoned) *out++ = 'Z';
  return out;
}

char* WriteYearMonth(int32_t months, char* out) {
  const int64_t magnitude = std::abs(static_cast<int64_t>(months));
  if (months < 0) *out++ = '-';
  *out++ = 'P';
  if (magnitude >= 12) {
    out = WriteInteger(magnitude / 12, out);
    *out++ = 'Y';
    if (magnitude % 12 == 0) return out;
  }
  out = WriteInteger(magnitude % 12, out);
  *out++ = 'M';
  return out;
}

char* WriteDayTime(int64_t micros, char* out) {
  if (micros < 0) *out++ = '-';
  uint64_t rest = micros < 0 ? 0 - static_cast<uint64_t>(micros) : static_cast<uint64_t>(micros);
  const auto take = [&rest](uint64_t unit) {
    const uint64_t count = rest / unit;
    rest %= unit;
    return count;
  };
  const auto put = [&out](uint64_t count, char letter) {
    if (count == 0) return;
    out = WriteUnsigned(count, out);
    *out++ = letter;
  };
  *out++ = 'P';
  const uint64_t days = take(86'400'000'000);
  put(days, 'D');
  if (rest == 0 && days > 0) return out;
  *out++ = 'T';
  const char* const time = out;
  put(take(3'600'000'000), 'H');
  put(take(60'000'000), 'M');
  if (rest == 0 && out != time) return out;
  out = WriteUnsigned(take(1'000'000), out);
  if (rest > 0) {
    *out++ = '.';
    out = PutDigits(static_cast<uint32_t>(rest), 6, out);
    while (out[-1] == '0') --out;
  }
  *out++ = 'S';
  return out;
}

std::optional<int64_t> ToEpoch(const TimePoint& time, TimeUnit unit) {
  const int64_t per_second = kUnitsPerSecond[static_cast<int>(unit)];
  const int64_t nanos_per_unit = 1'000'000'000 / per_second;
  if (unit == TimeUnit::kMicro && time.nanos % nanos_per_unit != 0) return std::nullopt;
  const __int128 value =
      static_cast<__int128>(time.seconds) * per_second + time.nanos / nanos_per_unit;
  if (value < INT64_MIN || value > INT64_MAX) return std::nullopt;
  return static_cast<int64_t>(value);
}

std::optional<int32_t> ParseDate(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = TakeDigits(text.substr(0, 4));
  const auto month = TakeDigits(text.substr(5, 2));
  const auto day = TakeDigits(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return static_cast<int32_t>(std::chrono::sys_days(date).time_since_epoch().count());
}

std::optional<int64_t> ParseTimestamp(std::string_view text) {
  const auto days = ParseDate(text.substr(0, 10));
  if (!days) return std::nullopt;
  const int64_t midnight = *days * kSecondsPerDay * 1'000'000;
  text.remove_prefix(10);
  if (text.empty()) return midnight;
  if (text[0] != 'T' && text[0] != ' ') return std::nullopt;
  text.remove_prefix(1);
  const auto time = TakeTimeOfDay(&text);
  const auto offset = ParseOffset(text);
  if (!time || !offset) return std::nullopt;
  return midnight + *time - *offset * 1'000'000;
}

}  // namespace spillway
