#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "app/row_report.h"
#include "app/sync_pipeline.h"
#include "base/human.h"
#include "base/json_writer.h"
#include "base/new_file.h"
#include "cli/command.h"
#include "cli/run_words.h"
#include "parquet/parquet_writer.h"

namespace spillway {
namespace {

struct Rejects {
  std::vector<ReasonCount> reasons;
  std::vector<RejectedRecord> rows;
};

bool IsWanted(const RejectsArguments& arguments, const RejectedRecord& row) {
  if (!arguments.reason.empty() && row.reason != arguments.reason) return false;
  return arguments.key.empty() || IsOfKey(row, {arguments.key, {}});
}

bool Narrows(const RejectsArguments& arguments) {
  return arguments.run || !arguments.key.empty() || !arguments.reason.empty();
}

// Most frequent first.
std::vector<ReasonCount> ReasonsOf(const std::vector<RejectedRecord>& rows) {
  std::map<std::string, uint64_t> counts;
  for (const RejectedRecord& row : rows) ++counts[row.reason];
  std::vector<ReasonCount> reasons;
  for (const auto& [reason, count] : counts) reasons.push_back({reason, count});
  std::stable_sort(
      reasons.begin(), reasons.end(),
      [](const ReasonCount& left, const ReasonCount& right) { return left.rows > right.rows; });
  return reasons;
}

// A state that was carried on has an older load's rows once more, under the same run.
void ForgetCopies(std::vector<RejectedRecord>& rows) {
  std::set<std::tuple<int64_t, std::string, uint64_t>> seen;
  std::erase_if(rows, [&](const RejectedRecord& row) {
    return !seen.emplace(row.version, row.split, row.row).second;
  });
}

Result<Rejects> Read(const RejectsArguments& arguments, StateStore& state, bool with_rows) {
  Rejects rejects;
  if (!with_rows && !Narrows(arguments)) {
    ASSIGN_OR_RETURN(rejects.reasons, state.RejectedByReason(arguments.pipeline));
    return rejects;
  }
  ASSIGN_OR_RETURN(rejects.rows, state.Rejected(arguments.pipeline, arguments.run, UINT32_MAX));
  ForgetCopies(rejects.rows);
  std::erase_if(rejects.rows, [&](const RejectedRecord& row) { return !IsWanted(arguments, row); });
  rejects.reasons = ReasonsOf(rejects.rows);
  return rejects;
}

void PrintText(const RejectsArguments& arguments, const Rejects& rejects, Console& console) {
  if (rejects.reasons.empty()) {
    return console.Print(fmt::format("{}: no {}row was rejected", arguments.pipeline,
                                     Narrows(arguments) ? "such " : ""));
  }
  TextTable table;
  table.rows = {{"reason", "rows"}};
  table.right = {false, true};
  for (const ReasonCount& reason : rejects.reasons) {
    table.rows.push_back({reason.reason, HumanCount(reason.rows)});
  }
  console.Print(table.Render());
  if (arguments.action != RejectsAction::kShow) {
    return console.Print(fmt::format("next: spillway rejects show {}", arguments.pipeline));
  }
  const size_t shown = std::min<size_t>(rejects.rows.size(), arguments.count);
  for (size_t i = 0; i < shown; ++i) {
    const RejectedRecord& row = rejects.rows[i];
    console.Print(fmt::format("{}  {}\n  {}\n  run {}, version {}, row {} of {}", row.key,
                              row.reason, row.message, row.run_id, row.version, row.row,
                              row.split));
  }
  if (shown < rejects.rows.size()) {
    console.Print(fmt::format("and {} more: --count, or spillway rejects export {}",
                              HumanCount(rejects.rows.size() - shown), arguments.pipeline));
  }
}

void WriteRow(const RejectedRecord& row, JsonWriter& json) {
  json.BeginObject().Field("run", row.run_id).Field("version", row.version);
  json.Field("split", row.split).Field("row", row.row).Field("key", row.key);
  json.Field("reason", row.reason).Field("message", row.message);
  json.Field("at", TimeText(row.at_ms)).EndObject();
}

void PrintJson(const RejectsArguments& arguments, const Rejects& rejects, Console& console) {
  JsonWriter json;
  json.BeginObject().Key("reasons").BeginArray();
  for (const ReasonCount& reason : rejects.reasons) {
    json.BeginObject().Field("reason", reason.reason).Field("rows", reason.rows).EndObject();
  }
  json.EndArray().Key("rows").BeginArray();
  const size_t shown = std::min<size_t>(rejects.rows.size(), arguments.count);
  for (size_t i = 0; i < shown; ++i) WriteRow(rejects.rows[i], json);
  console.Print(json.EndArray().EndObject().text());
}

std::string LineOf(const RejectedRecord& row) {
  JsonWriter json;
  WriteRow(row, json);
  return json.text();
}

// As the members of WriteRow, the time as one.
Status WriteParquet(const std::vector<RejectedRecord>& rows, NewFile& file) {
  constexpr int64_t kMicrosOfMilli = 1'000;
  ParquetWriter parquet({{"run", ParquetKind::kInt64},
                         {"version", ParquetKind::kInt64},
                         {"split"},
                         {"row", ParquetKind::kInt64},
                         {"key"},
                         {"reason"},
                         {"message"},
                         {"at", ParquetKind::kTimestampMicros}},
                        [&file](std::string_view bytes) { return file.Append(bytes); });
  for (const RejectedRecord& row : rows) {
    parquet.AddInt(row.run_id);
    parquet.AddInt(row.version);
    parquet.AddText(row.split);
    parquet.AddInt(static_cast<int64_t>(row.row));
    parquet.AddText(row.key);
    parquet.AddText(row.reason);
    parquet.AddText(row.message);
    parquet.AddInt(row.at_ms * kMicrosOfMilli);
    RETURN_IF_ERROR(parquet.EndRow());
  }
  return parquet.Close();
}

Status WriteLines(const std::vector<RejectedRecord>& rows, NewFile& file) {
  for (const RejectedRecord& row : rows) RETURN_IF_ERROR(file.Append(LineOf(row) + "\n"));
  return Status::Ok();
}

// Keys and messages are the user's data: the file is for its owner alone.
Status Export(const RejectsArguments& arguments, const Rejects& rejects, Console& console) {
  if (arguments.file.empty()) {
    for (const RejectedRecord& row : rejects.rows) console.Print(LineOf(row));
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<NewFile> file,
                   NewFile::Create(arguments.file, ExistingFile::kRefuse));
  const auto write = arguments.file.ends_with(".parquet") ? WriteParquet : WriteLines;
  RETURN_IF_ERROR(write(rejects.rows, *file));
  RETURN_IF_ERROR(file->Finish());
  if (console.json()) {
    JsonWriter json;
    json.BeginObject().Field("file", arguments.file).Field("rows", uint64_t{rejects.rows.size()});
    console.Print(json.EndObject().text());
  } else {
    console.Print(
        fmt::format("{} in {}", HumanPlural(rejects.rows.size(), "rejected row"), arguments.file));
  }
  return Status::Ok();
}

Status Retry(const RejectsArguments& arguments, const Project& project,
             const PipelineConfig& pipeline, CommandContext& context) {
  const RetrySelection selection{arguments.run, arguments.reason, arguments.key};
  ASSIGN_OR_RETURN(const RetrySummary retried,
                   RetryRejected(project, pipeline, selection, context.call));
  if (context.console.json()) {
    JsonWriter json;
    WriteRetry(json, retried);
    context.console.Print(json.text());
    return Status::Ok();
  }
  context.console.Print(fmt::format(
      "{}: {} of {} at version {}: {} written, {} gone, {} rejected again", arguments.pipeline,
      HumanPlural(retried.rows, "rejected row"), HumanPlural(retried.keys, "key"), retried.version,
      HumanCount(retried.written), HumanCount(retried.gone), HumanCount(retried.still_rejected)));
  if (retried.without_key > 0) {
    context.console.Print(fmt::format("  {} of them have no whole key: only a full load reads them",
                                      HumanCount(retried.without_key)));
  }
  if (retried.left > 0) {
    context.console.Print(fmt::format("  {} more: run it again", HumanCount(retried.left)));
  }
  return Status::Ok();
}

}  // namespace

Status RunRejects(const RejectsArguments& arguments, CommandContext& context) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Project> project, OpenProject(context));
  ASSIGN_OR_RETURN(const PipelineConfig* pipeline, project->FindPipeline(arguments.pipeline));
  if (arguments.action == RejectsAction::kRetry) {
    return Retry(arguments, *project, *pipeline, context);
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStore> state, OpenStateIfThere(*project));
  const bool with_rows = arguments.action != RejectsAction::kList || context.console.json();
  Rejects rejects;
  if (state != nullptr) {
    ASSIGN_OR_RETURN(rejects, Read(arguments, *state, with_rows));
  }
  if (arguments.action == RejectsAction::kExport) {
    return Export(arguments, rejects, context.console);
  }
  if (context.console.json()) {
    PrintJson(arguments, rejects, context.console);
  } else {
    PrintText(arguments, rejects, context.console);
  }
  return Status::Ok();
}

}  // namespace spillway
