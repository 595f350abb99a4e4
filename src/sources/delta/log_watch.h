// LogWatch: what listings of a table's log say about following it: whether the next commit is still
// to come, was cleaned away, or should be there and is not.
#ifndef SPILLWAY_SOURCES_DELTA_LOG_WATCH_H_
#define SPILLWAY_SOURCES_DELTA_LOG_WATCH_H_

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "sources/delta/delta_table.h"

namespace spillway {

struct LogState {
  int64_t newest = 0;
  // The commit after `version` was cleaned away with all before it (delta.logRetentionDuration):
  // the first version that is left.
  std::optional<int64_t> cleaned_before;
  // The commit after `version` is missing between others.
  bool has_gap = false;
};

// Lists the log from `version` on, a version that was there. kDataLoss when the table cannot be the
// one that had it; kNotFound when there is no log.
Result<LogState> LookAtLog(const DeltaTable& table, int64_t version, const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_LOG_WATCH_H_
