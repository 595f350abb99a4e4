// A commit of a Delta log: its actions, as far as they say what changed (Delta protocol,
// "Actions").
#ifndef SPILLWAY_SOURCES_DELTA_DELTA_COMMIT_H_
#define SPILLWAY_SOURCES_DELTA_DELTA_COMMIT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace spillway {

// A file that a commit adds, removes, or names as part of the change feed. There may be a hundred
// thousand of them in one commit.
struct LoggedFile {
  enum class Action : uint8_t { kAdd, kRemove, kFeed };

  std::string path;                // as in the log: relative, percent-encoded
  std::string partition_values;    // a JSON object, NULLs may be left out; empty: not said
  std::string deletion_vector;     // a JSON object; empty: none
  std::string deletion_vector_id;  // unique within the table; empty: none
  uint64_t size = 0;               // bytes; 0: not said
  std::optional<uint64_t> rows;    // live ones, when the log has statistics
  Action action = Action::kAdd;
};

struct DeltaCommit {
  // In the order of the log's lines. Added and removed files that changed no row (dataChange:
  // false) are left out.
  std::vector<LoggedFile> files;
  std::string metadata;  // the metaData action, a JSON object; empty: left as it was
  std::string protocol;  // the protocol action, a JSON object; empty: left as it was
  std::optional<int64_t> in_commit_timestamp_ms;
  // A MERGE whose metrics say that it changed no row, although it may have rewritten files.
  bool is_merge_of_nothing = false;
  std::string operation;  // in the writer's words; empty: not said
  // Of the operation, by the writer's own names; numbers only.
  std::map<std::string, uint64_t, std::less<>> metrics;
};

struct ParsedCommit {
  DeltaCommit commit;
  // The last line ends in its middle, or there is none: a writer may still be at it. `commit` means
  // nothing then.
  bool is_cut_off = false;
};

// `content` is followed by BRIDGE_COMMIT_PADDING readable bytes. kDataLoss names the line that
// makes no sense.
Result<ParsedCommit> ParseCommit(std::string_view content);

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_DELTA_COMMIT_H_
