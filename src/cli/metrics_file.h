// MetricsFile: how a run goes, in the Prometheus text format, for a collector that reads files.
// Written whole about once a second and at the end, so a reader never sees a half of it.
// docs/metrics.md lists the names. Facts: the Prometheus documentation, "Text-based format".
#ifndef SPILLWAY_CLI_METRICS_FILE_H_
#define SPILLWAY_CLI_METRICS_FILE_H_

#include <chrono>
#include <optional>
#include <string>

#include "changes/change_run.h"
#include "engine/load_run.h"

namespace spillway {

// What a run has done so far: a load, changes, or one after the other.
struct RunMetrics {
  std::optional<LoadProgressReport> load{};
  std::optional<ChangeReport> changes{};
  bool active = true;
  std::optional<bool> succeeded{};  // once it has ended
};

// The whole file. Pure.
std::string MetricsText(const std::string& pipeline, const std::string& container,
                        const RunMetrics& metrics);

// Used by one thread at a time.
class MetricsFile {
 public:
  // Writes the file for the first time. kInvalidArgument: that is not possible.
  static Result<MetricsFile> Open(std::string path, std::string pipeline, std::string container);

  // What cannot be written now may be written the next time, or at the end.
  void Update(const LoadProgressReport& report);
  void Update(const ChangeReport& report);
  // Why the last picture could not be written.
  Status End(bool succeeded);

 private:
  MetricsFile(std::string path, std::string pipeline, std::string container)
      : path_(std::move(path)), pipeline_(std::move(pipeline)), container_(std::move(container)) {}
  bool IsTime(std::chrono::nanoseconds elapsed);
  Status Write() const;

  std::string path_;
  std::string pipeline_;
  std::string container_;
  RunMetrics metrics_;
  std::optional<std::chrono::nanoseconds> written_;  // of the run's own time
};

}  // namespace spillway

#endif  // SPILLWAY_CLI_METRICS_FILE_H_
