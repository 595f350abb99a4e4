#include <fmt/format.h>

#include "app/pipeline.h"
#include "base/human.h"
#include "base/json_writer.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/run_words.h"

namespace spillway {
namespace {

std::string Outcome(const SyncArguments& arguments, const SyncResult& result) {
  const LoadSummary& load = result.load;
  if (load.outcome == LoadOutcome::kAlreadyLoaded) {
    return fmt::format("{}: version {} is loaded already; nothing was sent", arguments.pipeline,
                       load.totals.version);
  }
  return fmt::format("{}: version {} of {} is loaded{}, in {}", arguments.pipeline,
                     load.totals.version, load.table.location,
                     load.resumed ? " (went on from an earlier run)" : "",
                     HumanDuration(load.totals.elapsed));
}

std::string Pace(const LoadSummary& load) {
  const LoadProgressReport& totals = load.totals;
  const double seconds = std::max(std::chrono::duration<double>(totals.elapsed).count(), 1e-3);
  std::string text =
      fmt::format("{} sent in {}, {} documents/s", HumanBytes(load.bytes_sent),
                  HumanPlural(totals.requests, "request"),
                  HumanNumber(static_cast<double>(totals.run_counts.upserted) / seconds));
  if (totals.cost > 0) {
    text += fmt::format(", {} RU ({} RU/s), {} throttled", HumanNumber(totals.cost),
                        HumanNumber(totals.cost / seconds), HumanCount(totals.throttled_requests));
  }
  return text;
}

std::string NextCommand(const SyncArguments& arguments, const SyncResult& result) {
  if (result.load.totals.counts.rejected > 0) return "spillway rejects " + arguments.pipeline;
  if (result.newer_version) return fmt::format("spillway sync {} --full", arguments.pipeline);
  return "spillway verify " + arguments.pipeline;
}

void PrintText(const SyncArguments& arguments, const SyncResult& result, Console& console) {
  console.Print(Outcome(arguments, result));
  const LoadSummary& load = result.load;
  if (load.outcome == LoadOutcome::kLoaded) {
    if (load.resumed) {
      console.Print("  this run:  " + FormulaOf(load.totals.run_counts));
      console.Print("  the load:  " + FormulaOf(load.totals.counts));
    } else {
      console.Print("  " + FormulaOf(load.totals.counts));
    }
    console.Print("  " + Pace(load));
  }
  if (result.newer_version) {
    console.Print(fmt::format(
        "  the table has moved on to version {}. This version of spillway loads snapshots and no "
        "changes:\n  `--full` loads the table again; documents of rows deleted since version {} "
        "stay "
        "in the container.",
        *result.newer_version, load.totals.version));
  }
  console.Print("next: " + NextCommand(arguments, result));
}

void PrintJson(const SyncArguments& arguments, const SyncResult& result, Console& console) {
  const LoadProgressReport& totals = result.load.totals;
  JsonWriter json;
  json.BeginObject().Field("pipeline", arguments.pipeline);
  json.Field("outcome", result.load.outcome == LoadOutcome::kLoaded ? "loaded" : "already loaded");
  json.Field("run", result.load.run_id).Field("resumed", result.load.resumed);
  json.Field("version", totals.version);
  if (result.newer_version) json.Field("newer_version", *result.newer_version);
  WriteCounts(json, totals.counts);
  json.Field("run_upserted", totals.run_counts.upserted);
  json.Field("elapsed_ms", static_cast<int64_t>(totals.elapsed / std::chrono::milliseconds(1)));
  json.Field("request_units", totals.cost).Field("requests", totals.requests);
  json.Field("throttled_requests", totals.throttled_requests);
  json.Field("bytes_sent", result.load.bytes_sent);
  json.Field("next", NextCommand(arguments, result)).EndObject();
  console.Print(json.text());
}

}  // namespace

Status RunSync(const SyncArguments& arguments, CommandContext& context) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Project> project, OpenProject(context));
  ASSIGN_OR_RETURN(const PipelineConfig* pipeline, project->FindPipeline(arguments.pipeline));
  const SyncRequest request{arguments.full, arguments.at, arguments.readers, arguments.lanes};
  ProgressPrinter progress(arguments.pipeline, context.console);
  Result<SyncResult> result =
      SyncPipeline(*project, *pipeline, request, std::ref(progress), context.call);
  if (!result.ok()) {
    const bool resumable = result.status().code() == StatusCode::kCancelled;
    if (!resumable || !result.status().hint().empty()) return std::move(result).status();
    return std::move(result).status().WithHint("spillway sync " + arguments.pipeline +
                                               "   goes on from here");
  }
  if (context.console.json()) {
    PrintJson(arguments, *result, context.console);
  } else {
    PrintText(arguments, *result, context.console);
  }
  if (result->load.totals.counts.AddsUp()) return Status::Ok();
  return Internal(
             fmt::format("the counts do not add up: {}", FormulaOf(result->load.totals.counts)))
      .WithHint("spillway verify " + arguments.pipeline + ", and please report this");
}

}  // namespace spillway
