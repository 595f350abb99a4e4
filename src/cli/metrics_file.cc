#include "cli/metrics_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "cli/progress.h"

namespace spillway {
namespace {

constexpr std::chrono::seconds kWriteEvery{1};

// A label's value, escaped.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

// The families of a file, one after the other.
class Families {
 public:
  Families(std::string_view pipeline, std::string_view container)
      : labels_(fmt::format("pipeline={},container={}", Quoted(pipeline), Quoted(container))) {}

  void Counter(std::string_view name, std::string_view help, double value) {
    Head(name, help, "counter");
    Sample(name, {}, value);
  }
  void Gauge(std::string_view name, std::string_view help, std::optional<double> value) {
    if (!value.has_value()) return;
    Head(name, help, "gauge");
    Sample(name, {}, *value);
  }
  void Head(std::string_view name, std::string_view help, std::string_view type) {
    text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  void Sample(std::string_view name, std::string_view more_labels, double value) {
    text_ += fmt::format("{}{{{}{}}} {}\n", name, labels_, more_labels, value);
  }
  std::string TakeText() { return std::move(text_); }

 private:
  const std::string labels_;
  std::string text_;
};

double Seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

IntentCounts CountsOf(const RunMetrics& metrics) {
  IntentCounts counts;
  if (metrics.load) counts += metrics.load->run_counts;
  if (metrics.changes) counts += metrics.changes->counts;
  return counts;
}

// A figure of both parts of a run, added up.
template <typename OfLoad, typename OfChanges>
double Sum(const RunMetrics& metrics, OfLoad LoadProgressReport::*of_load,
           OfChanges ChangeReport::*of_changes) {
  return (metrics.load ? static_cast<double>((*metrics.load).*of_load) : 0) +
         (metrics.changes ? static_cast<double>((*metrics.changes).*of_changes) : 0);
}

void AddIntents(const RunMetrics& metrics, Families& families) {
  const IntentCounts counts = CountsOf(metrics);
  families.Counter("spillway_intents_read_total", "Intents read: one per image of a row.",
                   static_cast<double>(counts.read));
  constexpr std::string_view kSettled = "spillway_intents_settled_total";
  families.Head(kSettled, "Intents by what became of them.", "counter");
  const auto fate = [&](std::string_view name, uint64_t count) {
    families.Sample(kSettled, fmt::format(",fate=\"{}\"", name), static_cast<double>(count));
  };
  fate("upserted", counts.upserted);
  fate("deleted", counts.deleted);
  fate("delete_found_nothing", counts.delete_found_nothing);
  fate("unchanged", counts.unchanged);
  fate("superseded", counts.superseded);
  fate("filtered", counts.filtered);
  fate("rejected", counts.rejected);
}

void AddTraffic(const RunMetrics& metrics, Families& families) {
  families.Counter("spillway_requests_total", "Requests sent to the destination.",
                   Sum(metrics, &LoadProgressReport::requests, &ChangeReport::requests));
  families.Counter(
      "spillway_requests_throttled_total", "Requests that were throttled, in whole or in part.",
      Sum(metrics, &LoadProgressReport::throttled_requests, &ChangeReport::throttled_requests));
  families.Counter("spillway_request_units_total", "Request units that the writes cost.",
                   Sum(metrics, &LoadProgressReport::cost, &ChangeReport::cost));
  families.Counter("spillway_sent_bytes_total", "Bytes sent to the destination.",
                   Sum(metrics, &LoadProgressReport::bytes_sent, &ChangeReport::bytes_sent));
  families.Counter("spillway_run_seconds_total", "How long the run has taken so far.",
                   (metrics.load ? Seconds(metrics.load->elapsed) : 0) +
                       (metrics.changes ? Seconds(metrics.changes->elapsed) : 0));
}

void AddThroughput(const ThroughputPicture& throughput, Families& families) {
  families.Gauge("spillway_request_units_cap",
                 "Request units a second that the run may spend: its limit, or what is admitted.",
                 throughput.cap);
  families.Gauge("spillway_request_units_admitted",
                 "Request units a second that the destination admits.", throughput.admitted);
  families.Gauge("spillway_request_units_used", "Request units spent in the last whole second.",
                 throughput.used);
  families.Gauge("spillway_normalised_utilisation_ratio",
                 "The busiest range's share of its own part, in the last whole second.",
                 throughput.normalised);
  families.Gauge("spillway_normalised_utilisation_peak_ratio",
                 "The same in the busiest second so far.", throughput.peak_normalised);
  if (throughput.ranges.empty()) return;
  constexpr std::string_view kRange = "spillway_range_utilisation_ratio";
  families.Head(kRange, "Each range's share of its own part, in the last whole second.", "gauge");
  for (size_t range = 0; range < throughput.ranges.size(); ++range) {
    families.Sample(kRange, fmt::format(",range=\"{}\"", range), throughput.ranges[range]);
  }
}

void AddProgress(const RunMetrics& metrics, Families& families) {
  families.Gauge("spillway_run_active", "1 while the run goes on.", metrics.active ? 1 : 0);
  if (metrics.succeeded) {
    families.Gauge("spillway_run_succeeded", "Whether the run ended well.",
                   *metrics.succeeded ? 1 : 0);
  }
  if (metrics.changes) {
    families.Gauge("spillway_version", "The table's version that is applied, or being loaded.",
                   static_cast<double>(metrics.changes->version));
    if (metrics.changes->lag) {
      families.Gauge("spillway_lag_seconds",
                     "From the commit of the version that was applied last until then.",
                     Seconds(*metrics.changes->lag));
    }
  } else if (metrics.load) {
    families.Gauge("spillway_version", "The table's version that is applied, or being loaded.",
                   static_cast<double>(metrics.load->version));
  }
  if (!metrics.load) return;
  families.Gauge("spillway_load_done_ratio", "How much of the load is settled.",
                 DoneShare(*metrics.load));
  if (const auto left = TimeLeft(*metrics.load)) {
    families.Gauge("spillway_load_remaining_seconds", "How long the load still takes, by its pace.",
                   Seconds(*left));
  }
}

}  // namespace

std::string MetricsText(const std::string& pipeline, const std::string& container,
                        const RunMetrics& metrics) {
  Families families(pipeline, container);
  AddProgress(metrics, families);
  AddIntents(metrics, families);
  AddTraffic(metrics, families);
  if (metrics.changes) {
    AddThroughput(metrics.changes->throughput, families);
  } else if (metrics.load) {
    AddThroughput(metrics.load->throughput, families);
  }
  return families.TakeText();
}

Result<MetricsFile> MetricsFile::Open(std::string path, std::string pipeline,
                                      std::string container) {
  MetricsFile file(std::move(path), std::move(pipeline), std::move(container));
  Status written = file.Write();
  if (written.ok()) return file;
  return std::move(written).WithHint("name a file in a folder that is there and may be written");
}

bool MetricsFile::IsTime(std::chrono::nanoseconds elapsed) {
  // A run of changes begins its time anew.
  const bool due = !written_ || elapsed < *written_ || elapsed - *written_ >= kWriteEvery;
  if (due) written_ = elapsed;
  return due;
}

void MetricsFile::Update(const LoadProgressReport& report) {
  metrics_.load = report;
  if (IsTime(report.elapsed)) [[maybe_unused]]
    const Status written = Write();
}

void MetricsFile::Update(const ChangeReport& report) {
  metrics_.changes = report;
  if (IsTime(report.elapsed)) [[maybe_unused]]
    const Status written = Write();
}

Status MetricsFile::End(bool succeeded) {
  metrics_.active = false;
  metrics_.succeeded = succeeded;
  return Write();
}

Status MetricsFile::Write() const {
  const std::string text = MetricsText(pipeline_, container_, metrics_);
  const std::string temporary = fmt::format("{}.{}.tmp", path_, ::getpid());
  const auto failed = [&] {
    const std::string why = std::strerror(errno);
    ::unlink(temporary.c_str());
    return InvalidArgument(fmt::format("the metrics cannot be written to {}: {}", path_, why));
  };
  std::FILE* const file = std::fopen(temporary.c_str(), "w");
  if (file == nullptr) return failed();
  const bool whole = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (std::fclose(file) != 0 || !whole) return failed();
  return ::rename(temporary.c_str(), path_.c_str()) == 0 ? Status::Ok() : failed();
}

}  // namespace spillway
