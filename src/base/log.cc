#include "base/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>

namespace spillway {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"off",  "error", "warning",
                                                    "info", "debug", "trace"};
constexpr std::string_view kCut = " …";

// Of the whole process: a line may come from anywhere.
struct Sink {
  std::atomic<LogLevel> level{LogLevel::kOff};
  int descriptor = STDERR_FILENO;
  const Clock* clock = nullptr;
};

Sink& TheSink() {
  static Sink sink;
  return sink;
}

void AppendEscaped(std::string_view text, std::string* out) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out->append("\\n");
    } else if (byte < 0x20 || byte == 0x7F) {
      fmt::format_to(std::back_inserter(*out), "\\x{:02x}", byte);
    } else {
      out->push_back(c);
    }
  }
}

void CutToFit(std::string* line) {
  if (line->size() <= kLogLineBytesMax) return;
  size_t end = kLogLineBytesMax - kCut.size();
  while (end > 0 && ((*line)[end] & 0xC0) == 0x80) --end;  // no half of a character
  line->resize(end);
  line->append(kCut);
}

}  // namespace

std::string_view LogLevelName(LogLevel level) {
  return kNames[static_cast<size_t>(level)];
}

std::optional<LogLevel> ParseLogLevel(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

void StartLog(LogLevel level, int descriptor, const Clock& clock) {
  Sink& sink = TheSink();
  sink.descriptor = descriptor;
  sink.clock = &clock;
  sink.level.store(level, std::memory_order_release);
}

bool LogsAt(LogLevel level) {
  const LogLevel kept = TheSink().level.load(std::memory_order_acquire);
  return level != LogLevel::kOff && level <= kept;
}

void LogLine(LogLevel level, std::string_view area, std::string_view text) {
  if (!LogsAt(level)) return;
  const Sink& sink = TheSink();
  std::string line = FormatLogLine(sink.clock->WallNow(), level, area, text);
  line.push_back('\n');
  [[maybe_unused]] const ssize_t written = ::write(sink.descriptor, line.data(), line.size());
}

std::string FormatLogLine(WallTime time, LogLevel level, std::string_view area,
                          std::string_view text) {
  std::string line = fmt::format("{} {} {}: ", FormatUtc(time, true), LogLevelName(level), area);
  AppendEscaped(text, &line);
  CutToFit(&line);
  return line;
}

}  // namespace spillway
