#include "app/state_report.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "app/pipeline.h"
#include "base/clock.h"

namespace spillway {
namespace {

// Reading or writing a state is a few requests.
constexpr std::chrono::seconds kMovingLease{30};

Result<StateReport> ReportPipeline(StateStore& state, const std::string& pipeline) {
  StateReport report;
  report.pipeline = pipeline;
  ASSIGN_OR_RETURN(report.checkpoint, state.LoadCheckpoint(pipeline));
  ASSIGN_OR_RETURN(report.progress, state.LoadProgress(pipeline));
  ASSIGN_OR_RETURN(report.lease, state.Holder(pipeline));
  ASSIGN_OR_RETURN(const std::vector<ReasonCount> reasons, state.RejectedByReason(pipeline));
  for (const ReasonCount& reason : reasons) report.rejected += reason.rows;
  ASSIGN_OR_RETURN(std::vector<RunRecord> runs, state.Runs(pipeline, 1));
  if (!runs.empty()) report.last_run = std::move(runs.front());
  return report;
}

}  // namespace

Result<ProjectStateReport> ReportState(const Project& project, const std::string& pipeline) {
  if (!pipeline.empty()) RETURN_IF_ERROR(project.FindPipeline(pipeline).status());
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStore> state, OpenStateIfThere(project));
  ProjectStateReport report;
  if (state != nullptr) report.store = state->info();
  for (const auto& [name, config] : project.pipelines()) {
    if (!pipeline.empty() && name != pipeline) continue;
    report.pipelines.push_back({});
    report.pipelines.back().pipeline = name;
    if (state == nullptr) continue;
    ASSIGN_OR_RETURN(report.pipelines.back(), ReportPipeline(*state, name));
  }
  return report;
}

Result<StateFile> ExportState(const Project& project, const std::string& pipeline) {
  RETURN_IF_ERROR(project.FindPipeline(pipeline).status());
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStore> state, OpenStateIfThere(project));
  if (state == nullptr) {
    return NotFound(fmt::format("pipeline {} has no state yet", pipeline))
        .WithHint(fmt::format("spillway sync {}", pipeline));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Lease> lease, state->AcquireLease(pipeline, kMovingLease));
  return ReadState(*state, pipeline, UnixMillis(SystemClock().WallNow()));
}

Result<ImportOutcome> ImportStateFile(const Project& project, const std::string& pipeline,
                                      const StateFile& file, bool force) {
  RETURN_IF_ERROR(project.FindPipeline(pipeline).status());
  if (file.pipeline != pipeline) {
    return InvalidArgument(fmt::format("the file holds the state of pipeline {}, not of {}",
                                       file.pipeline, pipeline))
        .WithHint("a pipeline keeps its name when it moves");
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStore> state, OpenState(project));
  ASSIGN_OR_RETURN(const std::unique_ptr<Lease> lease, state->AcquireLease(pipeline, kMovingLease));
  return ImportState(*state, file, force);
}

}  // namespace spillway
