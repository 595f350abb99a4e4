// Log: what the program does, line by line, for whoever looks for the reason of something. Off
// unless somebody asks (`--log-level`); this is the one place that knows the level, where lines go
// and how they look. docs/logging.md says what is told at which level.
//
// What never gets into a line: secrets, authorization headers, bodies, and the query of a URL,
// which may hold a signature.
#ifndef SPILLWAY_BASE_LOG_H_
#define SPILLWAY_BASE_LOG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace spillway {

enum class LogLevel : uint8_t {
  kOff,
  kError,    // somebody has to act: the command failed
  kWarning,  // something went wrong, and it went on
  kInfo,     // what a command comes through: runs, steps of a switch
  kDebug,    // what it decides: waits, tokens, writes that are sent again
  kTrace,    // every request
};

// "error" …
std::string_view LogLevelName(LogLevel level);
std::optional<LogLevel> ParseLogLevel(std::string_view name);

// Longer lines are cut.
inline constexpr size_t kLogLineBytesMax = 4096;

// From now on lines of `level`, and graver ones, are appended to the open file `descriptor`. To be
// called before there are threads; `clock` outlives them all.
void StartLog(LogLevel level, int descriptor, const Clock& clock);

// Whether lines of this level are kept: asked before a costly one is made. Thread-safe.
bool LogsAt(LogLevel level);

// One line: "2026-03-01T12:00:00.123Z trace http: text". Control characters are escaped, so that
// what came from elsewhere makes no line of its own. Written in one go: lines of several threads,
// and of several processes that append to one file, do not mix. What cannot be written is lost.
// Thread-safe.
void LogLine(LogLevel level, std::string_view area, std::string_view text);

// The line itself, without its end. For LogLine, and for tests.
std::string FormatLogLine(WallTime time, LogLevel level, std::string_view area,
                          std::string_view text);

}  // namespace spillway

#endif  // SPILLWAY_BASE_LOG_H_
