#include "app/plan_file.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "engine/load_plan.h"
#include "state/state_json.h"

namespace spillway {
namespace {

constexpr std::string_view kFormat = "spillway_plan";

constexpr std::array<std::pair<PlannedRun, std::string_view>, 5> kRunNames = {{
    {PlannedRun::kNothing, "nothing"},
    {PlannedRun::kLoad, "load"},
    {PlannedRun::kFull, "full"},
    {PlannedRun::kResync, "resync"},
    {PlannedRun::kChanges, "changes"},
}};

Result<PlannedRun> RunOfName(std::string_view name) {
  for (const auto& [run, known] : kRunNames) {
    if (known == name) return run;
  }
  return DataLoss(fmt::format("there is no run `{}`", name));
}

Result<double> NumberOf(const JsonNode& object, std::string_view name) {
  ASSIGN_OR_RETURN(const JsonNode* member, MemberOf(object, name));
  if (member->kind != JsonNode::Kind::kNumber) {
    return DataLoss(fmt::format("{} is not a number", name));
  }
  return member->number;
}

Result<PlanFile> ReadParts(const JsonNode& json) {
  PlanFile file;
  ASSIGN_OR_RETURN(file.pipeline, TextOf(json, "pipeline"));
  ASSIGN_OR_RETURN(file.made_ms, IntOf(json, "made_ms"));
  ASSIGN_OR_RETURN(const std::string run, TextOf(json, "run"));
  ASSIGN_OR_RETURN(file.run, RunOfName(run));
  ASSIGN_OR_RETURN(file.location, TextOf(json, "table"));
  ASSIGN_OR_RETURN(file.table_id, TextOf(json, "table_id"));
  ASSIGN_OR_RETURN(file.version, IntOf(json, "version"));
  ASSIGN_OR_RETURN(file.latest_version, IntOf(json, "latest_version"));
  ASSIGN_OR_RETURN(file.mapping_hash, TextOf(json, "mapping_hash"));
  ASSIGN_OR_RETURN(file.target, TextOf(json, "destination"));
  if (const JsonNode* checkpoint = json.Find("checkpoint")) {
    ASSIGN_OR_RETURN(file.checkpoint, ReadCheckpointJson(*checkpoint));
  }
  ASSIGN_OR_RETURN(const JsonNode* settings, MemberOf(json, "settings"));
  for (const auto& [name, value] : settings->members) file.settings[name] = value.text;
  ASSIGN_OR_RETURN(const JsonNode* expected, MemberOf(json, "expected"));
  ASSIGN_OR_RETURN(file.documents, NumberOf(*expected, "documents"));
  ASSIGN_OR_RETURN(file.units, NumberOf(*expected, "request_units"));
  ASSIGN_OR_RETURN(file.seconds, NumberOf(*expected, "seconds"));
  return file;
}

Status NotAPlan(std::string_view why) {
  return InvalidArgument(fmt::format("this is no plan that `spillway plan -o` wrote, or it was "
                                     "damaged since: {}",
                                     why))
      .WithHint("make it anew: spillway plan PIPELINE -o FILE");
}

}  // namespace

std::string_view PlannedRunName(PlannedRun run) {
  for (const auto& [known, name] : kRunNames) {
    if (known == run) return name;
  }
  return {};
}

Result<PlanFile> MakePlanFile(const Project& project, const PipelineConfig& pipeline,
                              const PipelinePlan& plan, int64_t now_ms) {
  if (!plan.reload_reason.empty()) {
    return InvalidArgument(fmt::format("{}: it must be loaded anew, and a plan to be applied says "
                                       "how",
                                       plan.reload_reason))
        .WithHint(fmt::format("spillway plan {0} --full -o FILE, or, to take away what the table "
                              "does not have: spillway plan {0} --resync -o FILE",
                              pipeline.name));
  }
  PlanFile file;
  file.pipeline = pipeline.name;
  file.made_ms = now_ms;
  file.run = plan.run;
  file.location = plan.table.location;
  file.table_id = plan.table.table_id;
  file.version = plan.changes ? plan.latest_version : plan.table.version;
  file.latest_version = plan.latest_version;
  file.target = TargetOf(project, pipeline);
  file.mapping_hash = MappingHash(pipeline.documents, pipeline.sync.mode.write(), file.target);
  file.checkpoint = plan.checkpoint;
  file.settings = pipeline.settings;
  file.documents =
      plan.changes ? plan.changes->upserts + plan.changes->deletes : plan.documents_left;
  file.units = plan.units;
  if (plan.pace.duration) file.seconds = std::chrono::duration<double>(*plan.pace.duration).count();
  return file;
}

Result<std::string> FormatPlanFile(const PlanFile& file) {
  JsonWriter json(2);
  json.BeginObject().Field(kFormat, kPlanFileFormat).Field("pipeline", file.pipeline);
  json.Field("made_ms", file.made_ms).Field("run", PlannedRunName(file.run));
  json.Field("table", file.location).Field("table_id", file.table_id);
  json.Field("version", file.version).Field("latest_version", file.latest_version);
  json.Field("destination", file.target).Field("mapping_hash", file.mapping_hash);
  if (file.checkpoint) {
    json.Key("checkpoint");
    WriteCheckpointJson(*file.checkpoint, json);
  }
  json.Key("settings").BeginObject();
  for (const auto& [name, value] : file.settings) json.Field(name, value);
  json.EndObject().Key("expected").BeginObject().Field("documents", file.documents);
  json.Field("request_units", file.units).Field("seconds", file.seconds).EndObject();
  return Sealed(json.EndObject().text());
}

Result<PlanFile> ParsePlanFile(std::string_view text) {
  // A newer format first: what else it has is not known here.
  const Result<JsonNode> json = ParseJsonTree(text);
  if (!json.ok()) return NotAPlan("it is not JSON");
  const Result<int64_t> format = IntOf(*json, kFormat);
  if (!format.ok()) return NotAPlan(fmt::format("it has no `{}`", kFormat));
  if (*format > kPlanFileFormat) {
    return Unsupported(fmt::format("the plan has format {}, and this program reads up to {}",
                                   *format, kPlanFileFormat))
        .WithHint("apply it with the version of spillway that made it, or make it anew");
  }
  const Result<JsonNode> whole = Unseal(text, {});
  if (!whole.ok()) return NotAPlan(whole.status().message());
  Result<PlanFile> file = ReadParts(*whole);
  if (!file.ok()) return NotAPlan(file.status().message());
  return file;
}

}  // namespace spillway
