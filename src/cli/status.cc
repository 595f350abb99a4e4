#include <fmt/format.h>

#include <chrono>
#include <map>
#include <stop_token>
#include <string>
#include <thread>

#include "app/pipeline.h"
#include "app/plan_changes.h"
#include "base/human.h"
#include "base/json_writer.h"
#include "cli/command.h"
#include "cli/run_words.h"

namespace spillway {
namespace {

// "loaded", or what a rollback makes of it.
std::string StateText(const PipelineState& state) {
  if (!state.checkpoint) return "not loaded";
  switch (state.checkpoint->hold) {
    case Hold::kNone:
      break;
    case Hold::kRollingBack:
      return "rolling back";
    case Hold::kHeld:
      return "held";
  }
  return std::string(LoadPhaseName(state.checkpoint->phase));
}

std::string NextCommand(const PipelineState& state) {
  if (state.checkpoint && state.checkpoint->hold == Hold::kHeld) {
    return fmt::format("spillway sync {} --resume", state.name);
  }
  if (state.checkpoint && state.checkpoint->hold == Hold::kRollingBack) {
    return fmt::format("spillway rollback {} --to {}", state.name, state.checkpoint->hold_version);
  }
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

// Of a pipeline that is loaded; what the table says, if it answers in time.
using Behinds = std::map<std::string, Behind>;

// A table that is away must not keep people from seeing where they stand.
constexpr std::chrono::seconds kTableAnswerMax{3};

Behinds LookAtTables(const Project& project, const std::vector<PipelineState>& states,
                     const CallContext& ctx) {
  Behinds behinds;
  std::stop_source give_up;
  const std::stop_callback on_stop(ctx.stop, [&] { give_up.request_stop(); });
  const std::jthread timer([&](const std::stop_token& done) {
    if (SystemClock().WaitFor(kTableAnswerMax, done)) give_up.request_stop();
  });
  for (const PipelineState& state : states) {
    if (!state.checkpoint || state.checkpoint->phase != LoadPhase::kLoaded) continue;
    const Result<const PipelineConfig*> config = project.FindPipeline(state.name);
    if (!config.ok()) continue;
    const Result<OpenedPipeline> opened = OpenPipeline(project, **config);
    if (!opened.ok()) continue;
    Result<Behind> behind =
        BehindTable(*opened, *state.checkpoint, CallContext{.stop = give_up.get_token()});
    if (behind.ok()) behinds.emplace(state.name, *std::move(behind));
  }
  return behinds;
}

std::string BehindText(const Behinds& behinds, const PipelineState& state) {
  const auto found = behinds.find(state.name);
  if (found != behinds.end()) return HumanCount(found->second.versions);
  return state.checkpoint && state.checkpoint->phase == LoadPhase::kLoaded ? "?" : "";
}

void PrintText(const std::vector<PipelineState>& states, const Behinds& behinds, Console& console) {
  TextTable table;
  table.rows = {
      {"pipeline", "state", "version", "behind", "documents", "rejected", "last run", "next"}};
  table.right = {false, false, true, true, true, true};
  for (const PipelineState& state : states) {
    const bool begun = state.checkpoint.has_value();
    const std::string last =
        state.last_run ? fmt::format("{} {} {}", TimeText(state.last_run->started_ms),
                                     state.last_run->kind, RunStateName(state.last_run->state))
                       : "never";
    table.rows.push_back(
        {state.name, StateText(state), begun ? std::to_string(state.checkpoint->version) : "",
         BehindText(behinds, state), begun ? HumanCount(DocumentsOf(*state.checkpoint)) : "",
         HumanCount(state.rejected), last, NextCommand(state)});
  }
  console.Print(table.Render());
  for (const PipelineState& state : states) {
    const bool runs = state.last_run && state.last_run->state == RunState::kRunning;
    if (!state.to_restore || runs) continue;
    console.Note(
        fmt::format("warning: {0}: a load has left its container with other throughput or"
                    " another index policy; next: spillway throttle {0} --restore",
                    state.name));
  }
  for (const auto& [name, behind] : behinds) {
    if (behind.warning) console.Note(fmt::format("warning: {}: {}", name, *behind.warning));
  }
}

void PrintJson(const std::vector<PipelineState>& states, const Behinds& behinds, Console& console) {
  JsonWriter json;
  json.BeginObject().Key("pipelines").BeginArray();
  for (const PipelineState& state : states) {
    json.BeginObject().Field("pipeline", state.name);
    json.Field("state", StateText(state));
    if (state.checkpoint) {
      json.Field("version", state.checkpoint->version).Field("table", state.checkpoint->location);
      json.Field("documents", DocumentsOf(*state.checkpoint));
      WriteCounts(json, state.checkpoint->counts);
    }
    if (const auto behind = behinds.find(state.name); behind != behinds.end()) {
      json.Field("behind", behind->second.versions);
      if (behind->second.warning) json.Field("warning", *behind->second.warning);
    }
    json.Field("rejected", state.rejected).Field("to_restore", state.to_restore);
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
  const Behinds behinds = LookAtTables(*project, states, context.call);
  if (context.console.json()) {
    PrintJson(states, behinds, context.console);
  } else {
    PrintText(states, behinds, context.console);
  }
  return Status::Ok();
}

}  // namespace spillway
