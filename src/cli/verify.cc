#include <fmt/format.h>

#include "app/verify_json.h"
#include "app/verify_pipeline.h"
#include "base/human.h"
#include "base/json_writer.h"
#include "cli/command.h"
#include "cli/difference_words.h"
#include "verify/confidence.h"

namespace spillway {
namespace {

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
  PrintDifferences(summary.differences, summary.missing + summary.extra + summary.different,
                   console);
  if (summary.cost > 0) {
    console.Print(fmt::format("  reading the destination took {} RU", HumanNumber(summary.cost)));
  }
  if (summary.moving > 0) {
    console.Print(
        fmt::format("  {} on the way: as at a version up to {}, which the pipeline came"
                    " through meanwhile",
                    HumanPlural(summary.moving, "document"), summary.through_version));
  }
  if (summary.rejected_kept > 0) {
    console.Print(fmt::format("  {} of rows that are rejected now, left as they were",
                              HumanPlural(summary.rejected_kept, "document")));
  }
  if (summary.matches()) console.Print("  they are equal, document by document");
}

void PrintJson(const std::string& pipeline, const VerifySummary& summary, Console& console) {
  console.Print(VerifyJson(pipeline, summary));
}

// "0.03 %", with as many digits as say something.
std::string Percent(double share) {
  return fmt::format("{:.2g} %", share * 100);
}

void PrintSample(const std::string& pipeline, const SampleSummary& sample, Console& console) {
  const uint64_t differing = sample.missing + sample.different;
  console.Print(fmt::format("{}: {} of the {} rows of version {} drawn at random (seed {}), {} {}",
                            pipeline, HumanCount(sample.drawn), HumanCount(sample.rows_total),
                            sample.version, sample.seed, HumanCount(differing),
                            differing == 1 ? "differs" : "differ"));
  console.Print(fmt::format("  with 95 % confidence fewer than {} of all differ",
                            Percent(sample.differing_share_max)));
  if (sample.destination_drawn > 0) {
    console.Print(fmt::format("  {} documents drawn from the destination, {} of them without a row",
                              HumanCount(sample.destination_drawn), HumanCount(sample.extra)));
  }
  if (sample.moving > 0) {
    console.Print(
        fmt::format("  {} on the way to a newer version", HumanPlural(sample.moving, "document")));
  }
  PrintDifferences(sample.differences, differing + sample.extra, console);
  if (sample.cost > 0) {
    console.Print(fmt::format("  reading the destination took {} RU", HumanNumber(sample.cost)));
  }
}

void PrintSampleJson(const std::string& pipeline, const SampleSummary& sample, Console& console) {
  JsonWriter json;
  json.BeginObject().Field("pipeline", pipeline).Field("version", sample.version);
  json.Field("matches", sample.matches()).Field("seed", sample.seed);
  json.Field("rows_total", sample.rows_total).Field("drawn", sample.drawn);
  json.Field("equal", sample.equal).Field("missing", sample.missing);
  json.Field("different", sample.different).Field("moving", sample.moving);
  json.Field("destination_drawn", sample.destination_drawn).Field("extra", sample.extra);
  json.Field("confidence", kConfidence).Field("differing_share_max", sample.differing_share_max);
  json.Field("estimated_request_units", sample.estimated_cost);
  json.Field("request_units", sample.cost).Key("differences");
  WriteDifferences(json, sample.differences);
  console.Print(json.EndObject().text());
}

VerifyListener ListenerFor(Console& console) {
  VerifyListener listener;
  listener.on_progress = [&console](uint64_t documents) {
    if (console.terminal()) console.Progress(HumanPlural(documents, "document") + " read");
  };
  listener.on_estimate = [&console](const ReadEstimate& estimate) {
    if (estimate.cost <= 0) return;
    console.Note(fmt::format("reading {} of the destination will take about {} RU",
                             HumanPlural(estimate.documents, "document"),
                             HumanNumber(estimate.cost)));
  };
  return listener;
}

Status Judged(const std::string& pipeline, bool matches) {
  if (matches) return Status::Ok();
  return Status(StatusCode::kMismatch, fmt::format("{}: source and destination differ", pipeline))
      .WithHint(
          fmt::format("spillway repair {} --dry-run   shows what would make them equal", pipeline));
}

}  // namespace

Status RunVerifyCommand(const VerifyArguments& arguments, CommandContext& context) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Project> project, OpenProject(context));
  ASSIGN_OR_RETURN(const PipelineConfig* pipeline, project->FindPipeline(arguments.pipeline));
  Console& console = context.console;
  const VerifyListener listener = ListenerFor(console);
  const VerifyRequest request{.at = arguments.at,
                              .differences_max = arguments.differences,
                              .limit = arguments.limit,
                              .report_path = arguments.report};
  if (arguments.sample.has_value()) {
    ASSIGN_OR_RETURN(const SampleSummary sample,
                     SamplePipeline(*project, *pipeline, request, *arguments.sample, arguments.seed,
                                    listener, context.call));
    (console.json() ? PrintSampleJson : PrintSample)(arguments.pipeline, sample, console);
    return Judged(arguments.pipeline, sample.matches());
  }
  ASSIGN_OR_RETURN(const VerifySummary summary,
                   VerifyPipeline(*project, *pipeline, request, listener, context.call));
  (console.json() ? PrintJson : PrintText)(arguments.pipeline, summary, console);
  return Judged(arguments.pipeline, summary.matches());
}

}  // namespace spillway
