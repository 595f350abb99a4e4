#include <fmt/format.h>

#include "app/pipeline.h"
#include "base/human.h"
#include "base/json_writer.h"
#include "cli/command.h"
#include "cli/run_words.h"

namespace spillway {
namespace {

std::string NextCommand(const PipelineState& state) {
  if (!state.checkpoint || state.checkpoint->phase == LoadPhase::kLoading) {
    return "spillway sync " + state.name;
  }
  return "spillway verify " + state.name;
}

// While it loads, what it has written so far.
uint64_t DocumentsOf(const Checkpoint& checkpoint) {
  return checkpoint.phase == LoadPhase::kLoading ? checkpoint.counts.upserted
                                                 : checkpoint.documents;
}

void PrintText(const std::vector<PipelineState>& states, Console& console) {
  TextTable table;
  table.rows = {{"pipeline", "state", "version", "documents", "rejected", "last run", "next"}};
  table.right = {false, false, true, true, true};
  for (const PipelineState& state : states) {
    const bool begun = state.checkpoint.has_value();
    const std::string last =
        state.last_run ? fmt::format("{} {} {}", TimeText(state.last_run->started_ms),
                                     state.last_run->kind, RunStateName(state.last_run->state))
                       : "never";
    table.rows.push_back(
        {state.name, begun ? std::string(LoadPhaseName(state.checkpoint->phase)) : "not loaded",
         begun ? std::to_string(state.checkpoint->version) : "",
         begun ? HumanCount(DocumentsOf(*state.checkpoint)) : "", HumanCount(state.rejected), last,
         NextCommand(state)});
  }
  console.Print(table.Render());
}

void PrintJson(const std::vector<PipelineState>& states, Console& console) {
  JsonWriter json;
  json.BeginObject().Key("pipelines").BeginArray();
  for (const PipelineState& state : states) {
    json.BeginObject().Field("pipeline", state.name);
    json.Field("state", state.checkpoint ? LoadPhaseName(state.checkpoint->phase) : "not loaded");
    if (state.checkpoint) {
      json.Field("version", state.checkpoint->version).Field("table", state.checkpoint->location);
      json.Field("documents", DocumentsOf(*state.checkpoint));
      WriteCounts(json, state.checkpoint->counts);
    }
    json.Field("rejected", state.rejected);
    if (state.last_run) {
      json.Key("last_run").BeginObject().Field("id", state.last_run->id);
      json.Field("kind", state.last_run->kind).Field("state", RunStateName(state.last_run->state));
      json.Field("started", TimeText(state.last_run->started_ms)).EndObject();
    }
    json.Field("next", NextCommand(state)).EndObject();
  }
  console.Print(json.EndArray().EndObject().text());
}

}  // namespace

Status RunStatus(const StatusArguments&, CommandContext& context) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Project> project, OpenProject(context));
  ASSIGN_OR_RETURN(const std::vector<PipelineState> states, ProjectState(*project));
  if (context.console.json()) {
    PrintJson(states, context.console);
  } else {
    PrintText(states, context.console);
  }
  return Status::Ok();
}

}  // namespace spillway
