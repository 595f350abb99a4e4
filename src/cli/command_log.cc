#include "cli/command_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/clock.h"
#include "base/log.h"

namespace spillway {
namespace {

constexpr std::string_view kArea = "command";
// It tells whose documents are written where.
constexpr int kOwnerOnly = 0600;

}  // namespace

bool LogsToStderr(const Arguments& arguments) {
  return arguments.log_level != LogLevel::kOff && arguments.log_file.empty();
}

Status OpenCommandLog(const Arguments& arguments) {
  if (arguments.log_level == LogLevel::kOff) return Status::Ok();
  int descriptor = STDERR_FILENO;
  if (!arguments.log_file.empty()) {
    // Open until the process ends: any thread may write a line.
    descriptor =
        ::open(arguments.log_file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kOwnerOnly);
    if (descriptor < 0) {
      return InvalidArgument(
          fmt::format("--log-file {}: {}", arguments.log_file, std::strerror(errno)));
    }
  }
  StartLog(arguments.log_level, descriptor, SystemClock());
  LogLine(LogLevel::kInfo, kArea, fmt::format("spillway {}: {}", SPILLWAY_VERSION, arguments.name));
  return Status::Ok();
}

void LogCommandEnd(const Arguments& arguments, const Status& status, int exit_code) {
  const std::string end = fmt::format("{} ends with exit code {}", arguments.name, exit_code);
  if (status.ok()) return LogLine(LogLevel::kInfo, kArea, end);
  LogLine(LogLevel::kError, kArea, fmt::format("{}: {}", end, status.message()));
}

}  // namespace spillway
