#include "app/change_forecast.h"

#include <algorithm>
#include <cmath>

namespace spillway {
namespace {

constexpr double kHourMs = 3'600'000;
constexpr double kHourSeconds = 3'600;
constexpr double kDayHours = 24;

double UnitsOf(const VersionRows& version, const ChangeUnits& units) {
  return static_cast<double>(version.inserted) * units.insert +
         static_cast<double>(version.updated) * units.update +
         static_cast<double>(version.deleted) * units.remove;
}

void Count(const VersionRows& version, ChangeForecast& forecast) {
  ++forecast.versions;
  if (version.basis == RowCountBasis::kFiles) ++forecast.versions_at_most;
  if (version.basis == RowCountBasis::kUnknown) ++forecast.versions_unknown;
  forecast.inserted += static_cast<double>(version.inserted);
  forecast.updated += static_cast<double>(version.updated);
  forecast.deleted += static_cast<double>(version.deleted);
}

bool ChangesRows(const VersionRows& version) {
  return version.basis == RowCountBasis::kUnknown ||
         version.inserted + version.updated + version.deleted > 0;
}

void CompareWithReload(const ChangeUnits& units, double documents, ChangeForecast& forecast) {
  forecast.reload_units = documents * std::max(units.update, units.insert);
  if (forecast.units <= 0 || documents <= 0) return;
  const double changed = forecast.rows() / documents;
  forecast.break_even_share = changed * forecast.reload_units / forecast.units;
}

}  // namespace

ChangeForecast ForecastChanges(const TableHistory& history, int64_t now_ms,
                               const ChangeUnits& units, double documents) {
  ChangeForecast forecast;
  forecast.complete = history.complete;
  const double hours_known =
      history.from_ms == 0 ? 0 : static_cast<double>(now_ms - history.from_ms) / kHourMs;
  forecast.hours_known = std::max(0.0, hours_known);
  const double hours = std::max(kDayHours, std::ceil(forecast.hours_known));
  forecast.days = std::max(1.0, forecast.hours_known / kDayHours);
  forecast.units_by_hour.assign(static_cast<size_t>(hours), 0.0);
  for (const VersionRows& version : history.versions) {
    if (!ChangesRows(version)) continue;
    Count(version, forecast);
    const double cost = UnitsOf(version, units);
    forecast.units += cost;
    const double ago = static_cast<double>(now_ms - version.timestamp_ms) / kHourMs;
    const double place = std::clamp(hours - 1 - std::floor(ago), 0.0, hours - 1);
    forecast.units_by_hour[static_cast<size_t>(place)] += cost;
  }
  for (double* sum : {&forecast.inserted, &forecast.updated, &forecast.deleted, &forecast.units}) {
    *sum /= forecast.days;
  }
  forecast.units_per_second = forecast.units / (kDayHours * kHourSeconds);
  forecast.units_per_second_busiest =
      *std::max_element(forecast.units_by_hour.begin(), forecast.units_by_hour.end()) /
      kHourSeconds;
  CompareWithReload(units, documents, forecast);
  return forecast;
}

}  // namespace spillway
