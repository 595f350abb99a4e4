#include "app/plan.h"

#include <fmt/format.h>

#include "base/human.h"
#include "base/json_writer.h"
#include "changes/change_run.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/plan_advice.h"
#include "cli/run_words.h"

namespace spillway {
namespace {

std::string About(double number) {
  return HumanCount(static_cast<uint64_t>(number + 0.5));
}

std::string RowsText(const PipelinePlan& plan) {
  return plan.rows ? About(*plan.rows) : "unknown: a file has no statistics";
}

std::string SampleText(const PlanSample& sample) {
  return fmt::format("{} of {}", HumanPlural(sample.rows, "row"),
                     HumanPlural(sample.splits, "file"));
}

std::string BytesText(const PipelinePlan& plan) {
  const PlanSample& sample = plan.sample;
  const std::string error =
      sample.bytes_error == 0 ? "exact" : fmt::format("± {}", HumanShare(sample.bytes_error));
  return fmt::format("{} ({} each, {}, from {})", HumanBytes(static_cast<uint64_t>(plan.bytes)),
                     HumanBytes(static_cast<uint64_t>(sample.bytes_mean)), error,
                     SampleText(sample));
}

std::string StandText(const PipelinePlan& plan) {
  if (!plan.checkpoint) return "not loaded yet";
  return fmt::format("version {} is {}: {}", plan.checkpoint->version,
                     LoadPhaseName(plan.checkpoint->phase), FormulaOf(plan.checkpoint->counts));
}

std::string HowText(ChangeMethod method, const std::string& reason, uint64_t versions) {
  return DescribeMethod({.method = method, .reason = reason, .versions = versions});
}

std::string RangeText(const ChangeRange& range) {
  const std::string rows =
      range.rows ? HumanPlural(*range.rows, "image") : std::string("rows not told by the log");
  return fmt::format("{}: {}, {}, {}",
                     range.first_version == range.last_version
                         ? std::to_string(range.first_version)
                         : fmt::format("{} to {}", range.first_version, range.last_version),
                     HowText(range.method, range.reason, range.versions()),
                     HumanPlural(range.files, "file") + ", " + HumanBytes(range.bytes), rows);
}

void AddEstimate(const ChangesPlan& plan, TextTable& table) {
  if (!plan.estimated) {
    table.rows.push_back({"estimate", fmt::format("none: the next version alone is more than {} "
                                                  "to read",
                                                  HumanBytes(kPlanReadBytesMax))});
    return;
  }
  const char* const about = plan.exact ? "" : "about ";
  table.rows.push_back({"upserts", about + About(plan.upserts)});
  table.rows.push_back({"deletes", about + About(plan.deletes)});
  if (!plan.exact) {
    table.rows.push_back({"", fmt::format("carried over from {} of {}", HumanBytes(plan.bytes_read),
                                          HumanBytes(plan.bytes))});
  }
  if (plan.units > 0) {
    table.rows.push_back({"request units", "about " + About(plan.units)});
    table.rows.push_back({"", plan.cost_basis});
  }
  if (plan.duration) {
    table.rows.push_back({"duration", "about " + HumanDuration(*plan.duration)});
  }
}

void PrintChanges(const std::string& pipeline, const PipelinePlan& plan, Console& console) {
  const ChangesPlan& changes = *plan.changes;
  TextTable table;
  table.rows = {
      {"pipeline", pipeline},
      {"table", fmt::format("{}, version {}", plan.checkpoint->location, changes.latest_version)},
      {"state", StandText(plan)},
      {"behind", HumanPlural(changes.versions(), "version")}};
  if (plan.checkpoint->begun_through > plan.checkpoint->version) {
    table.rows.push_back({"begun", fmt::format("a run was cut off on its way to version {}: that "
                                               "comes first",
                                               plan.checkpoint->begun_through)});
  }
  if (plan.checkpoint->sweep) {
    table.rows.push_back({"begun", "a resync: what the table does not have is still to go"});
  }
  for (size_t i = 0; i < changes.ranges.size(); ++i) {
    table.rows.push_back({i == 0 ? "versions" : "", RangeText(changes.ranges[i])});
  }
  if (!changes.ranges.empty()) {
    const int64_t last = changes.ranges.back().last_version;
    if (last < changes.latest_version) {
      table.rows.push_back(
          {"", fmt::format("{} to {}: not looked at", last + 1, changes.latest_version)});
    }
    AddEstimate(changes, table);
  }
  console.Print(table.Render());
  if (changes.warning) console.Note("warning: " + *changes.warning);
  console.Print(plan.pending ? "next: spillway sync " + pipeline : "nothing to apply");
}

void PrintText(const std::string& pipeline, const PipelinePlan& plan, Console& console) {
  if (plan.changes) return PrintChanges(pipeline, plan, console);
  TextTable table;
  table.rows = {{"pipeline", pipeline},
                {"table", fmt::format("{}, version {}", plan.table.location, plan.table.version)},
                {"state", StandText(plan)},
                {"rows", RowsText(plan)},
                {"documents", plan.rows ? "about " + About(plan.documents) : "unknown"},
                {"bytes", BytesText(plan)}};
  if (plan.units > 0) {
    table.rows.push_back(
        {"request units", fmt::format("about {} ({:.1f} per document)", About(plan.units),
                                      plan.units_per_document)});
    table.rows.push_back({"", plan.cost_basis});
  }
  if (plan.duration) {
    table.rows.push_back(
        {"duration", fmt::format("about {} at {} RU/s", HumanDuration(*plan.duration),
                                 About(*plan.units_per_second))});
  }
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    table.rows.push_back({i == 0 ? "would create" : "", plan.steps[i]});
  }
  if (plan.switching) {
    const SwitchPlan& to = *plan.switching;
    table.rows.push_back(
        {"switch", fmt::format("loads {}, verifies it, then readers read it{}; {}", to.to,
                               to.from.empty() ? "" : " instead of " + to.from, to.why)});
  }
  console.Print(table.Render());
  if (plan.sample.rejected > 0) {
    console.Print(fmt::format("{} of the sample would be rejected:",
                              HumanPlural(plan.sample.rejected, "row")));
    for (const std::string& reason : plan.sample.rejected_reasons) console.Print("  " + reason);
  }
  if (!plan.reload_reason.empty()) {
    console.Print(plan.reload_reason + ": it must be loaded anew");
    return console.Print("next: spillway sync " + pipeline + " --full, or --resync");
  }
  console.Print(plan.pending ? "next: spillway sync " + pipeline : "nothing to load");
}

void WriteRange(JsonWriter& json, const ChangeRange& range) {
  json.BeginObject().Field("method", MethodName(range.method)).Field("reason", range.reason);
  json.Field("first_version", range.first_version).Field("last_version", range.last_version);
  json.Field("files", range.files).Field("bytes", range.bytes);
  if (range.rows) json.Field("rows", *range.rows);
  json.EndObject();
}

void WriteCheckpoint(JsonWriter& json, const Checkpoint& checkpoint) {
  json.Key("checkpoint").BeginObject().Field("version", checkpoint.version);
  json.Field("state", LoadPhaseName(checkpoint.phase)).EndObject();
}

void PrintChangesJson(const std::string& pipeline, const PipelinePlan& plan, Console& console) {
  const ChangesPlan& changes = *plan.changes;
  JsonWriter json;
  json.BeginObject().Field("pipeline", pipeline).Field("pending", plan.pending);
  json.Field("run", "changes").Field("table", plan.checkpoint->location);
  json.Field("version", changes.latest_version).Field("behind", changes.versions());
  json.Key("versions").BeginArray();
  for (const ChangeRange& range : changes.ranges) WriteRange(json, range);
  json.EndArray().Field("files", changes.files).Field("bytes", changes.bytes);
  if (changes.rows) json.Field("rows", *changes.rows);
  if (changes.estimated) {
    json.Field("exact", changes.exact).Field("upserts", changes.upserts);
    json.Field("deletes", changes.deletes).Field("document_bytes", changes.document_bytes);
  }
  if (changes.units > 0) json.Field("request_units", changes.units);
  if (changes.duration) {
    json.Field("seconds", std::chrono::duration<double>(*changes.duration).count());
  }
  if (changes.warning) json.Field("warning", *changes.warning);
  WriteCheckpoint(json, *plan.checkpoint);
  console.Print(json.EndObject().text());
}

void PrintJson(const std::string& pipeline, const PipelinePlan& plan, Console& console) {
  if (plan.changes) return PrintChangesJson(pipeline, plan, console);
  JsonWriter json;
  json.BeginObject().Field("pipeline", pipeline).Field("pending", plan.pending);
  json.Field("run", "load");
  if (!plan.reload_reason.empty()) json.Field("reload_reason", plan.reload_reason);
  json.Field("table", plan.table.location).Field("version", plan.table.version);
  if (plan.rows) json.Field("rows", *plan.rows).Field("documents", plan.documents);
  json.Field("bytes", plan.bytes).Field("document_bytes", plan.sample.bytes_mean);
  json.Field("document_bytes_error", plan.sample.bytes_error);
  json.Key("sample")
      .BeginObject()
      .Field("rows", plan.sample.rows)
      .Field("files", plan.sample.splits);
  json.Field("documents", plan.sample.documents).Field("filtered", plan.sample.filtered);
  json.Field("rejected", plan.sample.rejected).EndObject();
  if (plan.units > 0) {
    json.Field("request_units", plan.units);
    json.Field("request_units_per_document", plan.units_per_document);
  }
  if (plan.duration) {
    json.Field("seconds", std::chrono::duration<double>(*plan.duration).count());
  }
  json.Key("would_create").BeginArray();
  for (const std::string& step : plan.steps) json.String(step);
  json.EndArray();
  if (plan.checkpoint) WriteCheckpoint(json, *plan.checkpoint);
  if (plan.switching) {
    json.Key("switch").BeginObject();
    if (!plan.switching->from.empty()) json.Field("from", plan.switching->from);
    json.Field("to", plan.switching->to).Field("why", plan.switching->why).EndObject();
  }
  console.Print(json.EndObject().text());
}

}  // namespace

Status RunPlan(const PlanArguments& arguments, CommandContext& context) {
  if (arguments.advise_partition_key) return RunPlanAdvice(arguments, context);
  ASSIGN_OR_RETURN(const std::unique_ptr<Project> project, OpenProject(context));
  ASSIGN_OR_RETURN(const PipelineConfig* pipeline, project->FindPipeline(arguments.pipeline));
  ASSIGN_OR_RETURN(const PipelinePlan plan,
                   PlanPipeline(*project, *pipeline, arguments.at, context.call));
  if (context.console.json()) {
    PrintJson(arguments.pipeline, plan, context.console);
  } else {
    PrintText(arguments.pipeline, plan, context.console);
  }
  if (arguments.exit_code && plan.pending) context.exit_code = kExitChangesPending;
  return Status::Ok();
}

}  // namespace spillway
