#include "app/part_text.h"

#include <cstring>
#include <utility>

#include "base/json_writer.h"
#include "state/state_json.h"

namespace spillway {
namespace {

void WriteSplit(const SplitOutcome& split, JsonWriter& json) {
  json.BeginObject().Field("split", split.split).Field("first_row", split.first_row);
  json.Field("rows", split.rows).Field("identities", uint64_t{split.identities.size()});
  json.Key("counts");
  WriteCountsJson(split.counts, json);
  json.Key("rejected").BeginArray();
  for (const RejectedRow& row : split.rejected) {
    json.BeginObject().Field("row", row.row).Field("key", row.key).Field("reason", row.reason);
    json.Field("message", row.message).EndObject();
  }
  json.EndArray().EndObject();
}

Result<RejectedRow> ReadRejected(const JsonNode& json) {
  RejectedRow row;
  ASSIGN_OR_RETURN(const uint64_t place, UintOf(json, "row"));
  row.row = static_cast<uint32_t>(place);
  ASSIGN_OR_RETURN(row.key, TextOf(json, "key"));
  ASSIGN_OR_RETURN(row.reason, TextOf(json, "reason"));
  ASSIGN_OR_RETURN(row.message, TextOf(json, "message"));
  return row;
}

// Takes its identities from the front of `records`.
Result<SplitOutcome> ReadSplit(const JsonNode& json, std::string_view& records) {
  SplitOutcome split;
  ASSIGN_OR_RETURN(const uint64_t number, UintOf(json, "split"));
  split.split = static_cast<uint32_t>(number);
  ASSIGN_OR_RETURN(split.first_row, UintOf(json, "first_row"));
  ASSIGN_OR_RETURN(split.rows, UintOf(json, "rows"));
  ASSIGN_OR_RETURN(split.counts, ReadCountsJson(json));
  ASSIGN_OR_RETURN(const JsonNode* const rejected, MemberOf(json, "rejected"));
  for (const JsonNode& row : rejected->elements) {
    ASSIGN_OR_RETURN(RejectedRow found, ReadRejected(row));
    split.rejected.push_back(std::move(found));
  }
  ASSIGN_OR_RETURN(const uint64_t identities, UintOf(json, "identities"));
  if (identities > records.size() / sizeof(IdentityRecord)) {
    return DataLoss("the outcome of a part is cut");
  }
  if (identities == 0) return split;
  split.identities.resize(identities);
  std::memcpy(split.identities.data(), records.data(), identities * sizeof(IdentityRecord));
  records.remove_prefix(identities * sizeof(IdentityRecord));
  return split;
}

}  // namespace

std::string PartText(uint32_t part, const SplitRunWork& work) {
  JsonWriter json;
  json.BeginObject().Field("part", part).Field("table_id", work.table_id);
  json.Field("version", work.version).Field("run", work.run_id).Key("splits").BeginArray();
  for (size_t i = 0; i < work.work.size(); ++i) {
    json.BeginObject().Field("split", work.work[i].split);
    json.Field("skip_rows", work.work[i].skip_rows).Field("key", work.keys[i]).EndObject();
  }
  return json.EndArray().EndObject().text();
}

Result<ReadPartText> ParsePartText(std::string_view text) {
  ASSIGN_OR_RETURN(const JsonNode json, ParseJsonTree(text));
  ReadPartText read;
  ASSIGN_OR_RETURN(const uint64_t part, UintOf(json, "part"));
  read.part = static_cast<uint32_t>(part);
  ASSIGN_OR_RETURN(read.work.table_id, TextOf(json, "table_id"));
  ASSIGN_OR_RETURN(read.work.version, IntOf(json, "version"));
  ASSIGN_OR_RETURN(read.work.run_id, IntOf(json, "run"));
  ASSIGN_OR_RETURN(const JsonNode* const splits, MemberOf(json, "splits"));
  for (const JsonNode& split : splits->elements) {
    SplitWork work;
    ASSIGN_OR_RETURN(const uint64_t number, UintOf(split, "split"));
    work.split = static_cast<uint32_t>(number);
    ASSIGN_OR_RETURN(work.skip_rows, UintOf(split, "skip_rows"));
    ASSIGN_OR_RETURN(std::string key, TextOf(split, "key"));
    read.work.work.push_back(std::move(work));
    read.work.keys.push_back(std::move(key));
  }
  return read;
}

std::string OutcomeText(uint32_t part, const CrewOutcome& outcome) {
  JsonWriter json;
  json.BeginObject().Field("part", part).Field("cost", outcome.cost);
  json.Field("requests", outcome.requests);
  json.Field("throttled_requests", outcome.throttled_requests);
  json.Field("bytes_sent", outcome.bytes_sent).Key("splits").BeginArray();
  for (const SplitOutcome& split : outcome.splits) WriteSplit(split, json);
  std::string text(json.EndArray().EndObject().text());
  text += '\n';
  for (const SplitOutcome& split : outcome.splits) {
    text.append(reinterpret_cast<const char*>(split.identities.data()),
                split.identities.size() * sizeof(IdentityRecord));
  }
  return text;
}

Result<ReadOutcomeText> ParseOutcomeText(std::string_view text) {
  const size_t line = text.find('\n');
  if (line == std::string_view::npos) return DataLoss("the outcome of a part is cut");
  ASSIGN_OR_RETURN(const JsonNode json, ParseJsonTree(text.substr(0, line)));
  std::string_view records = text.substr(line + 1);
  ReadOutcomeText read;
  ASSIGN_OR_RETURN(const uint64_t part, UintOf(json, "part"));
  read.part = static_cast<uint32_t>(part);
  ASSIGN_OR_RETURN(const JsonNode* const cost, MemberOf(json, "cost"));
  read.outcome.cost = cost->number;
  ASSIGN_OR_RETURN(read.outcome.requests, UintOf(json, "requests"));
  ASSIGN_OR_RETURN(read.outcome.throttled_requests, UintOf(json, "throttled_requests"));
  ASSIGN_OR_RETURN(read.outcome.bytes_sent, UintOf(json, "bytes_sent"));
  ASSIGN_OR_RETURN(const JsonNode* const splits, MemberOf(json, "splits"));
  for (const JsonNode& split : splits->elements) {
    ASSIGN_OR_RETURN(SplitOutcome found, ReadSplit(split, records));
    read.outcome.splits.push_back(std::move(found));
  }
  if (!records.empty()) return DataLoss("the outcome of a part has more than it says");
  return read;
}

}  // namespace spillway
