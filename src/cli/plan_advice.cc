#include "cli/plan_advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/partition_advice.h"
#include "base/human.h"
#include "base/json_writer.h"

namespace spillway {
namespace {

// Of the ranking, with their reasons: in text. JSON has all.
constexpr size_t kExplainedMax = 5;

uint64_t Rounded(double number) {
  return static_cast<uint64_t>(std::llround(std::max(number, 0.0)));
}

std::string DistinctText(const KeyFigures& figures) {
  return (figures.distinct_exact ? "" : "about ") + HumanCount(Rounded(figures.distinct));
}

std::string LargestText(const KeyFigures& figures) {
  const std::string most = HumanBytes(Rounded(figures.largest_bytes_max));
  return figures.largest_bytes == figures.largest_bytes_max ? most : "up to " + most;
}

std::string AbsentText(const KeyFigures& figures) {
  const auto absent = static_cast<double>(figures.with_null + figures.with_missing);
  return absent == 0 ? "" : HumanShare(absent / static_cast<double>(figures.documents));
}

std::string Marked(const KeyAdvice& key) {
  return KeyText(key.key) + (key.key.configured ? " (configured)" : "");
}

std::string RangesText(const Partitioning::Facts& facts) {
  std::string text = fmt::format("{} ({})", facts.ranges, facts.ranges_basis);
  if (facts.units_per_second) {
    text +=
        fmt::format(", {} RU/s each", HumanCount(Rounded(*facts.units_per_second / facts.ranges)));
  }
  return text;
}

std::string DocumentsText(const PartitionAdvice& advice) {
  std::string text = fmt::format("{}, {} encoded", HumanCount(advice.documents),
                                 HumanBytes(Rounded(advice.bytes)));
  if (advice.filtered > 0)
    text += fmt::format(", {} filtered", HumanPlural(advice.filtered, "row"));
  if (advice.rejected > 0)
    text += fmt::format(", {} rejected", HumanPlural(advice.rejected, "row"));
  return text;
}

void PrintFacts(const std::string& pipeline, const PartitionAdvice& advice, Console& console) {
  TextTable facts;
  facts.rows = {
      {"pipeline", pipeline},
      {"table", fmt::format("{}, version {}", advice.table.location, advice.table.version)},
      {"documents", DocumentsText(advice)},
      {"request units", "about " + HumanCount(Rounded(advice.units))},
      {"ranges", RangesText(advice.facts)},
      {"a partition takes", HumanBytes(advice.facts.partition_bytes_max)}};
  if (advice.key_present_differs) {
    facts.rows.push_back(
        {"container's key", fmt::format("{}", fmt::join(advice.facts.present_key, ", "))});
  }
  console.Print(facts.Render());
}

void PrintRanking(const PartitionAdvice& advice, Console& console) {
  TextTable table;
  table.rows = {{"", "key", "", "reachable", "grown", "values", "largest partition", "absent"}};
  table.right = {true, false, false, true, true, true, true, true};
  for (size_t i = 0; i < advice.keys.size(); ++i) {
    const KeyAdvice& key = advice.keys[i];
    const KeyFigures& figures = key.figures;
    table.rows.push_back({std::to_string(i + 1), Marked(key), VerdictName(key.verdict),
                          HumanShare(figures.reachable), HumanShare(figures.reachable_grown),
                          DistinctText(figures), LargestText(figures), AbsentText(figures)});
  }
  console.Print(table.Render());
}

void PrintReasons(const PartitionAdvice& advice, Console& console) {
  for (size_t i = 0; i < advice.keys.size(); ++i) {
    const KeyAdvice& key = advice.keys[i];
    if (i >= kExplainedMax && !key.key.configured && !key.key.asked) continue;
    console.Print(fmt::format("{}. {}: {}", i + 1, Marked(key), VerdictName(key.verdict)));
    for (const std::string& reason : key.reasons) console.Print("   - " + reason);
  }
}

std::string YamlKey(const KeyAdvice& key) {
  if (key.key.paths.size() == 1) return key.key.paths[0];
  return fmt::format("[{}]", fmt::join(key.key.paths, ", "));
}

std::string NextText(const std::string& pipeline, const PartitionAdvice& advice) {
  const KeyAdvice& best = advice.keys.front();
  if (best.verdict == KeyVerdict::kPoor || best.verdict == KeyVerdict::kUnfit) {
    return "none of these keys is good: a column that spreads better would have to be added to the "
           "table";
  }
  if (best.key.configured && !advice.key_present_differs) {
    return "the configured key is the best: nothing to change";
  }
  const std::string change =
      best.key.joined ? fmt::format(
                            "next: add a column that joins {} to the table, and make it the "
                            "partition_key of pipeline {}",
                            KeyText(best.key), pipeline)
                      : fmt::format("next: partition_key: {} in the destination of pipeline {}",
                                    YamlKey(best), pipeline);
  if (advice.facts.present_key.empty() || advice.facts.present_key == best.key.paths) return change;
  return change + ", and another container: the key of one that is there cannot be changed";
}

void PrintText(const std::string& pipeline, const PartitionAdvice& advice, Console& console) {
  PrintFacts(pipeline, advice, console);
  PrintRanking(advice, console);
  PrintReasons(advice, console);
  if (!advice.left_out.empty()) console.Print("not judged:");
  for (const LeftOutKey& key : advice.left_out) {
    console.Print(fmt::format("   {}: {}", key.path, key.reason));
  }
  console.Print(NextText(pipeline, advice));
}

void WriteHotKeys(JsonWriter& json, const KeyFigures& figures) {
  json.Key("hot_keys").BeginArray();
  for (const HotKey& hot : figures.hot_keys) {
    json.BeginObject().Field("key", hot.key).Field("share", hot.share);
    json.Field("bytes", hot.bytes).EndObject();
  }
  json.EndArray();
}

void WriteKey(JsonWriter& json, const KeyAdvice& key) {
  const KeyFigures& figures = key.figures;
  json.BeginObject().Key("paths").BeginArray();
  for (const std::string& path : key.key.paths) json.String(path);
  json.EndArray().Field("joined", key.key.joined).Field("configured", key.key.configured);
  json.Field("verdict", VerdictName(key.verdict)).Field("reachable", figures.reachable);
  json.Field("reachable_in_order", figures.reachable_in_order);
  json.Field("reachable_grown", figures.reachable_grown);
  json.Field("distinct", figures.distinct).Field("distinct_exact", figures.distinct_exact);
  json.Field("largest_partition_bytes", figures.largest_bytes);
  json.Field("largest_partition_bytes_max", figures.largest_bytes_max);
  json.Field("largest_partition", figures.largest_key);
  json.Field("null", figures.with_null).Field("absent", figures.with_missing);
  json.Field("too_long", figures.too_long);
  json.Key("range_shares").BeginArray();
  for (const double share : figures.range_shares) json.Double(share);
  json.EndArray();
  WriteHotKeys(json, figures);
  json.Key("reasons").BeginArray();
  for (const std::string& reason : key.reasons) json.String(reason);
  json.EndArray().EndObject();
}

void PrintJson(const std::string& pipeline, const PartitionAdvice& advice, Console& console) {
  JsonWriter json;
  json.BeginObject().Field("pipeline", pipeline).Field("table", advice.table.location);
  json.Field("version", advice.table.version).Field("rows", advice.rows);
  json.Field("documents", advice.documents).Field("filtered", advice.filtered);
  json.Field("rejected", advice.rejected).Field("bytes", advice.bytes);
  json.Field("request_units", advice.units).Field("ranges", advice.facts.ranges);
  json.Field("ranges_basis", advice.facts.ranges_basis);
  if (advice.facts.units_per_second) {
    json.Field("request_units_per_second", *advice.facts.units_per_second);
  }
  json.Field("partition_bytes_max", advice.facts.partition_bytes_max);
  json.Field("ahead_bytes", advice.window_bytes);
  if (!advice.facts.present_key.empty()) {
    json.Key("container_key").BeginArray();
    for (const std::string& path : advice.facts.present_key) json.String(path);
    json.EndArray();
  }
  json.Key("keys").BeginArray();
  for (const KeyAdvice& key : advice.keys) WriteKey(json, key);
  json.EndArray().Key("not_judged").BeginArray();
  for (const LeftOutKey& key : advice.left_out) {
    json.BeginObject().Field("path", key.path).Field("reason", key.reason).EndObject();
  }
  console.Print(json.EndArray().EndObject().text());
}

}  // namespace

Status RunPlanAdvice(const PlanArguments& arguments, CommandContext& context) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Project> project, OpenProject(context));
  ASSIGN_OR_RETURN(const PipelineConfig* pipeline, project->FindPipeline(arguments.pipeline));
  const AdviceRequest request{arguments.at, arguments.candidates};
  const auto on_progress = [&](uint64_t rows) {
    context.console.Progress(HumanCount(rows) + " rows read");
  };
  ASSIGN_OR_RETURN(const PartitionAdvice advice,
                   AdvisePartitionKey(*project, *pipeline, request, on_progress, context.call));
  if (context.console.json()) {
    PrintJson(arguments.pipeline, advice, context.console);
  } else {
    PrintText(arguments.pipeline, advice, context.console);
  }
  return Status::Ok();
}

}  // namespace spillway
