#include <fmt/format.h>

#include <optional>
#include <string>

#include "app/pipeline.h"
#include "app/tuning_plan.h"
#include "base/json_writer.h"
#include "cli/command.h"
#include "cli/tuning_words.h"

namespace spillway {
namespace {

// As it would be configured; nullopt: what is configured.
Result<std::optional<std::string>> LimitAskedFor(const ThrottleArguments& arguments) {
  if (arguments.reset) return std::optional<std::string>();
  const std::string text = arguments.units_per_second.has_value()
                               ? std::to_string(*arguments.units_per_second)
                               : arguments.share;
  const Result<ThroughputLimit> limit = ParseThroughputLimit(text);
  if (limit.ok() && (arguments.units_per_second.has_value() || limit->share.has_value())) {
    return std::optional(FormatThroughputLimit(*limit));
  }
  return InvalidArgument(fmt::format("--share must be a share, not `{}`", text))
      .WithHint("write --share 30%, or --ru 8000");
}

std::string Words(const std::optional<ThroughputLimit>& limit) {
  if (!limit.has_value() || !limit->is_set()) return "no limit";
  if (limit->share.has_value()) {
    return fmt::format("{} of what the container admits", FormatThroughputLimit(*limit));
  }
  return fmt::format("{} RU/s", FormatThroughputLimit(*limit));
}

void PrintRestored(const std::string& pipeline, const std::optional<TuningReport>& report,
                   CommandContext& context) {
  if (context.console.json()) {
    JsonWriter json;
    json.BeginObject().Field("pipeline", pipeline);
    WriteTuning(json, report.value_or(TuningReport{}));
    context.console.Print(json.EndObject().text());
  } else if (!report) {
    context.console.Print(fmt::format("{}: nothing is to be set back", pipeline));
  }
  if (report) NoteLeftOver(*report, context);
}

Status RunRestore(const Project& project, const PipelineConfig& pipeline, CommandContext& context) {
  ASSIGN_OR_RETURN(const OpenedPipeline opened, OpenPipeline(project, pipeline));
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStore> state, OpenStateIfThere(project));
  std::optional<TuningReport> report;
  if (state != nullptr && opened.destination->tuning() != nullptr) {
    const auto on_step = [&](const std::string& step) {
      const std::string text = fmt::format("{}: {}", pipeline.name, step);
      context.console.json() ? context.console.Note(text) : context.console.Print(text);
    };
    LoadTuning tuning(*opened.destination->tuning(), *state, SystemClock(), pipeline.name,
                      TargetOf(project, pipeline), {}, on_step);
    ASSIGN_OR_RETURN(report,
                     RestoreTuning(tuning, *state, SystemClock(), pipeline.name, context.call));
  }
  PrintRestored(pipeline.name, report, context);
  return Status::Ok();
}

}  // namespace

Status RunThrottle(const ThrottleArguments& arguments, CommandContext& context) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Project> project, OpenProject(context));
  ASSIGN_OR_RETURN(const PipelineConfig* pipeline, project->FindPipeline(arguments.pipeline));
  if (arguments.restore) return RunRestore(*project, *pipeline, context);
  ASSIGN_OR_RETURN(const std::optional<std::string> limit, LimitAskedFor(arguments));
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStore> state, OpenState(*project));
  RETURN_IF_ERROR(state->SetThroughputLimit(pipeline->name, limit));
  ASSIGN_OR_RETURN(const std::optional<ThroughputLimit> set, LimitSetFor(*state, pipeline->name));
  const ThroughputLimit now = set.value_or(pipeline->throughput.limit);
  if (context.console.json()) {
    JsonWriter json;
    json.BeginObject().Field("pipeline", pipeline->name).Key("limit");
    now.is_set() ? json.String(FormatThroughputLimit(now)) : json.Null();
    json.Field("set", set.has_value()).EndObject();
    context.console.Print(json.text());
    return Status::Ok();
  }
  context.console.Print(fmt::format("{}: {}{}", pipeline->name, Words(now),
                                    set.has_value() ? "" : ", as spillway.yaml says"));
  if (set.has_value()) {
    context.console.Print(
        fmt::format("next: spillway throttle {} --reset, to go back to what spillway.yaml says",
                    pipeline->name));
  }
  return Status::Ok();
}

}  // namespace spillway
