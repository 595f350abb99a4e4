// StateFile: the state of one pipeline as one JSON document, to be carried to another store: where
// it stands, its rejected rows, and the runs whose last writes may still matter. It holds no
// credentials; keys of rejected rows and paths are in it.
#ifndef SPILLWAY_STATE_STATE_FILE_H_
#define SPILLWAY_STATE_STATE_FILE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "state/state_store.h"

namespace spillway {

inline constexpr int64_t kStateFileFormat = 1;
inline constexpr uint32_t kStateFileRunsMax = 100;  // the newest; older history stays behind

struct StateFile {
  std::string pipeline;
  int64_t exported_ms = 0;
  Checkpoint checkpoint;
  std::vector<SplitProgress> progress;
  std::vector<RejectedRecord> rejected;
  std::vector<RunRecord> runs;  // newest first
};

// kNotFound when the pipeline has no state.
Result<StateFile> ReadState(StateStore& store, std::string_view pipeline, int64_t now_ms);

Result<std::string> FormatStateFile(const StateFile& file);
// kDataLoss: not one of ours, cut off or changed. kUnsupported: of a newer format.
Result<StateFile> ParseStateFile(std::string_view text);

enum class ImportOutcome : uint8_t { kImported, kAlreadyThere };

// Puts the state into `store`. REQUIRES: the caller holds the pipeline's lease there. kConflict,
// unless forced: a position is there that is newer, or of another table or mapping. kDataLoss,
// unless forced: what is there is damaged.
Result<ImportOutcome> ImportState(StateStore& store, const StateFile& file, bool force);

}  // namespace spillway

#endif  // SPILLWAY_STATE_STATE_FILE_H_
