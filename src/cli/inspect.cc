#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "app/pipeline.h"
#include "base/human.h"
#include "base/json_writer.h"
#include "cli/command.h"

namespace spillway {
namespace {

std::string Versioned(const TableInfo& table) {
  std::string text = std::to_string(table.version);
  if (table.timestamp_ms) {
    text +=
        fmt::format(" ({})", FormatUtc(WallTime(std::chrono::milliseconds(*table.timestamp_ms))));
  }
  return text;
}

std::string ChangeFeed(const TableInfo& table) {
  if (!table.change_feed) return "off";
  if (!table.change_feed_since) return "on";
  return fmt::format("on since version {}", *table.change_feed_since);
}

std::string Features(const TableInfo& table) {
  std::string text;
  for (const TableFeature& feature : table.features) {
    text += fmt::format("{}{}{}", text.empty() ? "" : ", ", feature.name,
                        feature.supported ? "" : " (not supported)");
  }
  return text.empty() ? "none" : text;
}

// What the one memory knob must hold at least: a file is decoded in row groups.
std::string RowsText(const TableInfo& table) {
  return table.rows ? HumanCount(*table.rows) : "unknown: a file has no statistics";
}

void PrintText(const TableInfo& table, Console& console) {
  TextTable facts;
  facts.rows = {
      {"table", table.location},
      {"version", Versioned(table)},
      {"rows", RowsText(table)},
      {"size", fmt::format("{} in {}", HumanBytes(table.bytes), HumanPlural(table.files, "file"))},
      {"largest file", HumanBytes(table.file_bytes_max)},
      {"partitioned by", table.partition_columns.empty()
                             ? "nothing"
                             : fmt::format("{}", fmt::join(table.partition_columns, ", "))},
      {"features", Features(table)},
      {"change feed", ChangeFeed(table)},
      {"table id", table.table_id}};
  console.Print(facts.Render());
  TextTable columns;
  columns.rows = {{"column", "type", "null", ""}};
  for (const ColumnInfo& column : table.columns) {
    columns.rows.push_back({column.name, column.type, column.nullable ? "yes" : "no",
                            column.partition ? "partition" : ""});
  }
  console.Print(columns.Render());
}

void PrintJson(const TableInfo& table, Console& console) {
  JsonWriter json;
  json.BeginObject().Field("location", table.location).Field("table_id", table.table_id);
  json.Field("version", table.version);
  if (table.timestamp_ms) json.Field("timestamp_ms", *table.timestamp_ms);
  if (table.rows) json.Field("rows", *table.rows);
  json.Field("files", table.files).Field("bytes", table.bytes);
  json.Field("file_bytes_max", table.file_bytes_max).Field("change_feed", table.change_feed);
  if (table.change_feed_since) json.Field("change_feed_since", *table.change_feed_since);
  json.Key("columns").BeginArray();
  for (const ColumnInfo& column : table.columns) {
    json.BeginObject().Field("name", column.name).Field("type", column.type);
    json.Field("nullable", column.nullable).Field("partition", column.partition).EndObject();
  }
  json.EndArray().Key("partition_columns").BeginArray();
  for (const std::string& name : table.partition_columns) json.String(name);
  json.EndArray().Key("features").BeginArray();
  for (const TableFeature& feature : table.features) {
    json.BeginObject()
        .Field("name", feature.name)
        .Field("supported", feature.supported)
        .EndObject();
  }
  json.EndArray().Key("properties").BeginObject();
  for (const auto& [name, value] : table.properties) json.Field(name, value);
  console.Print(json.EndObject().EndObject().text());
}

}  // namespace

Status RunInspect(const InspectArguments& arguments, CommandContext& context) {
  std::unique_ptr<Project> project;  // a path needs none
  if (!context.config.empty() || FindProjectFile(".")) {
    ASSIGN_OR_RETURN(project, OpenProject(context));
  }
  ASSIGN_OR_RETURN(const TableInfo table,
                   InspectTable(project.get(), arguments.target, arguments.at, context.call));
  if (context.console.json()) {
    PrintJson(table, context.console);
  } else {
    PrintText(table, context.console);
  }
  return Status::Ok();
}

}  // namespace spillway
