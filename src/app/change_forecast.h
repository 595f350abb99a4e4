// ChangeForecast: what keeping a destination up to date costs in a day, from what the table's last
// versions did, and whether that is cheaper than loading it anew. Pure.
#ifndef SPILLWAY_APP_CHANGE_FORECAST_H_
#define SPILLWAY_APP_CHANGE_FORECAST_H_

#include <cstdint>
#include <vector>

#include "model/table_history.h"

namespace spillway {

inline constexpr int64_t kForecastDays = 7;

// What one write of each kind costs; 0: the pipeline sends none of it.
struct ChangeUnits {
  double insert = 0;
  double update = 0;
  double remove = 0;
};

struct ChangeForecast {
  // The table's own days that it is made from: at least a day, of which less may be known.
  double days = 0;
  double hours_known = 0;
  uint64_t versions = 0;  // with changes, in those days
  bool complete = true;   // false: older versions of the days were not looked at
  // Of the versions: whose rows are an upper bound (rewritten files), and whose are not told.
  uint64_t versions_at_most = 0;
  uint64_t versions_unknown = 0;
  // Each day.
  double inserted = 0;
  double updated = 0;
  double deleted = 0;
  double units = 0;

  double units_per_second = 0;          // on average
  double units_per_second_busiest = 0;  // in the busiest hour
  std::vector<double> units_by_hour;    // of the days
  // Writing the whole table again, and how much of it a day has to change for that to be cheaper;
  // above 1: it never is.
  double reload_units = 0;
  double break_even_share = 0;

  double rows() const { return inserted + updated + deleted; }
  bool incremental() const { return units <= reload_units; }
};

// `now_ms` ends the last hour. `documents`: that the table makes.
ChangeForecast ForecastChanges(const TableHistory& history, int64_t now_ms,
                               const ChangeUnits& units, double documents);

}  // namespace spillway

#endif  // SPILLWAY_APP_CHANGE_FORECAST_H_
