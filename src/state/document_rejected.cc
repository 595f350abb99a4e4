#include "state/document_rejected.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "state/state_json.h"

namespace spillway {
namespace {

constexpr size_t kRowsOfDocumentMax = 100;
constexpr size_t kBytesOfDocumentMax = 32 << 10;

std::string Prefix(std::optional<int64_t> load) {
  return load.has_value() ? fmt::format("rejected:{:08}:", *load) : "rejected:";
}

// Behind every id that begins with the prefix: its last character is a colon.
std::string Behind(std::string prefix) {
  prefix.back() = ';';
  return prefix;
}

size_t BytesOf(const RejectedRecord& row) {
  constexpr size_t kNamesBytesMax = 160;
  return row.split.size() + row.key.size() + row.reason.size() + row.message.size() +
         kNamesBytesMax;
}

}  // namespace

Result<std::vector<TableWrite>> WritesOfRejected(std::string_view pipeline, int64_t load,
                                                 int64_t sequence,
                                                 const std::vector<RejectedRecord>& rejected) {
  std::vector<TableWrite> writes;
  for (auto first = rejected.begin(); first != rejected.end();) {
    auto end = first;
    for (size_t bytes = 0;
         end != rejected.end() && static_cast<size_t>(end - first) < kRowsOfDocumentMax &&
         (end == first || bytes + BytesOf(*end) <= kBytesOfDocumentMax);
         ++end) {
      bytes += BytesOf(*end);
    }
    StateDocumentWriter writer(
        pipeline, fmt::format("{}{:012}:{:06}", Prefix(load), sequence, writes.size()));
    writer.json().Field("load", load).Key("rows");
    WriteRejectedJson({first, end}, writer.json());
    ASSIGN_OR_RETURN(TableWrite write, writer.Finish(TableWrite::Kind::kUpsert));
    writes.push_back(std::move(write));
    first = end;
  }
  return writes;
}

Result<std::vector<RejectedRecord>> ReadRejected(StateTable& table, std::string_view pipeline,
                                                 std::optional<int64_t> load) {
  const std::string prefix = Prefix(load);
  ASSIGN_OR_RETURN(const std::vector<StateDocument> documents,
                   table.List(pipeline, prefix, Behind(prefix)));
  using Place = std::tuple<int64_t, int64_t, std::string, uint64_t>;
  std::map<Place, RejectedRecord> rows;
  for (const StateDocument& document : documents) {
    ASSIGN_OR_RETURN(const int64_t of_load, IntOf(document.json, "load"));
    ASSIGN_OR_RETURN(const JsonNode* json, MemberOf(document.json, "rows"));
    ASSIGN_OR_RETURN(std::vector<RejectedRecord> read, ReadRejectedJson(*json, pipeline));
    for (RejectedRecord& row : read) {
      Place place{of_load, row.version, row.split, row.row};
      rows.insert_or_assign(std::move(place), std::move(row));
    }
  }
  std::vector<RejectedRecord> rejected;
  for (auto& [place, row] : rows) rejected.push_back(std::move(row));
  return rejected;
}

Result<std::vector<TableWrite>> DeletionsOfRejected(StateTable& table, std::string_view pipeline,
                                                    int64_t load) {
  ASSIGN_OR_RETURN(const std::vector<StateDocument> documents,
                   table.List(pipeline, Prefix(std::nullopt), Prefix(std::max<int64_t>(load, 0))));
  std::vector<TableWrite> writes;
  for (const StateDocument& document : documents) {
    writes.push_back({TableWrite::Kind::kDelete, document.id, {}, {}});
  }
  return writes;
}

}  // namespace spillway
