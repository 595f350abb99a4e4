// TableHistory: what the last versions of a table did to its rows, as its log tells: how many, not
// which.
#ifndef SPILLWAY_MODEL_TABLE_HISTORY_H_
#define SPILLWAY_MODEL_TABLE_HISTORY_H_

#include <cstdint>
#include <string>
#include <vector>

namespace spillway {

// Where the numbers of rows come from.
enum class RowCountBasis : uint8_t {
  kMetrics,  // the writer counted the rows that it changed
  kFiles,    // the rows of the files that were added and removed: at most so many
  kUnknown,  // neither is told
};

struct VersionRows {
  int64_t version = 0;
  int64_t timestamp_ms = 0;  // UTC
  std::string operation;     // in the writer's words; empty: not said
  RowCountBasis basis = RowCountBasis::kMetrics;
  uint64_t inserted = 0;
  uint64_t updated = 0;
  uint64_t deleted = 0;
};

struct TableHistory {
  std::vector<VersionRows> versions;  // ascending; without the one that made the table
  // The span that they are all of: since the time that was asked for, or as far as the log goes
  // back, up to the newest version. 0: nothing is known.
  int64_t from_ms = 0;
  bool complete = true;  // false: older versions of the span were left out, there are too many
};

}  // namespace spillway

#endif  // SPILLWAY_MODEL_TABLE_HISTORY_H_
