// Progress of a load, or of changes, as one line: how far, how fast, what it costs, how long still,
// and what holds it up. On a terminal the line rewrites itself; elsewhere a new one comes every few
// seconds.
#ifndef SPILLWAY_CLI_PROGRESS_H_
#define SPILLWAY_CLI_PROGRESS_H_

#include <chrono>
#include <optional>
#include <string>

#include "changes/change_run.h"
#include "cli/console.h"
#include "engine/load_run.h"

namespace spillway {

inline constexpr std::chrono::seconds kProgressLineEvery{5};

// "products v12  45 %  1,234 / 2,700 rows  520 rows/s  …". Pure.
std::string ProgressLine(const std::string& pipeline, const LoadProgressReport& report);

// The load that report shows: how much of it is settled, by rows where the table's statistics tell,
// else by files; and how long the rest takes at this run's pace. nullopt: not known.
std::optional<double> DoneShare(const LoadProgressReport& report);
std::optional<std::chrono::nanoseconds> TimeLeft(const LoadProgressReport& report);

// How full each range was in the last second, a character each: "▁▃█"; neighbours share one where
// there are more than a line holds. Empty when it is not known. Pure.
std::string UtilisationStrip(const ThroughputPicture& throughput);

// "products v12 → v15  …  lag 40 ms  waiting for a version". Pure.
std::string ChangeLine(const std::string& pipeline, const ChangeReport& report);

// Used by the thread that the engine reports on.
class ProgressPrinter {
 public:
  ProgressPrinter(std::string pipeline, Console& console)
      : pipeline_(std::move(pipeline)), console_(console) {}
  void operator()(const LoadProgressReport& report);

 private:
  std::string pipeline_;
  Console& console_;
  std::chrono::nanoseconds next_{std::chrono::seconds(1)};  // short runs need no line
};

// The same for changes. A run that waits says so once, and then when something has come; a warning
// is told once.
class ChangePrinter {
 public:
  ChangePrinter(std::string pipeline, Console& console)
      : pipeline_(std::move(pipeline)), console_(console) {}
  void operator()(const ChangeReport& report);

 private:
  std::string pipeline_;
  Console& console_;
  std::chrono::nanoseconds next_{std::chrono::seconds(1)};
  int64_t told_version_ = -1;
  bool warned_ = false;
};

}  // namespace spillway

#endif  // SPILLWAY_CLI_PROGRESS_H_
