#include "cli/tuning_words.h"

#include <fmt/format.h>

#include "app/plan.h"
#include "base/human.h"
#include "cli/exit_code.h"

namespace spillway {
namespace {

// "about 3 min at 50,000 RU/s (6 h at 400)"; a question must not fail for want of it.
std::string TimeText(const Project& project, const PipelineConfig& pipeline,
                     const SyncRequest& request, const TuningPlan& tuning,
                     const CommandContext& context) {
  const Result<PipelinePlan> plan = PlanPipeline(
      project, pipeline, {.at = request.at, .full = request.full, .resync = request.resync},
      context.call);
  if (!plan.ok() || plan->units <= 0 || !tuning.wanted.initial_load) return "not known";
  const auto at = [&](const ProvisionedThroughput& provisioned) {
    return HumanDuration(std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(plan->units / provisioned.units_per_second)));
  };
  std::string text = fmt::format("about {} with {}", at(*tuning.wanted.initial_load),
                                 DescribeProvisioned(*tuning.wanted.initial_load));
  if (tuning.before) {
    text += fmt::format("; {} with {}", at(*tuning.before), DescribeProvisioned(*tuning.before));
  }
  return text;
}

std::string Question(const PipelineConfig& pipeline, const TuningPlan& tuning,
                     const std::string& time) {
  std::string text = fmt::format("{}: the load changes what its container costs\n", pipeline.name);
  for (const std::string& step : tuning.Steps()) text += fmt::format("  {}\n", step);
  text += fmt::format("  time of the load: {}\n", time);
  return text + "  the service bills whole hours, each at the most it had\ngo on?";
}

Status NobodyAgreed(const PipelineConfig& pipeline, const TuningPlan& tuning, bool asked) {
  std::string steps;
  for (const std::string& step : tuning.Steps()) steps += (steps.empty() ? "" : "; ") + step;
  const std::string restore =
      tuning.left_over
          ? fmt::format(
                "; spillway throttle {} --restore   sets back what an earlier load has left",
                pipeline.name)
          : std::string();
  const char* const why = asked ? "not agreed to" : "there is no terminal to ask on";
  return InvalidArgument(fmt::format("pipeline {}: the load would cost more than what is there"
                                     " now ({}), and {}: nothing was done",
                                     pipeline.name, steps, why))
      .WithHint(fmt::format("spillway sync {} --yes   agrees, and throughput: {{ask: false}} does"
                            " for every run{}",
                            pipeline.name, restore));
}

}  // namespace

Status AskAboutTuning(const Project& project, const PipelineConfig& pipeline, SyncRequest& request,
                      CommandContext& context) {
  ASSIGN_OR_RETURN(const TuningPlan tuning,
                   PlanSyncTuning(project, pipeline, request, context.call));
  for (const std::string& warning : tuning.warnings) {
    context.console.Note(fmt::format("warning: {}: {}", pipeline.name, warning));
  }
  if (!tuning.costs_more || tuning.wanted.allowed || request.allow_cost) return Status::Ok();
  if (!context.console.can_ask()) return NobodyAgreed(pipeline, tuning, false);
  const std::string time = TimeText(project, pipeline, request, tuning, context);
  request.allow_cost = context.console.Ask(Question(pipeline, tuning, time), context.call.stop);
  if (request.allow_cost) return Status::Ok();
  RETURN_IF_ERROR(context.call.CheckNotStopped());
  return NobodyAgreed(pipeline, tuning, true);
}

void NoteLeftOver(const TuningReport& report, CommandContext& context) {
  if (report.left_over.ok()) return;
  context.exit_code = ExitCodeOf(report.left_over, 0);
  context.console.Note(fmt::format("warning: {}", report.left_over.message()));
  if (!report.left_over.hint().empty()) {
    context.console.Note(fmt::format("  next: {}", report.left_over.hint()));
  }
}

void WriteProvisioned(JsonWriter& json, std::string_view name,
                      const ProvisionedThroughput& provisioned) {
  json.Key(name).BeginObject();
  json.Field(provisioned.autoscale ? "autoscale" : "manual", provisioned.units_per_second);
  json.EndObject();
}

void WriteTuning(JsonWriter& json, const TuningReport& report) {
  json.Key("tuning").BeginObject().Key("steps").BeginArray();
  for (const std::string& step : report.steps) json.String(step);
  json.EndArray().Field("restored", report.left_over.ok());
  if (!report.left_over.ok()) json.Field("left_over", report.left_over.message());
  if (report.provisioned) WriteProvisioned(json, "throughput", *report.provisioned);
  if (report.index_progress_percent) json.Field("index_percent", *report.index_progress_percent);
  json.EndObject();
}

}  // namespace spillway
