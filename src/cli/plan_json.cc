#include <chrono>

#include "base/json_writer.h"
#include "cli/plan_text.h"
#include "cli/run_words.h"

namespace spillway {
namespace {

void WriteRange(const ChangeRange& range, JsonWriter& json) {
  json.BeginObject().Field("method", MethodName(range.method)).Field("reason", range.reason);
  json.Field("first_version", range.first_version).Field("last_version", range.last_version);
  json.Field("files", range.files).Field("bytes", range.bytes);
  if (range.rows) json.Field("rows", *range.rows);
  json.EndObject();
}

void WriteChanges(const ChangesPlan& changes, JsonWriter& json) {
  json.Field("version", changes.latest_version).Field("behind", changes.versions());
  json.Key("versions").BeginArray();
  for (const ChangeRange& range : changes.ranges) WriteRange(range, json);
  json.EndArray().Field("files", changes.files).Field("bytes", changes.bytes);
  if (changes.rows) json.Field("rows", *changes.rows);
  if (changes.estimated) {
    json.Field("exact", changes.exact).Field("upserts", changes.upserts);
    json.Field("inserts", changes.inserts).Field("deletes", changes.deletes);
    json.Field("document_bytes", changes.document_bytes);
  }
  if (changes.warning) json.Field("warning", *changes.warning);
}

void WriteLoad(const PipelinePlan& plan, JsonWriter& json) {
  if (!plan.reload_reason.empty()) json.Field("reload_reason", plan.reload_reason);
  json.Field("version", plan.table.version);
  if (plan.rows) json.Field("rows", *plan.rows).Field("documents", plan.documents);
  if (plan.rows) json.Field("documents_left", plan.documents_left);
  json.Field("bytes", plan.bytes).Field("document_bytes", plan.sample.bytes_mean);
  json.Field("document_bytes_error", plan.sample.bytes_error);
  const PlanSample& sample = plan.sample;
  json.Key("sample").BeginObject().Field("rows", sample.rows).Field("files", sample.splits);
  json.Field("whole", sample.whole).Field("documents", sample.documents);
  json.Field("filtered", sample.filtered).Field("rejected", sample.rejected).EndObject();
  json.Key("would_create").BeginArray();
  for (const std::string& step : plan.steps) json.String(step);
  json.EndArray().Key("would_set").BeginArray();
  for (const std::string& step : plan.would_set) json.String(step);
  json.EndArray().Key("warnings").BeginArray();
  for (const std::string& warning : plan.warnings) json.String(warning);
  json.EndArray();
}

void WriteCost(const PipelinePlan& plan, JsonWriter& json) {
  if (plan.units <= 0) return;
  json.Field("request_units", plan.units);
  json.Field("request_units_per_document", plan.units_per_document);
  json.Field("request_units_error", plan.units_error).Field("cost_basis", plan.cost_basis);
}

void WriteMeasurement(const PipelinePlan& plan, JsonWriter& json) {
  if (!plan.measurement) return;
  json.Key("measured").BeginObject().Field("documents", plan.measurement->documents);
  json.Field("refused", plan.measurement->refused);
  json.Field("request_units", plan.measurement->units).EndObject();
}

double Seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

void WritePace(const PlanPace& pace, JsonWriter& json) {
  if (pace.duration) json.Field("seconds", Seconds(*pace.duration));
  if (pace.units_per_second) json.Field("request_units_per_second", *pace.units_per_second);
  json.Field("reachable", pace.reachable).Field("limited_by", pace.limited_by);
  json.Key("faster").BeginArray();
  for (const PaceStep& step : pace.faster) {
    json.BeginObject().Field("setting", step.setting).Field("note", step.note);
    if (step.duration) json.Field("seconds", Seconds(*step.duration));
    json.EndObject();
  }
  json.EndArray();
}

void WriteChoice(const char* name, const std::optional<CapacityChoice>& choice, JsonWriter& json) {
  if (!choice) return;
  json.Key(name).BeginObject().Field("kind", choice->kind).Field("setting", choice->setting);
  json.Field("reason", choice->reason).EndObject();
}

void WriteCapacity(const PipelinePlan& plan, JsonWriter& json) {
  const CapacityAdvice& capacity = plan.capacity;
  json.Key("partitions").BeginObject().Field("count", plan.ranges);
  json.Field("basis", plan.ranges_basis).Field("for_documents", capacity.ranges_of_bytes);
  if (capacity.ranges_of_units) json.Field("for_throughput", *capacity.ranges_of_units);
  json.Field("hottest_share", plan.hottest_share).EndObject();
  json.Key("throughput").BeginObject();
  WriteChoice("for_load", capacity.for_load, json);
  WriteChoice("for_changes", capacity.for_changes, json);
  json.Key("recipe").BeginArray();
  for (const CapacityStep& step : capacity.loading) {
    json.BeginObject().Field("setting", step.setting).Field("note", step.note);
    json.Field("request_units_per_second", step.units_per_second).EndObject();
  }
  json.EndArray().EndObject();
}

void WriteForecast(const PipelinePlan& plan, JsonWriter& json) {
  if (!plan.forecast) return;
  const ChangeForecast& forecast = *plan.forecast;
  json.Key("changes_per_day").BeginObject().Field("request_units", forecast.units);
  json.Field("rows_inserted", forecast.inserted).Field("rows_updated", forecast.updated);
  json.Field("rows_deleted", forecast.deleted);
  json.Field("request_units_per_second", forecast.units_per_second);
  json.Field("request_units_per_second_busiest_hour", forecast.units_per_second_busiest);
  json.Field("hours_known", forecast.hours_known).Field("versions", forecast.versions);
  json.Field("versions_at_most", forecast.versions_at_most);
  json.Field("versions_unknown", forecast.versions_unknown).Field("complete", forecast.complete);
  json.Field("reload_request_units", forecast.reload_units);
  json.Field("break_even_share", forecast.break_even_share);
  json.Field("cheaper", forecast.incremental() ? "incremental" : "full").EndObject();
}

const char* RunName(const PipelinePlan& plan) {
  return plan.changes ? "changes" : "load";
}

}  // namespace

void PrintPlanJson(const std::string& pipeline, const PipelinePlan& plan, Console& console) {
  JsonWriter json;
  json.BeginObject().Field("pipeline", pipeline).Field("pending", plan.pending);
  json.Field("run", RunName(plan)).Field("table", plan.table.location);
  json.Field("latest_version", plan.latest_version);
  if (plan.changes) {
    WriteChanges(*plan.changes, json);
  } else {
    WriteLoad(plan, json);
  }
  WriteCost(plan, json);
  WriteMeasurement(plan, json);
  if (plan.ranges > 0) {
    WritePace(plan.pace, json);
    WriteCapacity(plan, json);
  }
  WriteForecast(plan, json);
  if (plan.checkpoint) {
    json.Key("checkpoint").BeginObject().Field("version", plan.checkpoint->version);
    json.Field("state", LoadPhaseName(plan.checkpoint->phase)).EndObject();
  }
  json.Key("notes").BeginArray();
  for (const std::string& note : plan.notes) json.String(note);
  json.EndArray().Field("next", CommandOf(pipeline, plan));
  console.Print(json.EndObject().text());
}

}  // namespace spillway
