#include "app/plan.h"

#include <fmt/format.h>

#include "base/human.h"
#include "base/json_writer.h"
#include "cli/command.h"
#include "cli/exit_code.h"
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

void PrintText(const std::string& pipeline, const PipelinePlan& plan, Console& console) {
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
  console.Print(table.Render());
  if (plan.sample.rejected > 0) {
    console.Print(fmt::format("{} of the sample would be rejected:",
                              HumanPlural(plan.sample.rejected, "row")));
    for (const std::string& reason : plan.sample.rejected_reasons) console.Print("  " + reason);
  }
  console.Print(plan.pending ? "next: spillway sync " + pipeline : "nothing to load");
}

void PrintJson(const std::string& pipeline, const PipelinePlan& plan, Console& console) {
  JsonWriter json;
  json.BeginObject().Field("pipeline", pipeline).Field("pending", plan.pending);
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
  if (plan.checkpoint) {
    json.Key("checkpoint").BeginObject().Field("version", plan.checkpoint->version);
    json.Field("state", LoadPhaseName(plan.checkpoint->phase)).EndObject();
  }
  console.Print(json.EndObject().text());
}

}  // namespace

Status RunPlan(const PlanArguments& arguments, CommandContext& context) {
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
