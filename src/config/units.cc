#include "config/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <span>
#include <utility>

namespace spillway {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};

constexpr std::array<Unit, 7> kByteUnits = {{{"GiB", 1ull << 30},
                                             {"MiB", 1ull << 20},
                                             {"KiB", 1ull << 10},
                                             {"GB", 1'000'000'000},
                                             {"MB", 1'000'000},
                                             {"KB", 1'000},
                                             {"B", 1}}};
constexpr std::array<Unit, 5> kTimeUnits = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// The number in front and what follows it.
std::optional<std::pair<double, std::string_view>> SplitNumber(std::string_view text) {
  text = Trimmed(text);
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(number) || number < 0) return std::nullopt;
  return std::pair(number, Trimmed(text.substr(static_cast<size_t>(end - text.data()))));
}

std::optional<uint64_t> ParseWithUnit(std::string_view text, std::span<const Unit> units) {
  const auto number = SplitNumber(text);
  if (!number) return std::nullopt;
  for (const Unit& unit : units) {
    if (unit.name != number->second) continue;
    const double amount = number->first * static_cast<double>(unit.factor);
    if (amount >= 9.0e18) return std::nullopt;
    return static_cast<uint64_t>(std::llround(amount));
  }
  return std::nullopt;
}

// The largest unit that divides the amount.
std::string FormatWithUnit(uint64_t amount, std::span<const Unit> units,
                           std::string_view smallest) {
  for (const Unit& unit : units) {
    if (amount > 0 && amount % unit.factor == 0)
      return fmt::format("{}{}", amount / unit.factor, unit.name);
  }
  return fmt::format("{}{}", amount, smallest);
}

}  // namespace

Result<ByteCount> ParseByteCount(std::string_view text) {
  const auto bytes = ParseWithUnit(text, kByteUnits);
  if (!bytes) {
    return InvalidArgument(fmt::format(
        "`{}` is not a size: write a number with B, KiB, MiB or GiB, as in 256MiB", text));
  }
  return ByteCount{*bytes};
}

std::string FormatByteCount(ByteCount size) {
  return FormatWithUnit(size.bytes, kByteUnits, "B");
}

Result<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  const auto millis = ParseWithUnit(text, kTimeUnits);
  if (!millis) {
    return InvalidArgument(fmt::format(
        "`{}` is not a duration: write a number with ms, s, m, h or d, as in 24h", text));
  }
  return std::chrono::milliseconds(*millis);
}

std::string FormatDuration(std::chrono::milliseconds duration) {
  return FormatWithUnit(static_cast<uint64_t>(duration.count()), kTimeUnits, "ms");
}

Result<Share> ParseShare(std::string_view text) {
  const auto number = SplitNumber(text);
  if (!number || number->second != "%" || number->first > 100) {
    return InvalidArgument(fmt::format("`{}` is not a share: write 0% to 100%, as in 10%", text));
  }
  return Share{number->first / 100};
}

std::string FormatShare(Share share) {
  return fmt::format("{:g}%", share.value * 100);
}

Result<int64_t> ParseTimestampMs(std::string_view text) {
  const std::string input(Trimmed(text));
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, used = 0;
  double second = 0;
  const Status refused = InvalidArgument(
      fmt::format("`{}` is not a time: write 2026-03-01 or 2026-03-01T12:00:00Z", text));
  if (std::sscanf(input.c_str(), "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3) return refused;
  std::string_view rest = std::string_view(input).substr(static_cast<size_t>(used));
  if (!rest.empty() && (rest.front() == 'T' || rest.front() == ' ')) {
    const std::string clock(rest.substr(1));
    if (std::sscanf(clock.c_str(), "%2d:%2d%n", &hour, &minute, &used) != 2) return refused;
    rest.remove_prefix(1 + static_cast<size_t>(used));
    if (!rest.empty() && rest.front() == ':') {
      const auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), second,
                                                std::chars_format::fixed);
      if (error != std::errc()) return refused;
      rest.remove_prefix(static_cast<size_t>(end - rest.data()));
    }
  }
  int64_t offset_minutes = 0;
  if (!rest.empty() && rest != "Z") {
    int zone_hours = 0, zone_minutes = 0;
    const std::string zone(rest.substr(1));
    if (rest.front() != '+' && rest.front() != '-') return refused;
    if (std::sscanf(zone.c_str(), "%2d:%2d%n", &zone_hours, &zone_minutes, &used) != 2 ||
        static_cast<size_t>(used) != zone.size()) {
      return refused;
    }
    offset_minutes = (rest.front() == '-' ? -1 : 1) * (zone_hours * 60 + zone_minutes);
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  const bool valid = date.ok() && hour >= 0 && hour < 24 && minute >= 0 && minute < 60 &&
                     second >= 0 && second < 61;
  if (!valid) return refused;
  const auto days = std::chrono::sys_days(date).time_since_epoch();
  const int64_t minutes = std::chrono::duration_cast<std::chrono::minutes>(days).count() +
                          hour * 60 + minute - offset_minutes;
  return minutes * 60'000 + std::llround(second * 1000);
}

}  // namespace spillway
