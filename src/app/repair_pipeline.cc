#include "app/repair_pipeline.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/run_settings.h"

namespace spillway {

namespace {

constexpr uint32_t kRunsLookedAtMax = 10'000;

// Only what ended well left the destination at one version.
Result<VersionSelector> VersionAfterRun(StateStore& state, const std::string& pipeline,
                                        int64_t run_id) {
  ASSIGN_OR_RETURN(const std::vector<RunRecord> runs, state.Runs(pipeline, kRunsLookedAtMax));
  const auto run = std::find_if(runs.begin(), runs.end(),
                                [&](const RunRecord& candidate) { return candidate.id == run_id; });
  const std::string hint = fmt::format("spillway runs {}   lists them", pipeline);
  if (run == runs.end()) {
    return NotFound(fmt::format("pipeline {} has no run {}", pipeline, run_id)).WithHint(hint);
  }
  if (run->state != RunState::kSucceeded || run->kind == "verify") {
    return InvalidArgument(
               fmt::format("run {} of pipeline {} is no run that brought the destination"
                           " to a version",
                           run_id, pipeline))
        .WithHint(hint);
  }
  VersionSelector at;
  at.version = run->version;
  return at;
}

}  // namespace

Result<RepairSummary> RepairPipeline(const Project& project, const PipelineConfig& pipeline,
                                     const RepairRequest& request, const RepairListener& listener,
                                     const CallContext& ctx) {
  ASSIGN_OR_RETURN(const OpenedPipeline opened, OpenPipeline(project, pipeline));
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStore> state, OpenState(project));
  RepairOptions options{RunSettings(project, pipeline, *state)};
  options.delete_guard = GuardSettings(pipeline, request.allow_deletes);
  options.ignored_fields = IgnoredFields(*opened.destination, pipeline);
  options.differences_max = request.differences_max;
  options.read_limit =
      request.read_limit.is_set() ? request.read_limit : pipeline.throughput.verify;
  options.dry_run = request.dry_run;
  // A destination that still has its container of that version goes back to it by its pointer
  // instead: that belongs here, before anything is compared.
  options.back_to = request.back_to;
  if (request.back_to_run.has_value()) {
    ASSIGN_OR_RETURN(options.back_to, VersionAfterRun(*state, pipeline.name, *request.back_to_run));
  }
  const LoadParts parts{*opened.source, *opened.destination, *state, SystemClock()};
  return RunRepair(parts, pipeline.documents, options, listener, ctx);
}

}  // namespace spillway
