#include "sources/delta/delta_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace spillway {
namespace {

std::vector<int64_t> Copied(BridgeVersions versions) {
  return {versions.data, versions.data + versions.size};
}

}  // namespace

bool LogListing::HasCommit(int64_t version) const {
  return std::binary_search(commits.begin(), commits.end(), version);
}

std::optional<int64_t> LogListing::newest() const {
  if (commits.empty() && checkpoints.empty()) return std::nullopt;
  const int64_t none = -1;
  return std::max(commits.empty() ? none : commits.back(),
                  checkpoints.empty() ? none : checkpoints.back());
}

bool DeltaTable::is_local() const {
  return location_.find("://") == std::string::npos || location_.starts_with("file://");
}

Result<int64_t> DeltaTable::VersionAt(int64_t timestamp_ms, const CallContext& ctx) const {
  const StoppableCall call(ctx.stop);
  BridgeFailure failure;
  uint64_t version = 0;
  bridge_version_at(engine_.get(), timestamp_ms, call.cancellation(), &version, failure.Receive());
  RETURN_IF_ERROR(failure.ToStatus(fmt::format("opening {}", location_)));
  return static_cast<int64_t>(version);
}

Result<OpenedSnapshot> DeltaTable::OpenSnapshot(int64_t version, const CallContext& ctx) const {
  const StoppableCall call(ctx.stop);
  BridgeFailure failure;
  BridgeSnapshot* snapshot = nullptr;
  bridge_snapshot_open(engine_.get(), version, call.cancellation(), &snapshot, failure.Receive());
  RETURN_IF_ERROR(failure.ToStatus(fmt::format("opening {}", location_)));
  OpenedSnapshot opened{.handle = SnapshotHandle(snapshot), .details = {}};
  ASSIGN_OR_RETURN(opened.details,
                   ParseTableDetails(FromBridge(bridge_snapshot_details(snapshot))));
  return opened;
}

Result<ScanHandle> DeltaTable::OpenScan(const BridgeSnapshot* snapshot,
                                        const std::vector<std::string>& columns,
                                        std::string_view predicate, const CallContext& ctx) const {
  const StoppableCall call(ctx.stop);
  const std::vector<BridgeText> names = ToBridge(columns);
  BridgeFailure failure;
  BridgeScan* scan = nullptr;
  bridge_scan_open(snapshot, names.data(), names.size(), ToBridge(predicate), call.cancellation(),
                   &scan, failure.Receive());
  RETURN_IF_ERROR(failure.ToStatus(fmt::format("listing the files of {}", location_)));
  return ScanHandle(scan);
}

Result<std::optional<CommitFile>> DeltaTable::ReadCommit(int64_t version,
                                                         const CallContext& ctx) const {
  ASSIGN_OR_RETURN(std::vector<CommitFile> read, ReadCommits(version, 1, ctx));
  if (read.empty()) return std::optional<CommitFile>();
  return std::optional<CommitFile>(std::move(read.front()));
}

Result<std::vector<CommitFile>> DeltaTable::ReadCommits(int64_t first_version, size_t count,
                                                        const CallContext& ctx) const {
  const StoppableCall call(ctx.stop);
  BridgeFailure failure;
  std::vector<BridgeCommit*> read(count, nullptr);
  bridge_commits_read(engine_.get(), static_cast<uint64_t>(first_version), count,
                      call.cancellation(), read.data(), failure.Receive());
  std::vector<CommitHandle> handles(read.begin(), read.end());
  RETURN_IF_ERROR(failure.ToStatus(fmt::format("reading the log of {}", location_)));
  std::vector<CommitFile> files;
  for (CommitHandle& handle : handles) {
    if (handle == nullptr) break;
    const BridgeCommit* commit = handle.get();
    files.push_back({.handle = std::move(handle),
                     .content = FromBridge(bridge_commit_content(commit)),
                     .modified_ms = bridge_commit_modified_ms(commit)});
  }
  return files;
}

Result<LogListing> DeltaTable::ListLog(int64_t from_version, const CallContext& ctx) const {
  const StoppableCall call(ctx.stop);
  BridgeFailure failure;
  BridgeLogFiles* files = nullptr;
  bridge_log_files_list(engine_.get(), static_cast<uint64_t>(from_version), call.cancellation(),
                        &files, failure.Receive());
  const LogFilesHandle held(files);
  RETURN_IF_ERROR(failure.ToStatus(fmt::format("listing the log of {}", location_)));
  return LogListing{.commits = Copied(bridge_log_files_commits(files)),
                    .checkpoints = Copied(bridge_log_files_checkpoints(files))};
}

Result<std::shared_ptr<const TableDefinition>> DeltaTable::Define(std::string_view metadata,
                                                                  std::string_view protocol,
                                                                  int64_t version) const {
  BridgeFailure failure;
  BridgeDefinition* definition = nullptr;
  bridge_definition_open(engine_.get(), ToBridge(metadata), ToBridge(protocol),
                         static_cast<uint64_t>(version), &definition, failure.Receive());
  RETURN_IF_ERROR(failure.ToStatus(fmt::format("version {} of {}", version, location_)));
  DefinitionHandle handle(definition);
  ASSIGN_OR_RETURN(DeltaTableDetails details,
                   ParseTableDetails(FromBridge(bridge_definition_details(definition))));
  return std::make_shared<const TableDefinition>(
      TableDefinition{.handle = std::move(handle), .details = std::move(details)});
}

std::vector<BridgeText> ToBridge(const std::vector<std::string>& texts) {
  std::vector<BridgeText> out;
  out.reserve(texts.size());
  for (const std::string& text : texts) out.push_back(ToBridge(text));
  return out;
}

}  // namespace spillway
