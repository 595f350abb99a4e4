#include <fmt/format.h>

#include "app/repair_pipeline.h"
#include "base/human.h"
#include "cli/command.h"
#include "cli/difference_words.h"
#include "cli/run_words.h"

namespace spillway {
namespace {

// What `repair` and `rollback` have in common.
struct Asked {
  std::string command;  // "repair p", to be typed again
  std::string pipeline;
  std::string done;  // "repaired"
  bool dry_run = false;
  bool yes = false;
};

void PrintPlan(const std::string& pipeline, const RepairPlan& plan, Console& console) {
  const std::string from = plan.version == plan.from_version
                               ? std::string()
                               : fmt::format(" (it is at version {})", plan.from_version);
  console.Print(
      fmt::format("{}: to be equal to version {} of the table{}, of {}: {} to write ({}),"
                  " {} to delete",
                  pipeline, plan.version, from, HumanPlural(plan.destination_documents, "document"),
                  HumanCount(plan.upserts), HumanBytes(plan.bytes), HumanCount(plan.removes)));
  PrintDifferences(plan.differences, plan.missing + plan.extra + plan.different, console);
  if (plan.left > 0) {
    console.Print(fmt::format("  {} without a row stay: the mode deletes nothing",
                              HumanPlural(plan.left, "document")));
  }
  if (plan.write_cost > 0) {
    console.Print(fmt::format("  writing will take about {} RU", HumanNumber(plan.write_cost)));
  }
}

void PrintResult(const Asked& asked, const RepairSummary& repair, Console& console) {
  const std::string& pipeline = asked.pipeline;
  if (!repair.carried_out) {
    console.Print(fmt::format("{}: nothing to repair: {} equal to version {} of the table",
                              pipeline, HumanPlural(repair.plan.equal, "document"),
                              repair.plan.version));
    return;
  }
  console.Print(
      fmt::format("{}: {} to version {} of the table", pipeline, asked.done, repair.plan.version));
  console.Print("  " + FormulaOf(repair.counts));
  console.Print(
      fmt::format("  {} in {}, {} RU; compared again: {}", HumanPlural(repair.checked, "document"),
                  HumanPlural(repair.requests, "request"), HumanNumber(repair.cost),
                  repair.still_different == 0
                      ? std::string("all are equal")
                      : HumanPlural(repair.still_different, "document") + " still differ"));
}

void WriteJson(const std::string& pipeline, const RepairSummary& repair, Console& console) {
  const RepairPlan& plan = repair.plan;
  JsonWriter json;
  json.BeginObject().Field("pipeline", pipeline).Field("version", plan.version);
  json.Field("from_version", plan.from_version);
  json.Field("carried_out", repair.carried_out).Field("run", repair.run_id);
  json.Field("equal", plan.equal).Field("missing", plan.missing).Field("extra", plan.extra);
  json.Field("different", plan.different).Field("to_write", plan.upserts);
  json.Field("to_delete", plan.removes).Field("left", plan.left);
  json.Field("bytes", plan.bytes).Field("estimated_request_units", plan.write_cost);
  WriteCounts(json, repair.counts);
  json.Field("checked", repair.checked).Field("still_different", repair.still_different);
  json.Field("request_units", repair.cost).Field("read_request_units", plan.cost);
  json.Field("requests", repair.requests).Key("differences");
  WriteDifferences(json, plan.differences);
  console.Print(json.EndObject().text());
}

Status Refused(const Asked& asked) {
  return InvalidArgument("this writes, and nobody said that it may")
      .WithHint(fmt::format("spillway {0} --dry-run   shows what it would do\n"
                            "spillway {0} --yes   does it",
                            asked.command));
}

Status StillDifferent(const Asked& asked, const RepairSummary& repair) {
  if (repair.still_different == 0) return Status::Ok();
  return Status(StatusCode::kMismatch,
                fmt::format("{}: of the documents that were written, {} differ again or were"
                            " refused",
                            asked.pipeline, repair.still_different))
      .WithHint(fmt::format("spillway rejects {} --show   if rows were refused; else somebody else"
                            " writes to them",
                            asked.pipeline));
}

Result<RepairSummary> Carry(const Asked& asked, const RepairRequest& request,
                            CommandContext& context) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Project> project, OpenProject(context));
  ASSIGN_OR_RETURN(const PipelineConfig* pipeline, project->FindPipeline(asked.pipeline));
  Console& console = context.console;
  // Before both sides are read for nothing.
  if (!asked.dry_run && !asked.yes && !(console.can_ask() && !console.json()))
    return Refused(asked);
  RepairListener listener;
  listener.on_progress = [&console](uint64_t documents) {
    if (console.terminal()) console.Progress(HumanPlural(documents, "document") + " compared");
  };
  listener.confirm = [&](const RepairPlan& plan) -> Result<bool> {
    if (!console.json()) PrintPlan(asked.pipeline, plan, console);
    if (asked.yes) return true;
    console.Flush();  // the plan stands before the question
    return console.Ask("Write this?", context.call.stop);
  };
  return RepairPipeline(*project, *pipeline, request, listener, context.call);
}

// Returns whether there was something to say about it afterwards.
Status Tell(const Asked& asked, const RepairSummary& repair, Console& console) {
  const bool refused = !asked.dry_run && !repair.carried_out && repair.plan.writes() > 0;
  if (console.json()) {
    WriteJson(asked.pipeline, repair, console);
  } else if (asked.dry_run) {
    PrintPlan(asked.pipeline, repair.plan, console);
  } else if (refused) {
    console.Print("nothing was written");
  } else {
    PrintResult(asked, repair, console);
  }
  return StillDifferent(asked, repair);
}

}  // namespace

Status RunRepairCommand(const RepairArguments& arguments, CommandContext& context) {
  const Asked asked{.command = "repair " + arguments.pipeline,
                    .pipeline = arguments.pipeline,
                    .done = "repaired",
                    .dry_run = arguments.dry_run,
                    .yes = arguments.yes};
  const RepairRequest request{.dry_run = arguments.dry_run,
                              .allow_deletes = arguments.allow_deletes,
                              .differences_max = arguments.differences,
                              .read_limit = arguments.limit};
  ASSIGN_OR_RETURN(const RepairSummary repair, Carry(asked, request, context));
  return Tell(asked, repair, context.console);
}

Status RunRollbackCommand(const RollbackArguments& arguments, CommandContext& context) {
  const Asked asked{
      .command = fmt::format("rollback {} --to {}", arguments.pipeline, arguments.text),
      .pipeline = arguments.pipeline,
      .done = "rolled back",
      .dry_run = arguments.dry_run,
      .yes = arguments.yes};
  const RepairRequest request{.dry_run = arguments.dry_run,
                              .allow_deletes = arguments.allow_deletes,
                              .differences_max = arguments.differences,
                              .read_limit = arguments.limit,
                              .back_to = arguments.to.at,
                              .back_to_run = arguments.to.run};
  ASSIGN_OR_RETURN(const RepairSummary repair, Carry(asked, request, context));
  RETURN_IF_ERROR(Tell(asked, repair, context.console));
  if (repair.carried_out && !context.console.json()) {
    context.console.Print(fmt::format("  it is held there until you run: spillway sync {} --resume",
                                      arguments.pipeline));
  }
  return Status::Ok();
}

}  // namespace spillway
