#include "state/state_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "state/state_json.h"

namespace spillway {
namespace {

constexpr std::string_view kFormat = "spillway_state";

std::string TextOfCheckpoint(const Checkpoint& checkpoint) {
  JsonWriter json;
  WriteCheckpointJson(checkpoint, json);
  return json.text();
}

std::string TextOfProgress(const std::vector<SplitProgress>& progress) {
  JsonWriter json;
  WriteProgressJson(progress, json);
  return json.text();
}

std::string Words(const Checkpoint& checkpoint) {
  std::string words = fmt::format(
      "version {} {} of table {}", checkpoint.version,
      checkpoint.phase == LoadPhase::kLoaded ? "loaded" : "being loaded", checkpoint.table_id);
  if (checkpoint.begun_through > 0) {
    words += fmt::format(", changes through version {} begun", checkpoint.begun_through);
  }
  return words;
}

// The same table and mapping, and not behind it.
bool GoesOnFrom(const Checkpoint& there, const Checkpoint& comes) {
  if (there.table_id != comes.table_id || there.mapping_hash != comes.mapping_hash) return false;
  if (there.version != comes.version) {
    // What was begun there may have been sent: only a position that is past it is newer.
    return there.version < comes.version &&
           there.begun_through <= std::max(comes.version, comes.begun_through);
  }
  return there.phase == LoadPhase::kLoading && comes.phase == LoadPhase::kLoaded;
}

Status RefuseOverwrite(const StateFile& file, const Checkpoint& there) {
  const bool same_table = there.table_id == file.checkpoint.table_id;
  return Conflict(
             fmt::format("pipeline {} has a position here that is {}: here {}; the file has {}",
                         file.pipeline, same_table ? "not older" : "another table's", Words(there),
                         Words(file.checkpoint)))
      .WithHint(
          "to replace it all the same, add --force: from an older position, documents go back to it"
          " until the next sync has caught up");
}

// The ids that the runs get here, by those that they had. A run that is here already is not
// doubled.
Result<std::map<int64_t, int64_t>> ImportRuns(StateStore& store, const StateFile& file) {
  ASSIGN_OR_RETURN(const std::vector<RunRecord> there,
                   store.Runs(file.pipeline, kStateFileRunsMax * 2));
  std::map<std::pair<int64_t, std::string>, int64_t> known;
  for (const RunRecord& run : there) known[{run.started_ms, run.kind}] = run.id;
  std::map<int64_t, int64_t> ids;
  for (auto run = file.runs.rbegin(); run != file.runs.rend(); ++run) {
    const auto found = known.find({run->started_ms, run->kind});
    if (found != known.end()) {
      ids[run->id] = found->second;
    } else {
      ASSIGN_OR_RETURN(ids[run->id], store.StartRun(*run));
    }
  }
  return ids;
}

Result<StateFile> ReadParts(const JsonNode& json) {
  StateFile file;
  ASSIGN_OR_RETURN(file.pipeline, TextOf(json, "pipeline"));
  ASSIGN_OR_RETURN(file.exported_ms, IntOf(json, "exported_ms"));
  ASSIGN_OR_RETURN(const JsonNode* checkpoint, MemberOf(json, "checkpoint"));
  ASSIGN_OR_RETURN(file.checkpoint, ReadCheckpointJson(*checkpoint));
  ASSIGN_OR_RETURN(const JsonNode* progress, MemberOf(json, "progress"));
  ASSIGN_OR_RETURN(file.progress, ReadProgressJson(*progress));
  ASSIGN_OR_RETURN(const JsonNode* rejected, MemberOf(json, "rejected"));
  ASSIGN_OR_RETURN(file.rejected, ReadRejectedJson(*rejected, file.pipeline));
  ASSIGN_OR_RETURN(const JsonNode* runs, MemberOf(json, "runs"));
  for (const JsonNode& element : runs->elements) {
    ASSIGN_OR_RETURN(RunRecord run, ReadRunJson(element));
    file.runs.push_back(std::move(run));
  }
  return file;
}

}  // namespace

Result<StateFile> ReadState(StateStore& store, std::string_view pipeline, int64_t now_ms) {
  StateFile file;
  file.pipeline = pipeline;
  file.exported_ms = now_ms;
  ASSIGN_OR_RETURN(std::optional<Checkpoint> checkpoint, store.LoadCheckpoint(pipeline));
  if (!checkpoint.has_value()) {
    return NotFound(fmt::format("pipeline {} has no state yet", pipeline))
        .WithHint(fmt::format("spillway sync {}", pipeline));
  }
  file.checkpoint = *std::move(checkpoint);
  ASSIGN_OR_RETURN(file.progress, store.LoadProgress(pipeline));
  ASSIGN_OR_RETURN(file.rejected, store.Rejected(pipeline, std::nullopt, UINT32_MAX));
  ASSIGN_OR_RETURN(file.runs, store.Runs(pipeline, kStateFileRunsMax));
  return file;
}

Result<std::string> FormatStateFile(const StateFile& file) {
  JsonWriter json(2);
  json.BeginObject().Field(kFormat, kStateFileFormat).Field("pipeline", file.pipeline);
  json.Field("exported_ms", file.exported_ms).Key("checkpoint");
  WriteCheckpointJson(file.checkpoint, json);
  json.Key("progress");
  WriteProgressJson(file.progress, json);
  json.Key("rejected");
  WriteRejectedJson(file.rejected, json);
  json.Key("runs").BeginArray();
  for (const RunRecord& run : file.runs) WriteRunJson(run, json);
  json.EndArray().EndObject();
  return Sealed(json.text());
}

Result<StateFile> ParseStateFile(std::string_view text) {
  // A newer format may have another checksum too: it is looked at first.
  Result<JsonNode> json = ParseJsonTree(text);
  if (!json.ok()) return DataLoss("this is not an exported state, or only a part of one");
  const Result<int64_t> format = IntOf(*json, kFormat);
  if (!format.ok()) return DataLoss("this is not an exported state");
  if (*format > kStateFileFormat) {
    return Unsupported(fmt::format("the state has format {}; this program knows formats up to {}",
                                   *format, kStateFileFormat))
        .WithHint("it was written by a newer Spillway: upgrade this one");
  }
  json = Unseal(text, {});
  if (!json.ok()) {
    return std::move(json)
        .status()
        .WithContext("the exported state is damaged")
        .WithHint("export it again: spillway state export PIPELINE --file FILE");
  }
  return ReadParts(*json);
}

Result<ImportOutcome> ImportState(StateStore& store, const StateFile& file, bool force) {
  const Result<std::optional<Checkpoint>> found = store.LoadCheckpoint(file.pipeline);
  const bool damaged = found.status().code() == StatusCode::kDataLoss;
  if (!found.ok() && !(force && damaged)) return found.status();
  if (found.ok() && found->has_value()) {
    const Checkpoint* there = &**found;
    ASSIGN_OR_RETURN(const std::vector<SplitProgress> progress, store.LoadProgress(file.pipeline));
    if (TextOfCheckpoint(*there) == TextOfCheckpoint(file.checkpoint) &&
        TextOfProgress(progress) == TextOfProgress(file.progress)) {
      return ImportOutcome::kAlreadyThere;
    }
    if (!force && !GoesOnFrom(*there, file.checkpoint)) return RefuseOverwrite(file, *there);
  }
  // The runs first: a position without them would not know what may still land (I3).
  ASSIGN_OR_RETURN(auto ids, ImportRuns(store, file));
  std::vector<RejectedRecord> rejected = file.rejected;
  for (RejectedRecord& row : rejected) row.run_id = ids[row.run_id];
  RETURN_IF_ERROR(store.Restore(file.pipeline, file.checkpoint, file.progress, rejected));
  return ImportOutcome::kImported;
}

}  // namespace spillway
