#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "app/state_report.h"
#include "base/human.h"
#include "base/json_writer.h"
#include "base/new_file.h"
#include "cli/command.h"
#include "cli/run_words.h"

namespace spillway {
namespace {

std::string PositionText(const Checkpoint& checkpoint) {
  std::string text =
      fmt::format("version {} {}", checkpoint.version, LoadPhaseName(checkpoint.phase));
  if (checkpoint.begun_through > 0) {
    text += fmt::format(", begun through {}", checkpoint.begun_through);
  }
  if (checkpoint.sweep) text += ", sweep due";
  if (!checkpoint.generation.empty()) text += ", in " + checkpoint.generation;
  return text;
}

std::string LeaseText(const std::optional<LeaseHolder>& lease) {
  if (!lease.has_value()) return "";
  if (!lease->holds) return fmt::format("left by {}", lease->owner);
  return fmt::format("{} until {}", lease->owner, TimeText(lease->expires_ms));
}

uint64_t CompleteSplits(const std::vector<SplitProgress>& progress) {
  uint64_t complete = 0;
  for (const SplitProgress& split : progress) complete += split.complete ? 1 : 0;
  return complete;
}

void PrintText(const ProjectStateReport& report, Console& console) {
  if (!report.store) return console.Print("no state yet: nothing was ever run");
  console.Print(fmt::format("{} {}, schema {}", report.store->kind, report.store->place,
                            report.store->schema));
  TextTable table;
  table.rows = {{"pipeline", "position", "table", "progress", "rejected", "lease"}};
  table.right = {false, false, false, false, true};
  for (const StateReport& one : report.pipelines) {
    std::string progress;
    if (!one.progress.empty()) {
      progress = fmt::format("{} begun, {} whole", HumanPlural(one.progress.size(), "split"),
                             CompleteSplits(one.progress));
    }
    table.rows.push_back({one.pipeline, one.checkpoint ? PositionText(*one.checkpoint) : "none",
                          one.checkpoint ? one.checkpoint->location : "", progress,
                          HumanCount(one.rejected), LeaseText(one.lease)});
  }
  console.Print(table.Render());
}

void WriteCheckpoint(const Checkpoint& checkpoint, JsonWriter& json) {
  json.Key("checkpoint").BeginObject().Field("state", LoadPhaseName(checkpoint.phase));
  json.Field("table_id", checkpoint.table_id).Field("table", checkpoint.location);
  json.Field("version", checkpoint.version).Field("begun_through", checkpoint.begun_through);
  json.Field("position", checkpoint.position).Field("mapping_hash", checkpoint.mapping_hash);
  json.Field("splits", checkpoint.splits).Field("documents", checkpoint.documents);
  json.Field("sweep", checkpoint.sweep).Field("generation", checkpoint.generation);
  json.Key("late_columns").BeginArray();
  for (const std::string& column : checkpoint.late_columns) json.String(column);
  json.EndArray();
  WriteCounts(json, checkpoint.counts);
  json.EndObject();
}

void WritePipeline(const StateReport& one, JsonWriter& json) {
  json.BeginObject().Field("pipeline", one.pipeline);
  if (one.checkpoint) WriteCheckpoint(*one.checkpoint, json);
  json.Key("progress").BeginObject().Field("splits", uint64_t{one.progress.size()});
  json.Field("complete", CompleteSplits(one.progress)).EndObject();
  json.Field("rejected", one.rejected);
  if (one.lease) {
    json.Key("lease").BeginObject().Field("owner", one.lease->owner);
    json.Field("since", TimeText(one.lease->acquired_ms));
    json.Field("expires", TimeText(one.lease->expires_ms)).Field("held", one.lease->holds);
    json.EndObject();
  }
  if (one.last_run) {
    json.Key("last_run").BeginObject().Field("id", one.last_run->id);
    json.Field("kind", one.last_run->kind).Field("state", RunStateName(one.last_run->state));
    json.EndObject();
  }
  json.EndObject();
}

void PrintJson(const ProjectStateReport& report, Console& console) {
  JsonWriter json;
  json.BeginObject();
  if (report.store) {
    json.Key("store").BeginObject().Field("kind", report.store->kind);
    json.Field("place", report.store->place).Field("schema", report.store->schema).EndObject();
  }
  json.Key("pipelines").BeginArray();
  for (const StateReport& one : report.pipelines) WritePipeline(one, json);
  console.Print(json.EndArray().EndObject().text());
}

Status Show(const StateArguments& arguments, const Project& project, CommandContext& context) {
  ASSIGN_OR_RETURN(const ProjectStateReport report, ReportState(project, arguments.pipeline));
  if (context.console.json()) {
    PrintJson(report, context.console);
  } else {
    PrintText(report, context.console);
  }
  return Status::Ok();
}

Status Export(const StateArguments& arguments, const Project& project, CommandContext& context) {
  ASSIGN_OR_RETURN(const StateFile state, ExportState(project, arguments.pipeline));
  ASSIGN_OR_RETURN(const std::string text, FormatStateFile(state));
  if (arguments.file.empty()) {
    context.console.Print(text);
  } else {
    // Keys of rejected rows are in it.
    ASSIGN_OR_RETURN(const std::unique_ptr<NewFile> file,
                     NewFile::Create(arguments.file, ExistingFile::kRefuse));
    RETURN_IF_ERROR(file->Append(text + "\n"));
    RETURN_IF_ERROR(file->Finish());
    if (context.console.json()) {
      JsonWriter json;
      json.BeginObject().Field("file", arguments.file).Field("pipeline", state.pipeline);
      context.console.Print(json.Field("version", state.checkpoint.version).EndObject().text());
    } else {
      context.console.Print(fmt::format("{}: {} is in {}", state.pipeline,
                                        PositionText(state.checkpoint), arguments.file));
    }
  }
  context.console.Note(
      fmt::format("next, where it is to run from now on, and no longer here:\n"
                  "  spillway state import {} --file {}",
                  state.pipeline, arguments.file.empty() ? "FILE" : arguments.file));
  return Status::Ok();
}

Result<StateFile> ReadStateFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return InvalidArgument(fmt::format("{} cannot be read", path));
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad()) return InvalidArgument(fmt::format("{} cannot be read", path));
  Result<StateFile> state = ParseStateFile(text);
  if (!state.ok()) return std::move(state).status().WithContext(path);
  return state;
}

Status Import(const StateArguments& arguments, const Project& project, CommandContext& context) {
  ASSIGN_OR_RETURN(const StateFile state, ReadStateFile(arguments.file));
  ASSIGN_OR_RETURN(const ImportOutcome outcome,
                   ImportStateFile(project, arguments.pipeline, state, arguments.force));
  const bool imported = outcome == ImportOutcome::kImported;
  if (context.console.json()) {
    JsonWriter json;
    json.BeginObject().Field("pipeline", state.pipeline).Field("imported", imported);
    context.console.Print(json.Field("version", state.checkpoint.version).EndObject().text());
    return Status::Ok();
  }
  context.console.Print(fmt::format("{}: {}{}", state.pipeline, PositionText(state.checkpoint),
                                    imported ? "" : ", as it was here already"));
  context.console.Print("next: spillway sync " + state.pipeline);
  return Status::Ok();
}

}  // namespace

Status RunStateCommand(const StateArguments& arguments, CommandContext& context) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Project> project, OpenProject(context));
  switch (arguments.action) {
    case StateAction::kShow:
      return Show(arguments, *project, context);
    case StateAction::kExport:
      return Export(arguments, *project, context);
    case StateAction::kImport:
      return Import(arguments, *project, context);
  }
  return Status::Ok();
}

}  // namespace spillway
