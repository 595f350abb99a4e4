#include <fmt/format.h>

#include <string_view>

#include "app/pipeline.h"
#include "base/human.h"
#include "base/json_writer.h"
#include "cli/command.h"

namespace spillway {
namespace {

std::string_view KindName(DifferenceKind kind) {
  switch (kind) {
    case DifferenceKind::kMissing:
      return "missing";
    case DifferenceKind::kExtra:
      return "extra";
    case DifferenceKind::kDifferent:
      return "different";
  }
  return "unknown";
}

void PrintText(const std::string& pipeline, const VerifySummary& summary, Console& console) {
  console.Print(fmt::format("{}: source at version {} has {}, the destination has {}", pipeline,
                            summary.version, HumanPlural(summary.source_documents, "document"),
                            HumanCount(summary.destination_documents)));
  console.Print(fmt::format(
      "  equal {}, missing {}, extra {}, different {}{}", HumanCount(summary.equal),
      HumanCount(summary.missing), HumanCount(summary.extra), HumanCount(summary.different),
      summary.rejected == 0 ? std::string()
                            : fmt::format("; {} rejected by the mapping and not expected there",
                                          HumanPlural(summary.rejected, "row"))));
  if (summary.soft_deleted > 0) {
    console.Print(fmt::format("  {} marked as deleted, without a row, as the mode says",
                              HumanPlural(summary.soft_deleted, "document")));
  }
  for (const Difference& difference : summary.differences) {
    console.Print(fmt::format("  {:<9}  {} {}  {}", KindName(difference.kind),
                              difference.partition_key, JsonQuoted(difference.id),
                              fmt::join(difference.fields, ", ")));
  }
  const uint64_t all = summary.missing + summary.extra + summary.different;
  if (all > summary.differences.size()) {
    console.Print(fmt::format("  and {} more", HumanCount(all - summary.differences.size())));
  }
  if (summary.cost > 0) {
    console.Print(fmt::format("  reading the destination took {} RU", HumanNumber(summary.cost)));
  }
  if (summary.matches()) console.Print("  they are equal, document by document");
}

void PrintJson(const std::string& pipeline, const VerifySummary& summary, Console& console) {
  JsonWriter json;
  json.BeginObject().Field("pipeline", pipeline).Field("version", summary.version);
  json.Field("matches", summary.matches()).Field("source_documents", summary.source_documents);
  json.Field("destination_documents", summary.destination_documents).Field("equal", summary.equal);
  json.Field("missing", summary.missing).Field("extra", summary.extra);
  json.Field("different", summary.different).Field("rejected", summary.rejected);
  json.Field("soft_deleted", summary.soft_deleted);
  json.Field("request_units", summary.cost).Key("differences").BeginArray();
  for (const Difference& difference : summary.differences) {
    json.BeginObject().Field("kind", KindName(difference.kind)).Key("partition_key");
    json.Raw(difference.partition_key.empty() ? "[]" : difference.partition_key);
    json.Field("id", difference.id).Key("fields").BeginArray();
    for (const std::string& field : difference.fields) json.String(field);
    json.EndArray().EndObject();
  }
  console.Print(json.EndArray().EndObject().text());
}

}  // namespace

Status RunVerifyCommand(const VerifyArguments& arguments, CommandContext& context) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Project> project, OpenProject(context));
  ASSIGN_OR_RETURN(const PipelineConfig* pipeline, project->FindPipeline(arguments.pipeline));
  const auto progress = [&context](uint64_t documents) {
    if (!context.console.terminal()) return;
    context.console.Progress(HumanPlural(documents, "document") + " read");
  };
  ASSIGN_OR_RETURN(const VerifySummary summary,
                   VerifyPipeline(*project, *pipeline, arguments.at, arguments.differences,
                                  progress, context.call));
  if (context.console.json()) {
    PrintJson(arguments.pipeline, summary, context.console);
  } else {
    PrintText(arguments.pipeline, summary, context.console);
  }
  if (summary.matches()) return Status::Ok();
  return Status(StatusCode::kMismatch,
                fmt::format("{}: source and destination differ", arguments.pipeline))
      .WithHint(
          fmt::format("spillway sync {} --full   writes missing and different documents again",
                      arguments.pipeline));
}

}  // namespace spillway
