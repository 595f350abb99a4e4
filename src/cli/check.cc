#include <fmt/format.h>

#include "app/pipeline.h"
#include "app/sync_pipeline.h"
#include "base/human.h"
#include "base/json_writer.h"
#include "cli/command.h"

namespace spillway {
namespace {

// What the next sync would set for its load, and what of the throughput section cannot work.
Status CheckTuning(const Project& project, const PipelineConfig& pipeline,
                   CommandContext& context) {
  ASSIGN_OR_RETURN(const TuningPlan tuning, PlanSyncTuning(project, pipeline, {}, context.call));
  for (const std::string& warning : tuning.warnings) {
    context.console.Note(fmt::format("warning: {}: {}", pipeline.name, warning));
  }
  if (tuning.left_over) {
    context.console.Note(
        fmt::format("warning: {}: a load has left its destination changed; next:"
                    " spillway throttle {} --restore",
                    pipeline.name, pipeline.name));
  }
  if (context.console.json()) return Status::Ok();
  for (const std::string& step : tuning.Steps()) {
    context.console.Print(fmt::format("{}: would set {}", pipeline.name, step));
  }
  return Status::Ok();
}

Status ConnectAndCheck(const Project& project, const PipelineConfig& pipeline,
                       CommandContext& context) {
  RETURN_IF_ERROR(CheckPipeline(project, pipeline, context.call));
  return CheckTuning(project, pipeline, context);
}

// All pipelines are tried, so that one look shows everything that is wrong; the first failure
// decides the exit code.
Status CheckAll(const Project& project, bool connect, CommandContext& context) {
  Status first;
  for (const auto& [name, pipeline] : project.pipelines()) {
    Status status = connect ? ConnectAndCheck(project, pipeline, context)
                            : OpenPipeline(project, pipeline).status();
    if (status.code() == StatusCode::kCancelled) return status;
    if (status.ok()) {
      if (!context.console.json()) context.console.Print(fmt::format("{}: ok", name));
    } else if (first.ok()) {
      first = std::move(status);
    } else {
      context.console.Note(fmt::format("spillway: {}", status.message()));
    }
  }
  return first;
}

}  // namespace

Status RunCheck(const CheckArguments& arguments, CommandContext& context) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Project> project, OpenProject(context));
  RETURN_IF_ERROR(CheckAll(*project, arguments.connect, context));
  if (arguments.connect) RETURN_IF_ERROR(CheckState(*project, context.call));
  if (context.console.json()) {
    JsonWriter json;
    json.BeginObject().Field("config", project->path()).Field("ok", true);
    json.Field("connected", arguments.connect).EndObject();
    context.console.Print(json.text());
    return Status::Ok();
  }
  context.console.Print(fmt::format("{}: {} connections and {} are in order{}", project->path(),
                                    project->connections().size(),
                                    HumanPlural(project->pipelines().size(), "pipeline"),
                                    arguments.connect ? ", and all of them answer" : ""));
  if (!arguments.connect) context.console.Print("next: spillway check --connect");
  return Status::Ok();
}

}  // namespace spillway
