// DeltaTable: one table behind the bridge: its snapshots, its log and its definitions as Results.
// Mechanism only: what they mean is decided by those who ask.
#ifndef SPILLWAY_SOURCES_DELTA_DELTA_TABLE_H_
#define SPILLWAY_SOURCES_DELTA_DELTA_TABLE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/call_context.h"
#include "base/result.h"
#include "sources/delta/bridge_handle.h"
#include "sources/delta/delta_table_info.h"

namespace spillway {

// A commit file of the log.
struct CommitFile {
  CommitHandle handle;
  std::string_view content;  // followed by BRIDGE_COMMIT_PADDING zeros; lives with the handle
  int64_t modified_ms = 0;
};

// Versions of the log, ascending.
struct LogListing {
  std::vector<int64_t> commits;
  std::vector<int64_t> checkpoints;

  bool HasCommit(int64_t version) const;
  // Nothing when nothing was listed.
  std::optional<int64_t> newest() const;
};

// What a version says of its table. Immutable and thread-safe.
struct TableDefinition {
  DefinitionHandle handle;
  DeltaTableDetails details;
};

struct OpenedSnapshot {
  SnapshotHandle handle;
  DeltaTableDetails details;
};

// Thread-safe.
class DeltaTable {
 public:
  DeltaTable(EngineHandle engine, std::string location)
      : engine_(std::move(engine)), location_(std::move(location)) {}

  const std::string& location() const { return location_; }
  bool is_local() const;

  Result<int64_t> VersionAt(int64_t timestamp_ms, const CallContext& ctx) const;
  // BRIDGE_VERSION_LATEST, or a version.
  Result<OpenedSnapshot> OpenSnapshot(int64_t version, const CallContext& ctx) const;
  Result<ScanHandle> OpenScan(const BridgeSnapshot* snapshot,
                              const std::vector<std::string>& columns, std::string_view predicate,
                              const CallContext& ctx) const;
  // nullopt when there is no such commit. One request.
  Result<std::optional<CommitFile>> ReadCommit(int64_t version, const CallContext& ctx) const;
  // `count` commits from a version on, up to the first that is not there. One request each, at the
  // same time.
  Result<std::vector<CommitFile>> ReadCommits(int64_t first_version, size_t count,
                                              const CallContext& ctx) const;
  // The log's files from a version on; empty when there are none, or no log.
  Result<LogListing> ListLog(int64_t from_version, const CallContext& ctx) const;
  // `metadata` and `protocol` are the log's actions. kUnsupported names the feature that cannot be
  // read. Makes no request.
  Result<std::shared_ptr<const TableDefinition>> Define(std::string_view metadata,
                                                        std::string_view protocol,
                                                        int64_t version) const;

 private:
  const EngineHandle engine_;
  const std::string location_;
};

std::vector<BridgeText> ToBridge(const std::vector<std::string>& texts);

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_DELTA_TABLE_H_
