#include <fmt/format.h>

#include "app/apply_plan.h"
#include "app/sync_pipeline.h"
#include "base/human.h"
#include "base/json_writer.h"
#include "cli/command.h"
#include "cli/metrics_file.h"
#include "cli/progress.h"
#include "cli/run_words.h"
#include "cli/saved_plan.h"
#include "cli/tuning_words.h"

namespace spillway {
namespace {

struct Traffic {
  uint64_t bytes_sent = 0;
  uint64_t requests = 0;
  uint64_t throttled_requests = 0;
  uint64_t documents = 0;
  double cost = 0;
  std::chrono::nanoseconds elapsed{0};
  ThroughputPicture throughput;

  double seconds() const { return std::max(std::chrono::duration<double>(elapsed).count(), 1e-3); }
  double throttled_share() const {
    return requests == 0 ? 0
                         : static_cast<double>(throttled_requests) / static_cast<double>(requests);
  }
};

Traffic TrafficOf(const LoadSummary& load) {
  const LoadProgressReport& totals = load.totals;
  return {load.bytes_sent, totals.requests, totals.throttled_requests, totals.run_counts.upserted,
          totals.cost,     totals.elapsed,  totals.throughput};
}

Traffic TrafficOf(const ChangeSummary& changes) {
  const ChangeReport& totals = changes.totals;
  return {totals.bytes_sent,
          totals.requests,
          totals.throttled_requests,
          totals.counts.upserted + totals.counts.deleted,
          totals.cost,
          totals.elapsed,
          totals.throughput};
}

std::string Pace(const Traffic& traffic) {
  const double seconds = traffic.seconds();
  std::string text = fmt::format("{} sent in {}, {} documents/s", HumanBytes(traffic.bytes_sent),
                                 HumanPlural(traffic.requests, "request"),
                                 HumanNumber(static_cast<double>(traffic.documents) / seconds));
  if (traffic.cost > 0) {
    text +=
        fmt::format(", {} RU ({} RU/s), {} throttled", HumanNumber(traffic.cost),
                    HumanNumber(traffic.cost / seconds), HumanCount(traffic.throttled_requests));
  }
  if (traffic.throughput.cap) {
    text += fmt::format("; the cap was {} RU/s", HumanNumber(*traffic.throughput.cap));
  }
  if (traffic.throughput.peak_normalised) {
    text += fmt::format(", the busiest range used {} of its part",
                        HumanShare(*traffic.throughput.peak_normalised));
  }
  return text;
}

std::string NextCommand(const std::string& pipeline, const SyncResult& result) {
  uint64_t rejected = 0;
  if (result.load) rejected += result.load->totals.counts.rejected;
  if (result.changes) rejected += result.changes->totals.counts.rejected;
  return (rejected > 0 ? "spillway rejects " : "spillway verify ") + pipeline;
}

void PrintLoad(const std::string& pipeline, const LoadSummary& load, Console& console) {
  if (load.outcome == LoadOutcome::kAlreadyLoaded) {
    console.Print(fmt::format("{}: version {} is loaded already; nothing was sent", pipeline,
                              load.totals.version));
    return;
  }
  console.Print(fmt::format(
      "{}: version {} of {} is loaded{}, in {}", pipeline, load.totals.version, load.table.location,
      load.resumed ? " (went on from an earlier run)" : "", HumanDuration(load.totals.elapsed)));
  if (load.resumed) {
    console.Print("  this run:  " + FormulaOf(load.totals.run_counts));
    console.Print("  the load:  " + FormulaOf(load.totals.counts));
  } else {
    console.Print("  " + FormulaOf(load.totals.counts));
  }
  console.Print("  " + Pace(TrafficOf(load)));
}

void PrintSweep(const PipelineConfig& pipeline, const SweepSummary& sweep, Console& console) {
  const bool marks = pipeline.documents.soft_delete.has_value();
  console.Print(fmt::format("{}: {} of {} documents were not in version {} of the table and are {}",
                            pipeline.name, HumanCount(sweep.counts.deleted),
                            HumanCount(sweep.documents), sweep.version,
                            marks ? "marked as deleted" : "deleted"));
}

void PrintChanges(const std::string& pipeline, const ChangeSummary& changes, Console& console) {
  const ChangeReport& totals = changes.totals;
  if (totals.version == changes.from_version) {
    console.Print(
        fmt::format("{}: up to date at version {}; nothing was sent", pipeline, totals.version));
    return;
  }
  console.Print(fmt::format("{}: at version {} now (was at {}), in {}{}", pipeline, totals.version,
                            changes.from_version, HumanDuration(totals.elapsed),
                            changes.resumed ? "; finished what an earlier run had begun" : ""));
  for (const MethodCount& method : changes.methods) console.Print("  " + DescribeMethod(method));
  console.Print("  " + FormulaOf(totals.counts));
  if (totals.requests > 0) console.Print("  " + Pace(TrafficOf(changes)));
}

void WriteTraffic(JsonWriter& json, const Traffic& traffic) {
  json.Field("elapsed_ms", static_cast<int64_t>(traffic.elapsed / std::chrono::milliseconds(1)));
  json.Field("request_units", traffic.cost).Field("requests", traffic.requests);
  json.Field("throttled_requests", traffic.throttled_requests);
  json.Field("throttled_share", traffic.throttled_share());
  json.Field("request_units_per_second", traffic.cost / traffic.seconds());
  if (traffic.throughput.cap) json.Field("request_units_cap", *traffic.throughput.cap);
  if (traffic.throughput.peak_normalised) {
    json.Field("peak_normalised", *traffic.throughput.peak_normalised);
  }
  json.Field("bytes_sent", traffic.bytes_sent);
}

void WriteLoad(JsonWriter& json, const LoadSummary& load) {
  json.Field("outcome", load.outcome == LoadOutcome::kLoaded ? "loaded" : "already loaded");
  json.Field("run", load.run_id).Field("resumed", load.resumed);
  json.Field("version", load.totals.version);
  WriteCounts(json, load.totals.counts);
  json.Field("run_upserted", load.totals.run_counts.upserted);
  WriteTraffic(json, TrafficOf(load));
}

void WriteChanges(JsonWriter& json, const ChangeSummary& changes) {
  const ChangeReport& totals = changes.totals;
  json.Field("outcome", totals.version == changes.from_version ? "up to date" : "changes applied");
  json.Field("run", changes.run_id).Field("resumed", changes.resumed);
  json.Field("from_version", changes.from_version).Field("version", totals.version);
  json.Field("documents", totals.documents);
  WriteCounts(json, totals.counts);
  if (!totals.retention_warning.empty()) json.Field("warning", totals.retention_warning);
  json.Key("methods").BeginArray();
  for (const MethodCount& method : changes.methods) {
    json.BeginObject().Field("method", MethodName(method.method));
    json.Field("versions", method.versions).Field("reason", method.reason).EndObject();
  }
  json.EndArray();
  WriteTraffic(json, TrafficOf(changes));
}

// The part that came last is the result; a load before it stands inside.
void PrintJson(const std::string& pipeline, const SyncResult& result,
               const std::optional<PlanFile>& plan, Console& console) {
  JsonWriter json;
  json.BeginObject().Field("pipeline", pipeline);
  if (result.changes) {
    WriteChanges(json, *result.changes);
    if (result.load) {
      json.Key("load").BeginObject();
      WriteLoad(json, *result.load);
      json.EndObject();
    }
  } else if (result.load) {
    WriteLoad(json, *result.load);
  }
  if (result.sweep) json.Field("swept", result.sweep->counts.deleted);
  if (result.tuning) WriteTuning(json, *result.tuning);
  if (plan) WritePlanned(*plan, json);
  json.Field("next", NextCommand(pipeline, result)).EndObject();
  console.Print(json.text());
}

PlanOutcome OutcomeOf(const SyncResult& result) {
  PlanOutcome outcome;
  if (result.load) {
    outcome.units += result.load->totals.cost;
    outcome.elapsed += result.load->totals.elapsed;
  }
  if (result.changes) {
    outcome.units += result.changes->totals.cost;
    outcome.elapsed += result.changes->totals.elapsed;
  }
  return outcome;
}

void PrintText(const PipelineConfig& pipeline, const SyncResult& result,
               const std::optional<PlanFile>& plan, Console& console) {
  if (result.load) PrintLoad(pipeline.name, *result.load, console);
  if (result.sweep) PrintSweep(pipeline, *result.sweep, console);
  if (result.changes) PrintChanges(pipeline.name, *result.changes, console);
  if (plan) console.Print(PlannedBeside(*plan, OutcomeOf(result)));
  console.Print("next: " + NextCommand(pipeline.name, result));
}

Status CheckAddsUp(const std::string& pipeline, const IntentCounts& counts) {
  if (counts.AddsUp()) return Status::Ok();
  return Internal(fmt::format("the counts do not add up: {}", FormulaOf(counts)))
      .WithHint("spillway verify " + pipeline + ", and please report this");
}

SyncRequest RequestOf(const SyncArguments& arguments) {
  return {.full = arguments.full,
          .resync = arguments.resync,
          .at = arguments.at,
          .until = arguments.until,
          .from = arguments.from,
          .continuous = arguments.continuous,
          .resume = arguments.resume,
          .allow_deletes = arguments.allow_deletes,
          .allow_cost = arguments.yes,
          .readers = arguments.readers,
          .lanes = arguments.lanes};
}

SyncRequest RequestOf(const SyncArguments& arguments, const PlanFile& plan) {
  SyncRequest request = RequestOfPlan(plan);
  request.allow_deletes = arguments.allow_deletes;
  request.allow_cost = arguments.yes;
  request.readers = arguments.readers;
  request.lanes = arguments.lanes;
  return request;
}

void PrintNothing(const PlanFile& plan, Console& console) {
  if (!console.json()) {
    return console.Print(fmt::format("{}: up to date at version {}; nothing was planned",
                                     plan.pipeline, plan.version));
  }
  JsonWriter json;
  json.BeginObject().Field("pipeline", plan.pipeline).Field("outcome", "up to date");
  WritePlanned(plan, json);
  console.Print(json.EndObject().text());
}

// The run itself, told to the console and to the file of metrics as it goes on.
Result<SyncResult> RunShown(const Project& project, const PipelineConfig& pipeline,
                            const SyncRequest& request, const std::string& metrics_file,
                            CommandContext& context) {
  std::optional<MetricsFile> metrics;
  if (!metrics_file.empty()) {
    const std::string target = TargetOf(project, pipeline);
    ASSIGN_OR_RETURN(metrics, MetricsFile::Open(metrics_file, pipeline.name,
                                                target.substr(target.rfind('/') + 1)));
  }
  ProgressPrinter load_progress(pipeline.name, context.console);
  ChangePrinter change_progress(pipeline.name, context.console);
  SyncListener listener;
  listener.on_load = [&](const LoadProgressReport& report) {
    load_progress(report);
    if (metrics) metrics->Update(report);
  };
  listener.on_changes = [&](const ChangeReport& report) {
    change_progress(report);
    if (metrics) metrics->Update(report);
  };
  listener.on_tuning = [&](const std::string& step) {
    context.console.Note(fmt::format("{}: {}", pipeline.name, step));
  };
  Result<SyncResult> result = SyncPipeline(project, pipeline, request, listener, context.call);
  if (metrics) {
    const Status written = metrics->End(result.ok());
    if (!written.ok()) context.console.Note(fmt::format("warning: {}", written.message()));
  }
  return result;
}

Status Sync(const Project& project, const PipelineConfig& pipeline, SyncRequest request,
            const std::string& metrics_file, const std::optional<PlanFile>& plan,
            CommandContext& context) {
  Console& console = context.console;
  RETURN_IF_ERROR(AskAboutTuning(project, pipeline, request, context));
  Result<SyncResult> result = RunShown(project, pipeline, request, metrics_file, context);
  if (!result.ok()) {
    const bool resumable = result.status().code() == StatusCode::kCancelled;
    if (!resumable || !result.status().hint().empty()) return std::move(result).status();
    return std::move(result).status().WithHint("spillway sync " + pipeline.name +
                                               "   goes on from here");
  }
  if (console.json()) {
    PrintJson(pipeline.name, *result, plan, console);
  } else {
    PrintText(pipeline, *result, plan, console);
  }
  if (result->tuning) NoteLeftOver(*result->tuning, context);
  if (result->load) {
    RETURN_IF_ERROR(CheckAddsUp(pipeline.name, result->load->totals.counts));
  }
  if (result->changes) {
    RETURN_IF_ERROR(CheckAddsUp(pipeline.name, result->changes->totals.counts));
  }
  return Status::Ok();
}

}  // namespace

Status RunSync(const SyncArguments& arguments, CommandContext& context) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Project> project, OpenProject(context));
  if (!NamesSavedPlan(*project, arguments.pipeline)) {
    if (arguments.replan) {
      return InvalidArgument(
          fmt::format("--replan belongs to a saved plan, and {} is none", arguments.pipeline));
    }
    ASSIGN_OR_RETURN(const PipelineConfig* pipeline, project->FindPipeline(arguments.pipeline));
    return Sync(*project, *pipeline, RequestOf(arguments), arguments.metrics_file, {}, context);
  }
  ASSIGN_OR_RETURN(const PlanFile plan, PlanToApply(*project, arguments, context));
  if (plan.run == PlannedRun::kNothing) {
    PrintNothing(plan, context.console);
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(const PipelineConfig* pipeline, project->FindPipeline(plan.pipeline));
  return Sync(*project, *pipeline, RequestOf(arguments, plan), arguments.metrics_file, plan,
              context);
}

}  // namespace spillway
