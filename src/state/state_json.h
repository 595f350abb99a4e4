// The nouns of the state store as JSON: what an export holds, and what a store keeps that is made
// of documents. Readers take nothing for granted: what is missing, of another type or out of range
// is kDataLoss that names it.
#ifndef SPILLWAY_STATE_STATE_JSON_H_
#define SPILLWAY_STATE_STATE_JSON_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.h"
#include "base/result.h"
#include "json/json_tree.h"
#include "state/state_store.h"

namespace spillway {

// Each writes one JSON value.
void WriteCountsJson(const IntentCounts& counts, JsonWriter& json);
void WriteCheckpointJson(const Checkpoint& checkpoint, JsonWriter& json);
void WriteProgressJson(const std::vector<SplitProgress>& progress, JsonWriter& json);
void WriteRejectedJson(const std::vector<RejectedRecord>& rejected, JsonWriter& json);
void WriteRunJson(const RunRecord& run, JsonWriter& json);

// The member "counts" of an object.
Result<IntentCounts> ReadCountsJson(const JsonNode& object);
Result<Checkpoint> ReadCheckpointJson(const JsonNode& json);
Result<std::vector<SplitProgress>> ReadProgressJson(const JsonNode& json);
// The pipeline is not part of the text.
Result<std::vector<RejectedRecord>> ReadRejectedJson(const JsonNode& json,
                                                     std::string_view pipeline);
Result<RunRecord> ReadRunJson(const JsonNode& json);

// Members of an object; kDataLoss when missing or of another kind.
Result<const JsonNode*> MemberOf(const JsonNode& object, std::string_view name);
Result<std::string> TextOf(const JsonNode& object, std::string_view name);
Result<int64_t> IntOf(const JsonNode& object, std::string_view name);
Result<uint64_t> UintOf(const JsonNode& object, std::string_view name);

// `object` (one JSON object) with its checksum as a first member: what was changed or cut since is
// noticed. Members in `ignored_top_level`, and the checksum itself, do not count. kDataLoss: it is
// no JSON object with a member or more.
Result<std::string> Sealed(std::string_view object);
// The object; kDataLoss when it is no JSON, has no checksum, or another one than its content.
Result<JsonNode> Unseal(std::string_view text, const std::vector<std::string>& ignored_top_level);

}  // namespace spillway

#endif  // SPILLWAY_STATE_STATE_JSON_H_
