// Progress of a load, or of changes, as one line: how far, how fast, what it costs, how long still,
// and what holds it up. On a terminal the line rewrites itself; elsewhere a new one comes every few
// seconds.
#ifndef SPILLWAY_CLI_PROGRESS_H_
#define SPILLWAY_CLI_PROGRESS_H_

#include <chrono>
#include <string>

#include "changes/change_run.h"
#include "cli/console.h"
#include "engine/load_run.h"

namespace spillway {

inline constexpr std::chrono::seconds kProgressLineEvery{5};

// "products v12  45 %  1,234 / 2,700 rows  520 rows/s  …". Pure.
std::string ProgressLine(const std::string& pipeline, const LoadProgressReport& report);

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
