#include <fmt/format.h>

#include "app/switch_report.h"
#include "base/json_writer.h"
#include "cli/command.h"
#include "cli/run_words.h"

namespace spillway {
namespace {

std::string CheckpointText(const std::optional<Checkpoint>& checkpoint) {
  if (!checkpoint) return "not known to the state";
  return fmt::format("version {} {}", checkpoint->version, LoadPhaseName(checkpoint->phase));
}

std::string NextCommand(const std::string& pipeline, const SwitchReport& report) {
  if (!report.stand.list.held) return "spillway sync " + pipeline;
  return fmt::format(
      "spillway switch {0} --release, or --back once more, or spillway sync {0} --full", pipeline);
}

std::string BuildingText(const SwitchReport& report) {
  const BuildingGeneration& building = *report.stand.list.building;
  std::string text = building.container + ", " + CheckpointText(report.building);
  if (building.verified) {
    text += fmt::format(", found equal to version {}", *building.verified);
  }
  return text;
}

std::string RetiredText(const RetiredGeneration& one) {
  if (one.until_ms == kBeingDropped) return one.container + ", is being deleted";
  return fmt::format("{}, kept until {}", one.container, TimeText(one.until_ms));
}

void PrintText(const std::string& pipeline, const SwitchReport& report, Console& console) {
  const SwitchStand& stand = report.stand;
  TextTable table;
  table.rows = {{"pipeline", pipeline}, {"pointer", report.pointer}};
  table.rows.push_back({"readers read", stand.pointer
                                            ? fmt::format("{}, since {}", stand.pointer->container,
                                                          TimeText(stand.pointer->switched_ms))
                                            : "nothing yet"});
  if (stand.pointer) table.rows.push_back({"", CheckpointText(report.live)});
  if (stand.list.building) table.rows.push_back({"being built", BuildingText(report)});
  for (const RetiredGeneration& one : stand.list.retired) {
    table.rows.push_back({"before", RetiredText(one)});
  }
  if (stand.list.held) {
    table.rows.push_back({"held", "readers were taken back; sync writes nothing"});
  }
  console.Print(table.Render());
  console.Print("next: " + NextCommand(pipeline, report));
}

void PrintJson(const std::string& pipeline, const SwitchReport& report, Console& console) {
  const SwitchStand& stand = report.stand;
  JsonWriter json;
  json.BeginObject().Field("pipeline", pipeline).Field("pointer", report.pointer);
  if (stand.pointer) {
    json.Field("container", stand.pointer->container);
    json.Field("since", TimeText(stand.pointer->switched_ms));
    if (!stand.pointer->previous.empty()) json.Field("previous", stand.pointer->previous);
  }
  if (report.live) json.Field("version", report.live->version);
  json.Field("state_knows_it", report.live.has_value()).Field("held", stand.list.held);
  if (stand.list.building) {
    json.Key("building").BeginObject().Field("container", stand.list.building->container);
    if (report.building) {
      json.Field("version", report.building->version);
      json.Field("state", LoadPhaseName(report.building->phase));
    }
    if (stand.list.building->verified) {
      json.Field("verified_version", *stand.list.building->verified);
    }
    json.EndObject();
  }
  json.Key("retired").BeginArray();
  for (const RetiredGeneration& one : stand.list.retired) {
    json.BeginObject().Field("container", one.container);
    json.Field("until", TimeText(one.until_ms)).EndObject();
  }
  console.Print(json.EndArray().Field("next", NextCommand(pipeline, report)).EndObject().text());
}

void Print(const std::string& pipeline, const SwitchReport& report, Console& console) {
  if (console.json()) {
    PrintJson(pipeline, report, console);
  } else {
    PrintText(pipeline, report, console);
  }
}

void NoteOutcome(const SwitchArguments& arguments, const SwitchOutcome& outcome, Console& console) {
  if (arguments.verb == SwitchVerb::kAbort) {
    console.Note(outcome.given_up.empty() ? "nothing was being built"
                                          : outcome.given_up + " was given up and is gone");
  } else if (outcome.switched) {
    console.Note(fmt::format("readers read {} again, as it was at version {}", outcome.switched->to,
                             outcome.switched->version));
  }
}

SwitchAction ActionOf(SwitchVerb verb) {
  switch (verb) {
    case SwitchVerb::kBack:
      return SwitchAction::kBack;
    case SwitchVerb::kRelease:
      return SwitchAction::kRelease;
    case SwitchVerb::kStatus:
    case SwitchVerb::kAbort:
      break;
  }
  return SwitchAction::kAbort;
}

}  // namespace

Status RunSwitch(const SwitchArguments& arguments, CommandContext& context) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Project> project, OpenProject(context));
  ASSIGN_OR_RETURN(const PipelineConfig* pipeline, project->FindPipeline(arguments.pipeline));
  if (arguments.verb == SwitchVerb::kStatus) {
    ASSIGN_OR_RETURN(const SwitchReport report, ReportSwitch(*project, *pipeline, context.call));
    Print(arguments.pipeline, report, context.console);
    return Status::Ok();
  }
  const auto on_news = [&](const SwitchNews& news) {
    context.console.Note(fmt::format("{}: switch: {} {}", arguments.pipeline,
                                     SwitchStepName(news.step), news.container));
  };
  ASSIGN_OR_RETURN(
      const SwitchOutcome outcome,
      ActOnSwitch(*project, *pipeline, ActionOf(arguments.verb), on_news, context.call));
  NoteOutcome(arguments, outcome, context.console);
  Print(arguments.pipeline, outcome.report, context.console);
  return Status::Ok();
}

}  // namespace spillway
