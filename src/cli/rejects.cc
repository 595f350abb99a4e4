#include <fmt/format.h>

#include "app/pipeline.h"
#include "base/human.h"
#include "base/json_writer.h"
#include "cli/command.h"
#include "cli/run_words.h"

namespace spillway {
namespace {

struct Rejects {
  std::vector<ReasonCount> reasons;
  std::vector<RejectedRecord> rows;
};

void PrintText(const RejectsArguments& arguments, const Rejects& rejects, Console& console) {
  if (rejects.reasons.empty()) return console.Print(arguments.pipeline + ": no row was rejected");
  TextTable table;
  table.rows = {{"reason", "rows"}};
  table.right = {false, true};
  for (const ReasonCount& reason : rejects.reasons) {
    table.rows.push_back({reason.reason, HumanCount(reason.rows)});
  }
  console.Print(table.Render());
  for (const RejectedRecord& row : rejects.rows) {
    console.Print(fmt::format("{}  {}\n  {}\n  run {}, version {}, row {} of {}", row.key,
                              row.reason, row.message, row.run_id, row.version, row.row,
                              row.split));
  }
  if (!arguments.show) {
    console.Print(fmt::format("next: spillway rejects {} --show", arguments.pipeline));
  }
}

void PrintJson(const Rejects& rejects, Console& console) {
  JsonWriter json;
  json.BeginObject().Key("reasons").BeginArray();
  for (const ReasonCount& reason : rejects.reasons) {
    json.BeginObject().Field("reason", reason.reason).Field("rows", reason.rows).EndObject();
  }
  json.EndArray().Key("rows").BeginArray();
  for (const RejectedRecord& row : rejects.rows) {
    json.BeginObject().Field("run", row.run_id).Field("version", row.version);
    json.Field("split", row.split).Field("row", row.row).Field("key", row.key);
    json.Field("reason", row.reason).Field("message", row.message);
    json.Field("at", TimeText(row.at_ms)).EndObject();
  }
  console.Print(json.EndArray().EndObject().text());
}

}  // namespace

Status RunRejects(const RejectsArguments& arguments, CommandContext& context) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Project> project, OpenProject(context));
  RETURN_IF_ERROR(project->FindPipeline(arguments.pipeline).status());
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStore> state, OpenStateIfThere(*project));
  Rejects rejects;
  if (state != nullptr) {
    ASSIGN_OR_RETURN(rejects.reasons, state->RejectedByReason(arguments.pipeline));
    if (arguments.show || context.console.json()) {
      ASSIGN_OR_RETURN(rejects.rows,
                       state->Rejected(arguments.pipeline, arguments.run, arguments.count));
    }
  }
  if (context.console.json()) {
    PrintJson(rejects, context.console);
  } else {
    PrintText(arguments, rejects, context.console);
  }
  return Status::Ok();
}

}  // namespace spillway
