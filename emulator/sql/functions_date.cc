// Date and time functions: ISO 8601 texts in UTC ("2024-01-31T12:30:45.1234567Z"), milliseconds
// since 1970, and ticks of 100 ns since 1970.
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>

#include "emulator/sql/functions.h"

namespace spillway::emulator::sql {
namespace {

using Context = const FunctionContext&;
using Days = std::chrono::sys_days;

constexpr int64_t kTicksPerMs = 10'000;
constexpr int64_t kTicksPerSecond = 10'000'000;
constexpr int64_t kTicksPerMinute = 60 * kTicksPerSecond;
constexpr int64_t kTicksPerHour = 60 * kTicksPerMinute;
constexpr int64_t kTicksPerDay = 24 * kTicksPerHour;

enum class Part {
  kYear,
  kMonth,
  kDay,
  kHour,
  kMinute,
  kSecond,
  kMillisecond,
  kMicrosecond,
  kNanosecond
};

struct PartName {
  std::string_view name;
  Part part;
};
constexpr std::array<PartName, 24> kParts = {{
    {"Year", Part::kYear},       {"yyyy", Part::kYear},
    {"yy", Part::kYear},         {"Month", Part::kMonth},
    {"mm", Part::kMonth},        {"m", Part::kMonth},
    {"Day", Part::kDay},         {"dd", Part::kDay},
    {"d", Part::kDay},           {"Hour", Part::kHour},
    {"hh", Part::kHour},         {"Minute", Part::kMinute},
    {"mi", Part::kMinute},       {"n", Part::kMinute},
    {"Second", Part::kSecond},   {"ss", Part::kSecond},
    {"s", Part::kSecond},        {"Millisecond", Part::kMillisecond},
    {"ms", Part::kMillisecond},  {"Microsecond", Part::kMicrosecond},
    {"mcs", Part::kMicrosecond}, {"Nanosecond", Part::kNanosecond},
    {"ns", Part::kNanosecond},   {"year", Part::kYear},
}};

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

std::optional<Part> PartOf(const Value& value) {
  if (!value.is_string()) return std::nullopt;
  for (const PartName& candidate : kParts) {
    if (Lower(candidate.name) == Lower(value.string())) return candidate.part;
  }
  return std::nullopt;
}

struct Moment {
  int64_t ticks = 0;  // since 1970

  int64_t days() const { return ticks / kTicksPerDay - (ticks % kTicksPerDay < 0 ? 1 : 0); }
  int64_t ticks_of_day() const { return ticks - days() * kTicksPerDay; }
  std::chrono::year_month_day date() const {
    return std::chrono::year_month_day(Days(std::chrono::days(days())));
  }
};

std::optional<Moment> MomentOf(int year, int month, int day, int64_t ticks_of_day) {
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || year < 1 || year > 9999) return std::nullopt;
  return Moment{Days(date).time_since_epoch().count() * kTicksPerDay + ticks_of_day};
}

// "2024-01-31T12:30:45.123Z"; the time and the fraction may be missing.
std::optional<Moment> ParseMoment(const Value& value) {
  if (!value.is_string()) return std::nullopt;
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, used = 0;
  const char* text = value.string().c_str();
  if (std::sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3) return std::nullopt;
  text += used;
  int64_t fraction = 0;
  if (*text == 'T') {
    if (std::sscanf(text, "T%2d:%2d:%2d%n", &hour, &minute, &second, &used) != 3) {
      return std::nullopt;
    }
    text += used;
    if (*text == '.') {
      int64_t unit = kTicksPerSecond;
      for (++text; *text >= '0' && *text <= '9'; ++text) {
        unit /= 10;
        fraction += unit * (*text - '0');
      }
    }
  }
  if (*text == 'Z') ++text;
  if (*text != '\0' || month < 0 || day < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
      second < 0 || second > 59) {
    return std::nullopt;
  }
  return MomentOf(
      year, month, day,
      hour * kTicksPerHour + minute * kTicksPerMinute + second * kTicksPerSecond + fraction);
}

Value TextOf(Moment moment) {
  const auto date = moment.date();
  const int year = static_cast<int>(date.year());
  if (year < 1 || year > 9999) return {};
  const int64_t ticks = moment.ticks_of_day();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:07}Z", year,
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     ticks / kTicksPerHour, ticks / kTicksPerMinute % 60,
                     ticks / kTicksPerSecond % 60, ticks % kTicksPerSecond);
}

// Keeps numbers away from overflow: about the years 1 to 9999.
std::optional<int64_t> WholeNumber(const Value& value, double scale) {
  constexpr double kTicksMax = 4e18;
  if (!value.is_number() || !(std::fabs(value.number()) * scale < kTicksMax)) return std::nullopt;
  return static_cast<int64_t>(value.number());
}

Value CurrentDateTime(Arguments, Context context) {
  return TextOf({context.now_ms * kTicksPerMs});
}
Value CurrentTimestamp(Arguments, Context context) {
  return static_cast<double>(context.now_ms);
}
Value CurrentTicks(Arguments, Context context) {
  return static_cast<double>(context.now_ms * kTicksPerMs);
}

std::optional<Moment> AddMonths(Moment moment, int64_t months) {
  const auto date = moment.date();
  const int64_t index = static_cast<int>(date.year()) * int64_t{12} +
                        static_cast<unsigned>(date.month()) - 1 + months;
  if (index < 12 || index >= 12 * 10000) return std::nullopt;
  const auto month = std::chrono::year(static_cast<int>(index / 12)) /
                     std::chrono::month(static_cast<unsigned>(index % 12 + 1));
  const unsigned last = static_cast<unsigned>((month / std::chrono::last).day());
  return MomentOf(static_cast<int>(index / 12), static_cast<int>(index % 12 + 1),
                  static_cast<int>(std::min(static_cast<unsigned>(date.day()), last)),
                  moment.ticks_of_day());
}

double TicksOf(Part part) {
  switch (part) {
    case Part::kDay:
      return kTicksPerDay;
    case Part::kHour:
      return kTicksPerHour;
    case Part::kMinute:
      return kTicksPerMinute;
    case Part::kSecond:
      return kTicksPerSecond;
    case Part::kMillisecond:
      return kTicksPerMs;
    case Part::kMicrosecond:
      return 10;
    case Part::kNanosecond:
      return 0.01;
    case Part::kYear:
    case Part::kMonth:
      break;
  }
  return 0;
}

Value DateTimeAdd(Arguments arguments, Context) {
  const auto part = PartOf(arguments[0]);
  const auto count = WholeNumber(arguments[1], 1);
  const auto moment = ParseMoment(arguments[2]);
  if (!part || !count || !moment) return {};
  if (*part == Part::kYear || *part == Part::kMonth) {
    if (std::abs(*count) > 12 * 10000) return {};
    const auto added = AddMonths(*moment, *part == Part::kYear ? *count * 12 : *count);
    return added ? TextOf(*added) : Value();
  }
  const double ticks = static_cast<double>(*count) * TicksOf(*part);
  if (std::fabs(ticks) > 4e18) return {};
  return TextOf({moment->ticks + static_cast<int64_t>(ticks)});
}

Value DateTimeDiff(Arguments arguments, Context) {
  const auto part = PartOf(arguments[0]);
  const auto begin = ParseMoment(arguments[1]);
  const auto end = ParseMoment(arguments[2]);
  if (!part || !begin || !end) return {};
  const auto months = [](Moment moment) {
    return static_cast<int>(moment.date().year()) * 12 +
           static_cast<int>(static_cast<unsigned>(moment.date().month()));
  };
  if (*part == Part::kYear) {
    return static_cast<int>(end->date().year()) - static_cast<int>(begin->date().year());
  }
  if (*part == Part::kMonth) return months(*end) - months(*begin);
  // Boundaries crossed, not time elapsed.
  const double unit = TicksOf(*part);
  return std::floor(static_cast<double>(end->ticks) / unit) -
         std::floor(static_cast<double>(begin->ticks) / unit);
}

Value DateTimePart(Arguments arguments, Context) {
  const auto part = PartOf(arguments[0]);
  const auto moment = ParseMoment(arguments[1]);
  if (!part || !moment) return {};
  const int64_t ticks = moment->ticks_of_day();
  switch (*part) {
    case Part::kYear:
      return static_cast<int>(moment->date().year());
    case Part::kMonth:
      return static_cast<double>(static_cast<unsigned>(moment->date().month()));
    case Part::kDay:
      return static_cast<double>(static_cast<unsigned>(moment->date().day()));
    case Part::kHour:
      return static_cast<double>(ticks / kTicksPerHour);
    case Part::kMinute:
      return static_cast<double>(ticks / kTicksPerMinute % 60);
    case Part::kSecond:
      return static_cast<double>(ticks / kTicksPerSecond % 60);
    case Part::kMillisecond:
      return static_cast<double>(ticks % kTicksPerSecond / kTicksPerMs);
    case Part::kMicrosecond:
      return static_cast<double>(ticks % kTicksPerSecond / 10);
    case Part::kNanosecond:
      return static_cast<double>(ticks % kTicksPerSecond * 100);
  }
  return {};
}

Value DateTimeFromParts(Arguments arguments, Context) {
  std::array<int64_t, 7> parts = {0, 0, 0, 0, 0, 0, 0};
  for (size_t i = 0; i < arguments.size(); ++i) {
    const auto number = WholeNumber(arguments[i], 1);
    if (!number || *number < 0 || *number > 9'999'999) return {};
    parts[i] = *number;
  }
  if (parts[3] > 23 || parts[4] > 59 || parts[5] > 59) return {};
  const auto moment =
      MomentOf(static_cast<int>(parts[0]), static_cast<int>(parts[1]), static_cast<int>(parts[2]),
               parts[3] * kTicksPerHour + parts[4] * kTicksPerMinute + parts[5] * kTicksPerSecond +
                   parts[6]);
  return moment ? TextOf(*moment) : Value();
}

Value DateTimeToTimestamp(Arguments arguments, Context) {
  const auto moment = ParseMoment(arguments[0]);
  return moment ? Value(static_cast<double>(moment->ticks / kTicksPerMs)) : Value();
}
Value DateTimeToTicks(Arguments arguments, Context) {
  const auto moment = ParseMoment(arguments[0]);
  return moment ? Value(static_cast<double>(moment->ticks)) : Value();
}
Value TimestampToDateTime(Arguments arguments, Context) {
  const auto milliseconds = WholeNumber(arguments[0], kTicksPerMs);
  return milliseconds ? TextOf({*milliseconds * kTicksPerMs}) : Value();
}
Value TicksToDateTime(Arguments arguments, Context) {
  const auto ticks = WholeNumber(arguments[0], 1);
  return ticks ? TextOf({*ticks}) : Value();
}

constexpr Function kFunctions[] = {
    {"GETCURRENTDATETIME", 0, 0, CurrentDateTime},
    {"GETCURRENTDATETIMESTATIC", 0, 0, CurrentDateTime},
    {"GETCURRENTTIMESTAMP", 0, 0, CurrentTimestamp},
    {"GETCURRENTTIMESTAMPSTATIC", 0, 0, CurrentTimestamp},
    {"GETCURRENTTICKS", 0, 0, CurrentTicks},
    {"GETCURRENTTICKSSTATIC", 0, 0, CurrentTicks},
    {"DATETIMEADD", 3, 3, DateTimeAdd},
    {"DATETIMEDIFF", 3, 3, DateTimeDiff},
    {"DATETIMEPART", 2, 2, DateTimePart},
    {"DATETIMEFROMPARTS", 3, 7, DateTimeFromParts},
    {"DATETIMETOTIMESTAMP", 1, 1, DateTimeToTimestamp},
    {"DATETIMETOTICKS", 1, 1, DateTimeToTicks},
    {"TIMESTAMPTODATETIME", 1, 1, TimestampToDateTime},
    {"TICKSTODATETIME", 1, 1, TicksToDateTime},
};

}  // namespace

std::span<const Function> DateFunctions() {
  return kFunctions;
}

}  // namespace spillway::emulator::sql
