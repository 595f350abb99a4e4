#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "base/human.h"

namespace spillway {
namespace {

double Seconds(const LoadProgressReport& report) {
  return std::chrono::duration<double>(report.elapsed).count();
}

constexpr double kFull = 0.9;
// Of the ranges' mean to the busiest one: below, the others have much to spare.
constexpr double kUnevenBelow = 0.6;

// One range is full and the others are not: its keys get most of the documents.
bool IsUneven(const ThroughputPicture& throughput) {
  if (throughput.ranges.size() < 2 || throughput.normalised.value_or(0) < kFull) return false;
  double sum = 0;
  for (const double share : throughput.ranges) sum += share;
  const double mean = sum / static_cast<double>(throughput.ranges.size());
  return mean < kUnevenBelow * *throughput.normalised;
}

// What waits without being refused waits for a limit of ours, unless it is known that there is
// none.
std::string_view ThrottledName(const LoadProgressReport& report) {
  const ThroughputPicture& throughput = report.throughput;
  if (IsUneven(throughput)) return "the busiest range's throughput";
  if (throughput.limited) return "the throughput limit";
  const bool ours = report.throttled_requests == 0 && !throughput.admitted.has_value();
  return ours ? "the throughput limit" : "the destination's throughput";
}

std::string_view LimitName(const LoadProgressReport& report) {
  switch (report.limited_by) {
    case BindingLimit::kSource:
      return "reading the table";
    case BindingLimit::kDestination:
      return "the destination's answers";
    case BindingLimit::kThrottled:
      return ThrottledName(report);
    case BindingLimit::kStarting:
      return "";
  }
  return "";
}

uint64_t RowsDone(const LoadProgressReport& report) {
  return report.counts.settled() + report.rows_ahead;
}

double RowsPerSecond(const LoadProgressReport& report) {
  return static_cast<double>(report.run_counts.settled() + report.rows_ahead) /
         std::max(Seconds(report), 1e-3);
}

std::string RowsText(const LoadProgressReport& report) {
  const std::string done = HumanCount(RowsDone(report));
  return report.rows_total ? fmt::format("{} / {} rows", done, HumanCount(*report.rows_total))
                           : fmt::format("{} rows", done);
}

// "12,034 of 15,000 RU/s" in the last second, "busiest range 97 %"; before one has passed, or
// without a cap, what the run spent per second so far.
std::string SpendingText(const ThroughputPicture& throughput, double cost, double seconds) {
  if (cost <= 0) return {};
  if (!throughput.cap || throughput.used <= 0) {
    return fmt::format("  {} RU/s", HumanNumber(cost / seconds));
  }
  std::string text =
      fmt::format("  {} of {} RU/s", HumanNumber(throughput.used), HumanNumber(*throughput.cap));
  if (throughput.normalised) {
    text += fmt::format("  busiest range {}", HumanShare(*throughput.normalised));
  }
  return text;
}

}  // namespace

std::optional<double> DoneShare(const LoadProgressReport& report) {
  if (report.rows_total && *report.rows_total > 0) {
    return std::min(
        1.0, static_cast<double>(RowsDone(report)) / static_cast<double>(*report.rows_total));
  }
  if (report.splits_total == 0) return std::nullopt;
  return static_cast<double>(report.splits_done) / report.splits_total;
}

// From this run's own pace: what an earlier run settled took no time of ours.
std::optional<std::chrono::nanoseconds> TimeLeft(const LoadProgressReport& report) {
  const double rate = RowsPerSecond(report);
  if (!report.rows_total || rate <= 0 || Seconds(report) < 1) return std::nullopt;
  const uint64_t left = *report.rows_total - std::min(*report.rows_total, RowsDone(report));
  const std::chrono::duration<double> seconds(static_cast<double>(left) / rate);
  return std::chrono::duration_cast<std::chrono::nanoseconds>(seconds);
}

std::string UtilisationStrip(const ThroughputPicture& throughput) {
  constexpr size_t kCharactersMax = 40;
  constexpr std::array<std::string_view, 9> kLevels = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const size_t ranges = throughput.ranges.size();
  const size_t characters = std::min(ranges, kCharactersMax);
  std::string strip;
  for (size_t i = 0; i < characters; ++i) {
    const auto begin = throughput.ranges.begin() + static_cast<int64_t>(i * ranges / characters);
    const auto end =
        throughput.ranges.begin() + static_cast<int64_t>((i + 1) * ranges / characters);
    const double share = std::clamp(*std::max_element(begin, end), 0.0, 1.0);
    // Little is not nothing.
    strip += kLevels[static_cast<size_t>(std::ceil(share * (kLevels.size() - 1)))];
  }
  return strip;
}

std::string ProgressLine(const std::string& pipeline, const LoadProgressReport& report) {
  const double seconds = std::max(Seconds(report), 1e-3);
  std::string line = fmt::format("{} v{}", pipeline, report.version);
  if (const auto share = DoneShare(report)) line += "  " + HumanShare(*share);
  line += "  " + RowsText(report);
  line += fmt::format("  {} rows/s", HumanNumber(RowsPerSecond(report)));
  line += SpendingText(report.throughput, report.cost, seconds);
  if (report.throttled_requests > 0 && report.requests > 0) {
    line += fmt::format("  429: {}", HumanShare(static_cast<double>(report.throttled_requests) /
                                                static_cast<double>(report.requests)));
  }
  if (report.counts.rejected > 0)
    line += fmt::format("  rejected {}", HumanCount(report.counts.rejected));
  if (const auto left = TimeLeft(report)) line += fmt::format("  ETA {}", HumanDuration(*left));
  if (const auto limit = LimitName(report); !limit.empty()) {
    line += fmt::format("  limited by: {}", limit);
  }
  return line;
}

std::string ChangeLine(const std::string& pipeline, const ChangeReport& report) {
  const double seconds = std::max(std::chrono::duration<double>(report.elapsed).count(), 1e-3);
  std::string line = fmt::format("{} v{}", pipeline, report.version);
  if (report.through_version > report.version)
    line += fmt::format(" → v{}", report.through_version);
  line += fmt::format("  {} changes  {}/s", HumanCount(report.counts.settled()),
                      HumanNumber(static_cast<double>(report.counts.settled()) / seconds));
  line += fmt::format("  {} documents", HumanCount(report.documents));
  line += SpendingText(report.throughput, report.cost, seconds);
  if (report.throttled_requests > 0 && report.requests > 0) {
    line += fmt::format("  429: {}", HumanShare(static_cast<double>(report.throttled_requests) /
                                                static_cast<double>(report.requests)));
  }
  if (report.counts.rejected > 0) {
    line += fmt::format("  rejected {}", HumanCount(report.counts.rejected));
  }
  if (report.lag) line += fmt::format("  lag {}", HumanDuration(*report.lag));
  switch (report.activity) {
    case ChangeActivity::kWaiting:
      return line + "  waiting for a version";
    case ChangeActivity::kReading:
      return line + "  reading the table";
    case ChangeActivity::kSending:
      break;
  }
  return line;
}

namespace {

std::string OnTerminal(const Console& console, const ThroughputPicture& throughput) {
  if (!console.terminal()) return {};
  const std::string strip = UtilisationStrip(throughput);
  return strip.empty() ? strip : fmt::format("  ranges [{}]", strip);
}

}  // namespace

void ChangePrinter::operator()(const ChangeReport& report) {
  if (!report.retention_warning.empty() && !warned_) {
    warned_ = true;
    console_.Note(fmt::format("warning: {}: {}", pipeline_, report.retention_warning));
  }
  if (!console_.terminal()) {
    const bool waits = report.activity == ChangeActivity::kWaiting;
    if (report.elapsed < next_ || (waits && report.version == told_version_)) return;
    next_ = report.elapsed + kProgressLineEvery;
    told_version_ = report.version;
  }
  console_.Progress(ChangeLine(pipeline_, report) + OnTerminal(console_, report.throughput));
}

void ProgressPrinter::operator()(const LoadProgressReport& report) {
  if (!console_.terminal()) {
    if (report.elapsed < next_) return;
    next_ = report.elapsed + kProgressLineEvery;
    if (report.limited_by == BindingLimit::kStarting) return;
  }
  console_.Progress(ProgressLine(pipeline_, report) + OnTerminal(console_, report.throughput));
}

}  // namespace spillway
