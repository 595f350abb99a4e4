#include <fmt/format.h>

#include "app/row_report.h"
#include "base/json_writer.h"
#include "cli/command.h"
#include "cli/run_words.h"

namespace spillway {
namespace {

std::string_view FateName(KeyFate fate) {
  switch (fate) {
    case KeyFate::kInserted:
      return "inserted";
    case KeyFate::kReplaced:
      return "replaced";
    case KeyFate::kDeleted:
      return "deleted";
    case KeyFate::kRejected:
      return "rejected";
  }
  return "unknown";
}

// A text stands for the array that holds it.
std::string PartitionKeyOf(const RowsArguments& arguments) {
  const std::string& given = arguments.partition_key;
  if (given.empty() || given.starts_with('[')) return given;
  return "[" + JsonQuoted(given) + "]";
}

std::string VersionText(const RowVersion& row) {
  if (row.first_version == row.version) return std::to_string(row.version);
  return fmt::format("{} to {}", row.first_version, row.version);
}

void PrintVersions(const RowReport& report, Console& console) {
  if (report.versions.empty()) {
    console.Print(
        fmt::format("versions {} to {} left it as it was", report.after + 1, report.version));
  } else {
    TextTable table;
    table.rows = {{"version", "at", "what", "intents", "run", "document"}};
    table.right = {true, false, false, true, true};
    for (const CoveredVersion& version : report.versions) {
      const RowVersion& row = version.row;
      table.rows.push_back({VersionText(row), row.timestamp_ms ? TimeText(*row.timestamp_ms) : "",
                            std::string(FateName(row.fate)),
                            std::to_string(row.old_images + row.new_images),
                            version.run_id ? std::to_string(*version.run_id) : "",
                            row.fate == KeyFate::kRejected ? row.message : row.document});
    }
    console.Print(table.Render());
  }
  if (report.more)
    console.Note(fmt::format("more than {} versions: not all are listed", kRowVersionsMax));
  if (!report.gap.empty()) {
    console.Note(fmt::format("the table does not tell what came before version {}: {}",
                             report.after + 1, report.gap));
  }
}

void PrintNow(const RowReport& report, const std::string& id, Console& console) {
  if (report.now.empty()) {
    console.Print(fmt::format("version {} of the table has no row {}", report.version, id));
  }
  for (const RowNow& now : report.now) {
    const std::string row = !now.row ? "has no such row"
                            : now.row->document.empty()
                                ? "has a row that is rejected: " + now.row->message
                                : "makes " + now.row->document;
    console.Print(fmt::format("{}: version {} {}", now.partition_key, report.version, row));
    console.Print(fmt::format("  the destination has {}", now.document.value_or("no document")));
    console.Print(now.equal ? "  they are equal"
                            : fmt::format("  they differ{}{}", now.fields.empty() ? "" : ": ",
                                          fmt::join(now.fields, ", ")));
  }
}

void PrintText(const RowsArguments& arguments, const RowReport& report, Console& console) {
  PrintVersions(report, console);
  for (const RejectedRecord& row : report.rejected) {
    console.Print(fmt::format("rejected in version {} by run {}: {}  {}", row.version, row.run_id,
                              row.reason, row.message));
  }
  PrintNow(report, arguments.id, console);
}

void WriteVersion(const CoveredVersion& version, JsonWriter& json) {
  const RowVersion& row = version.row;
  json.BeginObject().Field("version", row.version).Field("first_version", row.first_version);
  if (row.timestamp_ms) json.Field("at", TimeText(*row.timestamp_ms));
  json.Field("method", MethodName(row.method)).Field("what", FateName(row.fate));
  json.Field("old_images", row.old_images).Field("new_images", row.new_images);
  if (version.run_id) json.Field("run", *version.run_id);
  if (!row.partition_key.empty()) json.Key("partition_key").Raw(row.partition_key);
  if (!row.document.empty()) json.Key("document").Raw(row.document);
  if (!row.reason.empty()) json.Field("reason", row.reason).Field("message", row.message);
  json.EndObject();
}

void PrintJson(const RowsArguments& arguments, const RowReport& report, Console& console) {
  JsonWriter json;
  json.BeginObject().Field("pipeline", arguments.pipeline).Field("id", arguments.id);
  json.Field("version", report.version).Field("after", report.after).Field("more", report.more);
  if (!report.gap.empty()) json.Field("gap", report.gap);
  json.Key("versions").BeginArray();
  for (const CoveredVersion& version : report.versions) WriteVersion(version, json);
  json.EndArray().Key("rejected").BeginArray();
  for (const RejectedRecord& row : report.rejected) {
    json.BeginObject().Field("run", row.run_id).Field("version", row.version);
    json.Field("reason", row.reason).Field("message", row.message).EndObject();
  }
  json.EndArray().Key("now").BeginArray();
  for (const RowNow& now : report.now) {
    json.BeginObject();
    if (!now.partition_key.empty()) json.Key("partition_key").Raw(now.partition_key);
    if (now.row && !now.row->document.empty()) json.Key("row").Raw(now.row->document);
    if (now.row && now.row->document.empty()) json.Field("rejected", now.row->reason);
    if (now.document) json.Key("document").Raw(*now.document);
    json.Field("equal", now.equal).Key("fields").BeginArray();
    for (const std::string& field : now.fields) json.String(field);
    json.EndArray().EndObject();
  }
  console.Print(json.EndArray().EndObject().text());
}

}  // namespace

Status RunRows(const RowsArguments& arguments, CommandContext& context) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Project> project, OpenProject(context));
  ASSIGN_OR_RETURN(const PipelineConfig* pipeline, project->FindPipeline(arguments.pipeline));
  const RowKey key{arguments.id, PartitionKeyOf(arguments)};
  ASSIGN_OR_RETURN(const RowReport report,
                   ReportRow(*project, *pipeline, key, arguments.after, context.call));
  if (context.console.json()) {
    PrintJson(arguments, report, context.console);
  } else {
    PrintText(arguments, report, context.console);
  }
  return Status::Ok();
}

}  // namespace spillway
