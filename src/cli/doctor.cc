#include "app/doctor.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/json_writer.h"
#include "cli/command.h"
#include "cli/exit_code.h"

namespace spillway {
namespace {

std::string_view NameOf(FindingKind kind) {
  switch (kind) {
    case FindingKind::kOk:
      return "ok";
    case FindingKind::kWarning:
      return "warning";
    case FindingKind::kFailed:
      return "failed";
    case FindingKind::kSkipped:
      return "skipped";
  }
  return "";
}

void PrintText(const std::vector<Diagnosis>& diagnoses, Console& console) {
  for (const Diagnosis& diagnosis : diagnoses) {
    if (!diagnosis.pipeline.empty()) console.Print(fmt::format("\n{}", diagnosis.pipeline));
    for (const Finding& finding : diagnosis.findings.all()) {
      console.Print(
          fmt::format("  {:<8} {:<15} {}", NameOf(finding.kind), finding.link, finding.detail));
      if (!finding.fix.empty()) console.Print(fmt::format("           fix: {}", finding.fix));
    }
  }
}

void PrintJson(const std::vector<Diagnosis>& diagnoses, bool ok, Console& console) {
  JsonWriter json;
  json.BeginObject().Field("ok", ok).Key("findings").BeginArray();
  for (const Diagnosis& diagnosis : diagnoses) {
    for (const Finding& finding : diagnosis.findings.all()) {
      json.BeginObject();
      if (!diagnosis.pipeline.empty()) json.Field("pipeline", diagnosis.pipeline);
      json.Field("link", finding.link).Field("result", NameOf(finding.kind));
      json.Field("detail", finding.detail);
      if (!finding.fix.empty()) json.Field("fix", finding.fix);
      json.EndObject();
    }
  }
  json.EndArray().EndObject();
  console.Print(json.text());
}

// The most serious of all failures decides: what needs a person before what passes by itself.
int WorstExitCode(const std::vector<Diagnosis>& diagnoses) {
  constexpr int kBySeverity[] = {kExitUsage, kExitAuth, kExitDecision, kExitFailed, kExitTemporary};
  std::vector<int> codes;
  for (const Diagnosis& diagnosis : diagnoses) {
    for (const Finding& finding : diagnosis.findings.all()) {
      if (finding.kind != FindingKind::kFailed) continue;
      codes.push_back(ExitCodeOf(Status(finding.code, finding.detail), 0));
    }
  }
  for (const int code : kBySeverity) {
    if (std::find(codes.begin(), codes.end(), code) != codes.end()) return code;
  }
  return codes.empty() ? kExitDone : codes.front();
}

}  // namespace

Status RunDoctor(const DoctorArguments& arguments, CommandContext& context) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Project> project, OpenProject(context));
  std::vector<const PipelineConfig*> pipelines;
  if (!arguments.pipeline.empty()) {
    ASSIGN_OR_RETURN(const PipelineConfig* named, project->FindPipeline(arguments.pipeline));
    pipelines.push_back(named);
  } else {
    for (const auto& [name, pipeline] : project->pipelines()) pipelines.push_back(&pipeline);
  }
  std::vector<Diagnosis> diagnoses;
  diagnoses.push_back(DiagnoseProject(*project, context.call));
  for (const PipelineConfig* pipeline : pipelines) {
    RETURN_IF_ERROR(context.call.CheckNotStopped());
    diagnoses.push_back(DiagnosePipeline(*project, *pipeline, context.call));
  }
  context.exit_code = WorstExitCode(diagnoses);
  if (context.console.json()) {
    PrintJson(diagnoses, context.exit_code == kExitDone, context.console);
  } else {
    PrintText(diagnoses, context.console);
  }
  return Status::Ok();
}

}  // namespace spillway
