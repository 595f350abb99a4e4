#include "sources/delta/delta_table_info.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include <algorithm>

namespace spillway {
namespace {

using simdjson::dom::element;

constexpr std::string_view kColumnMappingProperty = "delta.columnMapping.mode";

std::string Text(const element& object, const char* key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

bool Flag(const element& object, const char* key) {
  bool flag = false;
  return object[key].get(flag) == simdjson::SUCCESS && flag;
}

std::optional<int64_t> Number(const element& object, const char* key) {
  int64_t number = 0;
  if (object[key].get(number) != simdjson::SUCCESS) return std::nullopt;
  return number;
}

std::string Json(const element& object, const char* key) {
  element value;
  return object[key].get(value) == simdjson::SUCCESS ? simdjson::minify(value) : std::string();
}

std::vector<std::string> Texts(const element& object, const char* key) {
  std::vector<std::string> out;
  simdjson::dom::array array;
  if (object[key].get(array) != simdjson::SUCCESS) return out;
  for (const element& item : array) {
    std::string_view text;
    if (item.get(text) == simdjson::SUCCESS) out.emplace_back(text);
  }
  return out;
}

void ParseColumn(const element& column, DeltaTableDetails& out) {
  ColumnInfo info{.name = Text(column, "name"),
                  .type = Text(column, "type"),
                  .nullable = Flag(column, "nullable")};
  const auto& partitions = out.info.partition_columns;
  info.partition = std::find(partitions.begin(), partitions.end(), info.name) != partitions.end();
  if (Flag(column, "variant")) out.variant_columns.insert(info.name);
  if (Flag(column, "widened_in_container")) out.columns_widened_in_container.insert(info.name);
  simdjson::dom::array leaves;
  if (column["leaves"].get(leaves) == simdjson::SUCCESS) {
    for (const element& leaf : leaves) out.leaf_types[Texts(leaf, "path")] = Text(leaf, "type");
  }
  out.info.columns.push_back(std::move(info));
}

void ParseProperties(const element& root, TableInfo& info) {
  simdjson::dom::object properties;
  if (root["properties"].get(properties) != simdjson::SUCCESS) return;
  for (const auto& [key, value] : properties) {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) info.properties.emplace(key, text);
  }
}

// Protocols before table features imply features by their version, most of them unused: what counts
// is what the table's properties turn on.
void ParseFeatures(const element& root, TableInfo& info) {
  std::set<std::string> names;
  for (const char* key : {"reader_features", "writer_features"}) {
    for (std::string& name : Texts(root, key)) names.insert(std::move(name));
  }
  const auto mapping = info.properties.find(std::string(kColumnMappingProperty));
  if (mapping != info.properties.end() && mapping->second != "none") names.insert("columnMapping");
  if (info.change_feed) names.insert("changeDataFeed");
  for (const std::string& name : names) {
    const bool supported = !name.starts_with("variantShredding");
    info.features.push_back({.name = name, .supported = supported});
  }
}

}  // namespace

Result<DeltaTableDetails> ParseTableDetails(std::string_view json) {
  simdjson::dom::parser parser;
  element root;
  simdjson::dom::array columns;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS ||
      root["columns"].get(columns) != simdjson::SUCCESS) {
    return Internal("the Delta bridge described a table in a way that cannot be understood");
  }
  DeltaTableDetails out;
  out.info.location = Text(root, "location");
  out.info.table_id = Text(root, "table_id");
  out.info.version = Number(root, "version").value_or(0);
  out.info.timestamp_ms = Number(root, "timestamp_ms");
  out.info.partition_columns = Texts(root, "partition_columns");
  for (const element& column : columns) ParseColumn(column, out);
  ParseProperties(root, out.info);
  out.info.change_feed = Flag(root, "change_feed");
  out.info.change_feed_since = Number(root, "change_feed_since");
  ParseFeatures(root, out.info);
  out.metadata = Json(root, "metadata");
  out.protocol = Json(root, "protocol");
  return out;
}

Status CheckReadable(const DeltaTableDetails& details, const std::vector<std::string>& columns) {
  const TableInfo& info = details.info;
  std::vector<std::string> names;
  for (const ColumnInfo& column : info.columns) names.push_back(column.name);
  for (const std::string& column : columns) {
    if (std::find(names.begin(), names.end(), column) != names.end()) continue;
    return InvalidArgument(fmt::format("{} has no column \"{}\"", info.location, column))
        .WithHint(fmt::format("Its columns are: {}.", fmt::join(names, ", ")));
  }
  const bool shreds = std::any_of(
      info.features.begin(), info.features.end(),
      [](const TableFeature& feature) { return feature.name.starts_with("variantShredding"); });
  for (const std::string& column : columns.empty() ? names : columns) {
    if (shreds && details.variant_columns.contains(column)) {
      return Unsupported(fmt::format("{}: table feature variantShredding: column \"{}\" may hold "
                                     "shredded variants, which cannot be read",
                                     info.location, column))
          .WithHint("Leave the column out of the pipeline.");
    }
    if (details.columns_widened_in_container.contains(column)) {
      return Unsupported(fmt::format("{}: table feature typeWidening: a type inside of an array or "
                                     "map of column \"{}\" was widened, which cannot be read",
                                     info.location, column))
          .WithHint("Leave the column out of the pipeline, or rewrite the table.");
    }
  }
  return Status::Ok();
}

}  // namespace spillway
