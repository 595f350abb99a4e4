#include "sources/delta/delta_commit.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <charconv>
#include <utility>

#include "spillway_bridge.h"

namespace spillway {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

static_assert(BRIDGE_COMMIT_PADDING >= simdjson::SIMDJSON_PADDING);

class CommitParser {
 public:
  // One action. A message when it makes no sense.
  std::optional<std::string> Parse(std::string_view line);
  // REQUIRES: Parse has given a message.
  bool failed_as_json() const { return failed_as_json_; }

  DeltaCommit commit;

 private:
  std::optional<std::string> AddFile(const object& action, LoggedFile::Action kind);
  std::optional<std::string> AddVector(const element& vector, LoggedFile& file);
  std::optional<uint64_t> Records(const object& action);
  void NoteInfo(const object& info);

  simdjson::dom::parser parser_;
  simdjson::dom::parser statistics_parser_;
  bool failed_as_json_ = false;
};

std::optional<std::string_view> Text(const object& of, const char* key) {
  std::string_view text;
  if (of[key].get(text) != simdjson::SUCCESS) return std::nullopt;
  return text;
}

std::optional<std::string> CommitParser::Parse(std::string_view line) {
  element root;
  const auto error = parser_.parse(line.data(), line.size(), false).get(root);
  if (error != simdjson::SUCCESS) {
    failed_as_json_ = true;
    return simdjson::error_message(error);
  }
  object members;
  if (root.get(members) != simdjson::SUCCESS) return "not an object";
  for (const auto& [name, value] : members) {
    object action;
    if (value.get(action) != simdjson::SUCCESS) continue;
    if (name == "add") return AddFile(action, LoggedFile::Action::kAdd);
    if (name == "remove") return AddFile(action, LoggedFile::Action::kRemove);
    if (name == "cdc") return AddFile(action, LoggedFile::Action::kFeed);
    if (name == "metaData") commit.metadata = simdjson::minify(value);
    if (name == "protocol") commit.protocol = simdjson::minify(value);
    if (name == "commitInfo") NoteInfo(action);
  }
  return std::nullopt;
}

// Writers leave out NULLs, so that no values may mean NULL in the only partition column; but only
// where they do not leave out all values, as older writers do of removed files.
bool SaysEverything(const object& action, LoggedFile::Action kind) {
  bool is_extended = false;
  return kind != LoggedFile::Action::kRemove ||
         (action["extendedFileMetadata"].get(is_extended) == simdjson::SUCCESS && is_extended);
}

std::optional<std::string> CommitParser::AddFile(const object& action, LoggedFile::Action kind) {
  bool data_change = true;
  if (action["dataChange"].get(data_change) == simdjson::SUCCESS && !data_change &&
      kind != LoggedFile::Action::kFeed) {
    return std::nullopt;
  }
  const std::optional<std::string_view> path = Text(action, "path");
  if (!path.has_value() || path->empty()) return "a file without a path";
  LoggedFile file;
  file.path = *path;
  file.action = kind;
  int64_t size = 0;
  if (action["size"].get(size) == simdjson::SUCCESS) {
    if (size < 0) return fmt::format("\"{}\" has a negative size", file.path);
    file.size = static_cast<uint64_t>(size);
  }
  object values;
  if (action["partitionValues"].get(values) == simdjson::SUCCESS &&
      (values.size() > 0 || SaysEverything(action, kind))) {
    file.partition_values = simdjson::minify(values);
  }
  file.rows = Records(action);
  element vector;
  if (action["deletionVector"].get(vector) == simdjson::SUCCESS && !vector.is_null()) {
    if (auto why = AddVector(vector, file)) return why;
  }
  commit.files.push_back(std::move(file));
  return std::nullopt;
}

// The id is that of the Delta protocol, "Derived Fields".
std::optional<std::string> CommitParser::AddVector(const element& vector, LoggedFile& file) {
  object members;
  if (vector.get(members) != simdjson::SUCCESS) return "a deletion vector is not an object";
  const auto storage = Text(members, "storageType");
  const auto path = Text(members, "pathOrInlineDv");
  if (!storage.has_value() || !path.has_value()) return "a deletion vector without a place";
  file.deletion_vector = simdjson::minify(vector);
  file.deletion_vector_id = fmt::format("{}{}", *storage, *path);
  int64_t offset = 0;
  if (members["offset"].get(offset) == simdjson::SUCCESS) {
    file.deletion_vector_id += fmt::format("@{}", offset);
  }
  uint64_t deleted = 0;
  const bool is_counted = members["cardinality"].get(deleted) == simdjson::SUCCESS;
  if (!is_counted || !file.rows.has_value() || deleted > *file.rows) {
    file.rows.reset();
  } else {
    *file.rows -= deleted;
  }
  return std::nullopt;
}

std::optional<uint64_t> CommitParser::Records(const object& action) {
  const std::optional<std::string_view> text = Text(action, "stats");
  if (!text.has_value()) return std::nullopt;
  element statistics;
  uint64_t records = 0;
  const bool is_known =
      statistics_parser_.parse(text->data(), text->size()).get(statistics) == simdjson::SUCCESS &&
      statistics["numRecords"].get(records) == simdjson::SUCCESS;
  if (!is_known) return std::nullopt;
  return records;
}

// Spark writes metrics as texts, delta-rs as numbers.
std::optional<uint64_t> Metric(const element& value) {
  uint64_t number = 0;
  if (value.get(number) == simdjson::SUCCESS) return number;
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

void CommitParser::NoteInfo(const object& info) {
  int64_t timestamp_ms = 0;
  if (info["inCommitTimestamp"].get(timestamp_ms) == simdjson::SUCCESS) {
    commit.in_commit_timestamp_ms = timestamp_ms;
  }
  commit.operation = Text(info, "operation").value_or("");
  object metrics;
  if (info["operationMetrics"].get(metrics) != simdjson::SUCCESS) return;
  for (const auto& [name, value] : metrics) {
    if (const auto number = Metric(value)) commit.metrics.emplace(name, *number);
  }
  if (commit.operation != "MERGE") return;
  const auto is_zero = [&metrics](const char* name) { return Text(metrics, name) == "0"; };
  commit.is_merge_of_nothing = is_zero("numTargetRowsInserted") &&
                               is_zero("numTargetRowsUpdated") && is_zero("numTargetRowsDeleted");
}

bool IsBlank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

Result<ParsedCommit> ParseCommit(std::string_view content) {
  CommitParser parser;
  size_t line_number = 0;
  bool has_actions = false;
  while (!content.empty()) {
    const size_t end = content.find('\n');
    const std::string_view line = content.substr(0, end);
    ++line_number;
    if (!IsBlank(line)) {
      has_actions = true;
      if (const auto why = parser.Parse(line)) {
        const bool is_last = end == std::string_view::npos;
        if (is_last && parser.failed_as_json())
          return ParsedCommit{.commit = {}, .is_cut_off = true};
        return DataLoss(fmt::format("corrupt at line {}: {}", line_number, *why))
            .WithHint("Restore the named file of _delta_log, or the table.");
      }
    }
    content = end == std::string_view::npos ? std::string_view() : content.substr(end + 1);
  }
  return ParsedCommit{.commit = std::move(parser.commit), .is_cut_off = !has_actions};
}

}  // namespace spillway
