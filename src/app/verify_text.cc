#include "app/verify_text.h"

#include <cstring>
#include <type_traits>
#include <utility>

#include "base/json_writer.h"
#include "state/state_json.h"

namespace spillway {
namespace {

static_assert(std::is_trivially_copyable_v<VerifyRecord> && sizeof(VerifyRecord) == 40);

constexpr std::string_view kSource = "source";
constexpr std::string_view kDestination = "destination";

std::string_view NameOf(VerifyOutcome::Side side) {
  return side == VerifyOutcome::Side::kSource ? kSource : kDestination;
}

Result<VerifyOutcome::Side> SideOf(const JsonNode& json) {
  ASSIGN_OR_RETURN(const std::string name, TextOf(json, "side"));
  if (name == kSource) return VerifyOutcome::Side::kSource;
  if (name == kDestination) return VerifyOutcome::Side::kDestination;
  return DataLoss("a part is of no side of the verification");
}

Result<double> NumberOf(const JsonNode& json, std::string_view name) {
  ASSIGN_OR_RETURN(const JsonNode* const found, MemberOf(json, name));
  return found->number;
}

}  // namespace

std::string VerifyPartText(uint32_t part, const VerifyPartWork& work) {
  JsonWriter json;
  json.BeginObject().Field("part", part).Field("side", NameOf(work.side));
  json.Field("table_id", work.table_id).Field("version", work.version);
  json.Field("from", work.from).Field("to", work.to).Key("late_columns").BeginArray();
  for (const std::string& column : work.late_columns) json.String(column);
  json.EndArray().Key("rows").BeginArray();
  for (size_t i = 0; i < work.rows.size(); ++i) {
    json.BeginObject().Field("split", work.rows[i].split).Field("first", work.rows[i].first);
    json.Field("count", work.rows[i].count).Field("key", work.keys[i]).EndObject();
  }
  return json.EndArray().EndObject().text();
}

Result<ReadVerifyPart> ParseVerifyPart(std::string_view text) {
  ASSIGN_OR_RETURN(const JsonNode json, ParseJsonTree(text));
  ReadVerifyPart read;
  ASSIGN_OR_RETURN(const uint64_t part, UintOf(json, "part"));
  read.part = static_cast<uint32_t>(part);
  VerifyPartWork& work = read.work;
  ASSIGN_OR_RETURN(work.side, SideOf(json));
  ASSIGN_OR_RETURN(work.table_id, TextOf(json, "table_id"));
  ASSIGN_OR_RETURN(work.version, IntOf(json, "version"));
  ASSIGN_OR_RETURN(work.from, NumberOf(json, "from"));
  ASSIGN_OR_RETURN(work.to, NumberOf(json, "to"));
  ASSIGN_OR_RETURN(const JsonNode* const columns, MemberOf(json, "late_columns"));
  for (const JsonNode& column : columns->elements) work.late_columns.push_back(column.text);
  ASSIGN_OR_RETURN(const JsonNode* const rows, MemberOf(json, "rows"));
  for (const JsonNode& some : rows->elements) {
    SplitRows found;
    ASSIGN_OR_RETURN(const uint64_t split, UintOf(some, "split"));
    found.split = static_cast<uint32_t>(split);
    ASSIGN_OR_RETURN(found.first, UintOf(some, "first"));
    ASSIGN_OR_RETURN(found.count, UintOf(some, "count"));
    ASSIGN_OR_RETURN(std::string key, TextOf(some, "key"));
    work.rows.push_back(found);
    work.keys.push_back(std::move(key));
  }
  return read;
}

std::string VerifyOutcomeText(uint32_t part, const VerifyOutcome& outcome) {
  JsonWriter json;
  json.BeginObject().Field("part", part).Field("side", NameOf(outcome.side));
  json.Field("records", uint64_t{outcome.records.size()}).Field("others", outcome.others);
  json.Field("rejected", outcome.rejected).Field("keys", uint64_t{outcome.keys.size()});
  std::string text(json.Field("cost", outcome.cost).EndObject().text());
  text += '\n';
  text.append(reinterpret_cast<const char*>(outcome.records.data()),
              outcome.records.size() * sizeof(VerifyRecord));
  return text.append(outcome.keys);
}

Result<ReadVerifyOutcome> ParseVerifyOutcome(std::string_view text) {
  const size_t line = text.find('\n');
  if (line == std::string_view::npos) return DataLoss("the outcome of a part is cut");
  ASSIGN_OR_RETURN(const JsonNode json, ParseJsonTree(text.substr(0, line)));
  const std::string_view rest = text.substr(line + 1);
  ReadVerifyOutcome read;
  VerifyOutcome& outcome = read.outcome;
  ASSIGN_OR_RETURN(const uint64_t part, UintOf(json, "part"));
  read.part = static_cast<uint32_t>(part);
  ASSIGN_OR_RETURN(outcome.side, SideOf(json));
  ASSIGN_OR_RETURN(const uint64_t records, UintOf(json, "records"));
  ASSIGN_OR_RETURN(outcome.others, UintOf(json, "others"));
  ASSIGN_OR_RETURN(outcome.rejected, UintOf(json, "rejected"));
  ASSIGN_OR_RETURN(const uint64_t keys, UintOf(json, "keys"));
  ASSIGN_OR_RETURN(outcome.cost, NumberOf(json, "cost"));
  if (records > kVerifyPartRecordsMax || keys > rest.size() ||
      rest.size() - keys != records * sizeof(VerifyRecord)) {
    return DataLoss("the outcome of a part is cut, or has more than it says");
  }
  outcome.records.resize(records);
  if (records > 0) {
    std::memcpy(outcome.records.data(), rest.data(), records * sizeof(VerifyRecord));
  }
  outcome.keys = rest.substr(rest.size() - keys);
  return read;
}

}  // namespace spillway
