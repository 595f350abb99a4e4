#include <fmt/format.h>

#include <algorithm>

#include "app/pipeline.h"
#include "base/human.h"
#include "base/json_writer.h"
#include "cli/command.h"
#include "cli/run_words.h"

namespace spillway {
namespace {

std::string Took(const RunRecord& run) {
  if (run.ended_ms == 0) return "";
  return HumanDuration(std::chrono::milliseconds(run.ended_ms - run.started_ms));
}

// With what the destination does not tell from replaced: "10 + 3?".
std::string Inserted(const IntentCounts& counts) {
  const uint64_t unknown = counts.upserted - counts.inserted - counts.replaced;
  const std::string inserted = HumanCount(counts.inserted);
  return unknown == 0 ? inserted : fmt::format("{} + {}?", inserted, HumanCount(unknown));
}

// What no document was touched for, so that the columns add up to `read`.
uint64_t Left(const IntentCounts& counts) {
  return counts.delete_found_nothing + counts.unchanged + counts.superseded + counts.filtered;
}

void PrintText(const std::vector<RunRecord>& runs, Console& console) {
  if (runs.empty()) return console.Print("no run yet");
  TextTable table;
  table.rows = {{"run", "pipeline", "kind", "state", "version", "started", "took", "read",
                 "inserted", "replaced", "deleted", "left", "rejected", "RU", "why"}};
  table.right = {true, false, false, false, true, false, true,
                 true, true,  true,  true,  true, true,  true};
  for (const RunRecord& run : runs) {
    table.rows.push_back({std::to_string(run.id), run.pipeline, run.kind,
                          std::string(RunStateName(run.state)), std::to_string(run.version),
                          TimeText(run.started_ms), Took(run), HumanCount(run.counts.read),
                          Inserted(run.counts), HumanCount(run.counts.replaced),
                          HumanCount(run.counts.deleted), HumanCount(Left(run.counts)),
                          HumanCount(run.counts.rejected), HumanNumber(run.cost),
                          run.message.substr(0, run.message.find('\n'))});
  }
  console.Print(table.Render());
}

void PrintJson(const std::vector<RunRecord>& runs, Console& console) {
  JsonWriter json;
  json.BeginObject().Key("runs").BeginArray();
  for (const RunRecord& run : runs) {
    json.BeginObject().Field("id", run.id).Field("pipeline", run.pipeline).Field("kind", run.kind);
    json.Field("state", RunStateName(run.state)).Field("version", run.version);
    json.Field("started", TimeText(run.started_ms)).Field("ended", TimeText(run.ended_ms));
    WriteCounts(json, run.counts);
    json.Field("request_units", run.cost).Field("requests", run.requests);
    json.Field("throttled_requests", run.throttled_requests).Field("bytes_sent", run.bytes_sent);
    const double requests = std::max<double>(1, static_cast<double>(run.requests));
    json.Field("throttled_share", static_cast<double>(run.throttled_requests) / requests);
    if (run.units_cap > 0) json.Field("request_units_cap", run.units_cap);
    if (run.ended_ms > run.started_ms) {
      const double seconds = static_cast<double>(run.ended_ms - run.started_ms) / 1000;
      json.Field("request_units_per_second", run.cost / seconds);
    }
    if (run.peak_normalised > 0) json.Field("peak_normalised", run.peak_normalised);
    json.Field("message", run.message).EndObject();
  }
  console.Print(json.EndArray().EndObject().text());
}

}  // namespace

Status RunRuns(const RunsArguments& arguments, CommandContext& context) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Project> project, OpenProject(context));
  if (!arguments.pipeline.empty()) {
    RETURN_IF_ERROR(project->FindPipeline(arguments.pipeline).status());
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStore> state, OpenStateIfThere(*project));
  std::vector<RunRecord> runs;
  if (state != nullptr) {
    ASSIGN_OR_RETURN(runs, state->Runs(arguments.pipeline, arguments.count));
  }
  if (context.console.json()) {
    PrintJson(runs, context.console);
  } else {
    PrintText(runs, context.console);
  }
  return Status::Ok();
}

}  // namespace spillway
