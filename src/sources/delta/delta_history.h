// The history of a Delta table: what its last commits did to rows, as their metrics say, or as the
// statistics of their files let one conclude. Facts: Delta protocol, "Commit Provenance
// Information"; the metrics' names are those of Spark's and delta-rs's writers.
#ifndef SPILLWAY_SOURCES_DELTA_DELTA_HISTORY_H_
#define SPILLWAY_SOURCES_DELTA_DELTA_HISTORY_H_

#include "connector/source.h"
#include "model/table_history.h"
#include "sources/delta/delta_commit.h"
#include "sources/delta/delta_table.h"

namespace spillway {

// Commits read for a history, at most; the newest.
inline constexpr uint64_t kHistoryCommitsMax = 2'000;

// `version`, `timestamp_ms` are left as they are.
VersionRows RowsOf(const DeltaCommit& commit);

// Reads commits from `request.through` back. Ends, without an error, where the log was cleaned.
Result<TableHistory> ReadDeltaHistory(const DeltaTable& table, const HistoryRequest& request,
                                      const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_DELTA_HISTORY_H_
