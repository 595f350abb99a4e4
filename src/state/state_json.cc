#include "state/state_json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <array>
#include <cmath>
#include <utility>

#include "json/canonical_hash.h"

namespace spillway {
namespace {

constexpr std::string_view kChecksum = "checksum";
constexpr double kExactIntegerMax = 9007199254740992.0;  // 2^53: beyond, a double is no count

// One list for both directions, so that they cannot differ.
using CountField = std::pair<std::string_view, uint64_t IntentCounts::*>;
constexpr std::array<CountField, 10> kCounts = {
    {{"read", &IntentCounts::read},
     {"upserted", &IntentCounts::upserted},
     {"inserted", &IntentCounts::inserted},
     {"replaced", &IntentCounts::replaced},
     {"deleted", &IntentCounts::deleted},
     {"delete_found_nothing", &IntentCounts::delete_found_nothing},
     {"unchanged", &IntentCounts::unchanged},
     {"superseded", &IntentCounts::superseded},
     {"filtered", &IntentCounts::filtered},
     {"rejected", &IntentCounts::rejected}}};

static_assert(sizeof(IntentCounts) == kCounts.size() * sizeof(uint64_t), "a count is missing");

constexpr std::array<std::string_view, 3> kHolds = {"none", "rolling_back", "held"};
constexpr std::array<std::string_view, 2> kPhases = {"loading", "loaded"};
constexpr std::array<std::string_view, 5> kRunStates = {"running", "succeeded", "failed", "stopped",
                                                        "abandoned"};

// Messages quote paths and services, which may be no UTF-8; JSON must be.
std::string AsUtf8(std::string text) {
  if (simdjson::validate_utf8(text)) return text;
  for (char& c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return text;
}

Status Wrong(std::string_view name, std::string_view what) {
  return DataLoss(fmt::format("`{}` {}", name, what));
}

Result<const JsonNode*> MemberOfKind(const JsonNode& object, std::string_view name,
                                     JsonNode::Kind kind) {
  ASSIGN_OR_RETURN(const JsonNode* node, MemberOf(object, name));
  if (node->kind != kind) return Wrong(name, "is of another type");
  return node;
}

Result<bool> BoolOf(const JsonNode& object, std::string_view name) {
  ASSIGN_OR_RETURN(const JsonNode* node, MemberOf(object, name));
  if (node->kind == JsonNode::Kind::kTrue) return true;
  if (node->kind == JsonNode::Kind::kFalse) return false;
  return Wrong(name, "is neither true nor false");
}

template <size_t kSize>
Result<size_t> WordOf(const JsonNode& object, std::string_view name,
                      const std::array<std::string_view, kSize>& words) {
  ASSIGN_OR_RETURN(const std::string word, TextOf(object, name));
  for (size_t i = 0; i < kSize; ++i) {
    if (words[i] == word) return i;
  }
  return Wrong(name, "is no word that is known");
}

Result<std::vector<std::string>> TextsOf(const JsonNode& object, std::string_view name) {
  ASSIGN_OR_RETURN(const JsonNode* list, MemberOfKind(object, name, JsonNode::Kind::kArray));
  std::vector<std::string> texts;
  for (const JsonNode& element : list->elements) {
    if (element.kind != JsonNode::Kind::kString) return Wrong(name, "holds more than texts");
    texts.push_back(element.text);
  }
  return texts;
}

Status CheckArray(const JsonNode& json, std::string_view what) {
  return json.kind == JsonNode::Kind::kArray ? Status::Ok() : Wrong(what, "is no list");
}

Result<RejectedRecord> ReadRejectedRow(const JsonNode& json, std::string_view pipeline) {
  RejectedRecord row;
  row.pipeline = pipeline;
  ASSIGN_OR_RETURN(row.run_id, IntOf(json, "run"));
  ASSIGN_OR_RETURN(row.version, IntOf(json, "version"));
  ASSIGN_OR_RETURN(row.split, TextOf(json, "split"));
  ASSIGN_OR_RETURN(row.row, UintOf(json, "row"));
  ASSIGN_OR_RETURN(row.key, TextOf(json, "key"));
  ASSIGN_OR_RETURN(row.reason, TextOf(json, "reason"));
  ASSIGN_OR_RETURN(row.message, TextOf(json, "message"));
  ASSIGN_OR_RETURN(row.at_ms, IntOf(json, "at_ms"));
  return row;
}

Result<std::string> ChecksumOf(std::string_view object,
                               const std::vector<std::string>& ignored_top_level) {
  std::vector<std::string> ignored = ignored_top_level;
  ignored.emplace_back(kChecksum);
  ASSIGN_OR_RETURN(const Hash128 hash, DurableCanonicalHash(object, ignored));
  return fmt::format("{:016x}{:016x}", hash.high, hash.low);
}

}  // namespace

void WriteCountsJson(const IntentCounts& counts, JsonWriter& json) {
  json.BeginObject();
  for (const auto& [name, member] : kCounts) json.Field(name, counts.*member);
  json.EndObject();
}

Result<IntentCounts> ReadCountsJson(const JsonNode& object) {
  ASSIGN_OR_RETURN(const JsonNode* json, MemberOf(object, "counts"));
  IntentCounts counts;
  for (const auto& [name, member] : kCounts) {
    ASSIGN_OR_RETURN(counts.*member, UintOf(*json, name));
  }
  return counts;
}

void WriteCheckpointJson(const Checkpoint& checkpoint, JsonWriter& json) {
  json.BeginObject().Field("table_id", checkpoint.table_id);
  json.Field("location", checkpoint.location).Field("version", checkpoint.version);
  json.Field("phase", kPhases[static_cast<size_t>(checkpoint.phase)]);
  json.Field("mapping_hash", checkpoint.mapping_hash).Field("splits", checkpoint.splits);
  json.Key("counts");
  WriteCountsJson(checkpoint.counts, json);
  json.Field("position", checkpoint.position).Field("begun_through", checkpoint.begun_through);
  json.Field("documents", checkpoint.documents).Field("sweep", checkpoint.sweep);
  json.Field("generation", checkpoint.generation);
  json.Key("late_columns").BeginArray();
  for (const std::string& column : checkpoint.late_columns) json.String(column);
  json.EndArray();
  if (checkpoint.hold != Hold::kNone) {
    json.Field("hold", kHolds[static_cast<size_t>(checkpoint.hold)]);
    json.Field("hold_version", checkpoint.hold_version);
  }
  json.EndObject();
}

Result<Checkpoint> ReadCheckpointJson(const JsonNode& json) {
  Checkpoint checkpoint;
  ASSIGN_OR_RETURN(checkpoint.table_id, TextOf(json, "table_id"));
  ASSIGN_OR_RETURN(checkpoint.location, TextOf(json, "location"));
  ASSIGN_OR_RETURN(checkpoint.version, IntOf(json, "version"));
  ASSIGN_OR_RETURN(const size_t phase, WordOf(json, "phase", kPhases));
  checkpoint.phase = static_cast<LoadPhase>(phase);
  ASSIGN_OR_RETURN(checkpoint.mapping_hash, TextOf(json, "mapping_hash"));
  ASSIGN_OR_RETURN(checkpoint.splits, UintOf(json, "splits"));
  ASSIGN_OR_RETURN(checkpoint.counts, ReadCountsJson(json));
  ASSIGN_OR_RETURN(checkpoint.position, TextOf(json, "position"));
  ASSIGN_OR_RETURN(checkpoint.begun_through, IntOf(json, "begun_through"));
  ASSIGN_OR_RETURN(checkpoint.documents, UintOf(json, "documents"));
  ASSIGN_OR_RETURN(checkpoint.sweep, BoolOf(json, "sweep"));
  ASSIGN_OR_RETURN(checkpoint.late_columns, TextsOf(json, "late_columns"));
  // What was written before there were any has none.
  if (json.Find("generation") != nullptr) {
    ASSIGN_OR_RETURN(checkpoint.generation, TextOf(json, "generation"));
  }
  if (json.Find("hold") == nullptr) return checkpoint;
  ASSIGN_OR_RETURN(const size_t hold, WordOf(json, "hold", kHolds));
  checkpoint.hold = static_cast<Hold>(hold);
  ASSIGN_OR_RETURN(checkpoint.hold_version, IntOf(json, "hold_version"));
  return checkpoint;
}

// Three numbers per split, without names: a table of many files has many.
void WriteProgressJson(const std::vector<SplitProgress>& progress, JsonWriter& json) {
  json.BeginArray();
  for (const SplitProgress& split : progress) {
    json.BeginArray().Uint(split.split).Uint(split.rows_settled).Uint(split.complete ? 1 : 0);
    json.EndArray();
  }
  json.EndArray();
}

Result<std::vector<SplitProgress>> ReadProgressJson(const JsonNode& json) {
  RETURN_IF_ERROR(CheckArray(json, "progress"));
  std::vector<SplitProgress> progress;
  for (const JsonNode& split : json.elements) {
    constexpr size_t kNumbers = 3;
    if (split.elements.size() != kNumbers) return Wrong("progress", "is not made of three numbers");
    for (const JsonNode& number : split.elements) {
      const bool whole = number.kind == JsonNode::Kind::kNumber && number.number >= 0 &&
                         number.number <= kExactIntegerMax;
      if (!whole) return Wrong("progress", "is not made of three numbers");
    }
    if (split.elements[0].number > UINT32_MAX) return Wrong("progress", "names no split");
    progress.push_back({static_cast<uint32_t>(split.elements[0].number),
                        static_cast<uint64_t>(split.elements[1].number),
                        split.elements[2].number != 0});
  }
  return progress;
}

void WriteRejectedJson(const std::vector<RejectedRecord>& rejected, JsonWriter& json) {
  json.BeginArray();
  for (const RejectedRecord& row : rejected) {
    json.BeginObject().Field("run", row.run_id).Field("version", row.version);
    json.Field("split", AsUtf8(row.split)).Field("row", row.row).Field("key", AsUtf8(row.key));
    json.Field("reason", AsUtf8(row.reason)).Field("message", AsUtf8(row.message));
    json.Field("at_ms", row.at_ms).EndObject();
  }
  json.EndArray();
}

Result<std::vector<RejectedRecord>> ReadRejectedJson(const JsonNode& json,
                                                     std::string_view pipeline) {
  RETURN_IF_ERROR(CheckArray(json, "rejected"));
  std::vector<RejectedRecord> rejected;
  for (const JsonNode& element : json.elements) {
    ASSIGN_OR_RETURN(RejectedRecord row, ReadRejectedRow(element, pipeline));
    rejected.push_back(std::move(row));
  }
  return rejected;
}

void WriteRunJson(const RunRecord& run, JsonWriter& json) {
  json.BeginObject().Field("run", run.id).Field("pipeline", run.pipeline).Field("kind", run.kind);
  json.Field("state", kRunStates[static_cast<size_t>(run.state)]);
  json.Field("started_ms", run.started_ms).Field("ended_ms", run.ended_ms);
  json.Field("version", run.version).Key("counts");
  WriteCountsJson(run.counts, json);
  json.Field("cost", run.cost).Field("requests", run.requests);
  json.Field("throttled_requests", run.throttled_requests).Field("bytes_sent", run.bytes_sent);
  json.Field("units_cap", run.units_cap).Field("peak_normalised", run.peak_normalised);
  json.Field("unsure", run.unsure).Field("message", AsUtf8(run.message)).EndObject();
}

namespace {

// Zero in what an earlier version wrote.
double LaterNumber(const JsonNode& json, std::string_view name) {
  const JsonNode* node = json.Find(name);
  return node != nullptr && node->kind == JsonNode::Kind::kNumber ? node->number : 0;
}

}  // namespace

Result<RunRecord> ReadRunJson(const JsonNode& json) {
  RunRecord run;
  ASSIGN_OR_RETURN(run.id, IntOf(json, "run"));
  ASSIGN_OR_RETURN(run.pipeline, TextOf(json, "pipeline"));
  ASSIGN_OR_RETURN(run.kind, TextOf(json, "kind"));
  ASSIGN_OR_RETURN(const size_t state, WordOf(json, "state", kRunStates));
  run.state = static_cast<RunState>(state);
  ASSIGN_OR_RETURN(run.started_ms, IntOf(json, "started_ms"));
  ASSIGN_OR_RETURN(run.ended_ms, IntOf(json, "ended_ms"));
  ASSIGN_OR_RETURN(run.version, IntOf(json, "version"));
  ASSIGN_OR_RETURN(run.counts, ReadCountsJson(json));
  ASSIGN_OR_RETURN(const JsonNode* cost, MemberOfKind(json, "cost", JsonNode::Kind::kNumber));
  run.cost = cost->number;
  ASSIGN_OR_RETURN(run.requests, UintOf(json, "requests"));
  ASSIGN_OR_RETURN(run.throttled_requests, UintOf(json, "throttled_requests"));
  ASSIGN_OR_RETURN(run.bytes_sent, UintOf(json, "bytes_sent"));
  run.units_cap = LaterNumber(json, "units_cap");
  run.peak_normalised = LaterNumber(json, "peak_normalised");
  ASSIGN_OR_RETURN(run.unsure, UintOf(json, "unsure"));
  ASSIGN_OR_RETURN(run.message, TextOf(json, "message"));
  return run;
}

Result<const JsonNode*> MemberOf(const JsonNode& object, std::string_view name) {
  const JsonNode* node = object.Find(name);
  if (node == nullptr) return Wrong(name, "is missing");
  return node;
}

Result<std::string> TextOf(const JsonNode& object, std::string_view name) {
  ASSIGN_OR_RETURN(const JsonNode* node, MemberOfKind(object, name, JsonNode::Kind::kString));
  return node->text;
}

Result<int64_t> IntOf(const JsonNode& object, std::string_view name) {
  ASSIGN_OR_RETURN(const JsonNode* node, MemberOfKind(object, name, JsonNode::Kind::kNumber));
  if (std::fabs(node->number) > kExactIntegerMax || std::trunc(node->number) != node->number) {
    return Wrong(name, "is no whole number");
  }
  return static_cast<int64_t>(node->number);
}

Result<uint64_t> UintOf(const JsonNode& object, std::string_view name) {
  ASSIGN_OR_RETURN(const int64_t value, IntOf(object, name));
  if (value < 0) return Wrong(name, "is negative");
  return static_cast<uint64_t>(value);
}

Result<std::string> Sealed(std::string_view object) {
  ASSIGN_OR_RETURN(const std::string checksum, ChecksumOf(object, {}));
  const std::string_view members = object.substr(object.find('{') + 1);
  return fmt::format("{{\"{}\":\"{}\",{}", kChecksum, checksum, members);
}

Result<JsonNode> Unseal(std::string_view text, const std::vector<std::string>& ignored_top_level) {
  ASSIGN_OR_RETURN(JsonNode object, ParseJsonTree(text));
  ASSIGN_OR_RETURN(const std::string stored, TextOf(object, kChecksum));
  ASSIGN_OR_RETURN(const std::string actual, ChecksumOf(text, ignored_top_level));
  if (stored != actual) return Wrong(kChecksum, "is not that of the content");
  return object;
}

}  // namespace spillway
