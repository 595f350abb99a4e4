#include "sources/delta/version_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sources/delta/resync_hint.h"
#include "sources/delta/scan_files.h"

namespace spillway {
namespace {

// Older writers leave out what a removed file holds.
bool LacksValues(const ChangedFile& changed, const TableDefinition& before) {
  return changed.role == BRIDGE_ROWS_WERE_LIVE && changed.file.partition_values.empty() &&
         !before.details.info.partition_columns.empty();
}

Result<ScanHandle> OpenEarlier(const VersionScan& scan, const std::string& path,
                               const CallContext& ctx) {
  const auto open = [&]() -> Result<ScanHandle> {
    ASSIGN_OR_RETURN(const OpenedSnapshot earlier, scan.table.OpenSnapshot(scan.version - 1, ctx));
    return scan.table.OpenScan(earlier.handle.get(), {}, "", ctx);
  };
  Result<ScanHandle> opened = open();
  const StatusCode code = opened.status().code();
  if (code != StatusCode::kNotFound && code != StatusCode::kDataLoss) return opened;
  return DataLoss(
             fmt::format("version {} of {} removes {} without its partition values, and version "
                         "{}, which would tell them, can no longer be read: {}",
                         scan.version, scan.table.location(), path, scan.version - 1,
                         opened.status().message()))
      .WithHint(kResyncHint);
}

std::vector<std::string> Present(const std::vector<std::string>& columns, const TableInfo& info) {
  std::vector<std::string> present;
  for (const std::string& column : columns) {
    const auto is_it = [&column](const ColumnInfo& known) { return known.name == column; };
    if (std::any_of(info.columns.begin(), info.columns.end(), is_it)) present.push_back(column);
  }
  return present;
}

// As CheckReadable, for a projection that may name columns of other versions.
Status CheckColumns(const DeltaTableDetails& details, const std::vector<std::string>& columns) {
  if (columns.empty()) return CheckReadable(details, columns);
  const std::vector<std::string> present = Present(columns, details.info);
  return present.empty() ? Status::Ok() : CheckReadable(details, present);
}

BridgeChangedFile Described(const ChangedFile& changed) {
  const LoggedFile& file = changed.file;
  return {.path = ToBridge(file.path),
          .partition_values = ToBridge(file.partition_values),
          .deletion_vector = ToBridge(file.deletion_vector),
          .deletion_vector_before = ToBridge(changed.deletion_vector_before),
          .size = file.size,
          .role = changed.role};
}

}  // namespace

Result<ScanHandle> OpenVersionScan(const VersionScan& scan, const std::vector<ChangedFile>& files,
                                   const CallContext& ctx) {
  RETURN_IF_ERROR(CheckColumns(scan.after.details, scan.columns));
  const auto lacking = std::find_if(files.begin(), files.end(), [&](const ChangedFile& file) {
    return LacksValues(file, scan.before);
  });
  ScanHandle earlier;
  if (lacking != files.end()) {
    ASSIGN_OR_RETURN(earlier, OpenEarlier(scan, lacking->file.path, ctx));
  }
  std::vector<BridgeChangedFile> named;
  named.reserve(files.size());
  for (const ChangedFile& file : files) named.push_back(Described(file));
  const std::vector<BridgeText> columns = ToBridge(scan.columns);
  BridgeFailure failure;
  BridgeScan* opened = nullptr;
  bridge_changes_open(scan.after.handle.get(), scan.before.handle.get(), columns.data(),
                      columns.size(), named.data(), named.size(), earlier.get(), &opened,
                      failure.Receive());
  RETURN_IF_ERROR(
      failure.ToStatus(fmt::format("commit {} of {}", scan.version, scan.table.location())));
  return ScanHandle(opened);
}

Result<ScanHandle> OpenDifference(const DeltaTable& table, const OpenedSnapshot& before,
                                  const OpenedSnapshot& after,
                                  const std::vector<std::string>& columns, const CallContext& ctx) {
  RETURN_IF_ERROR(CheckColumns(after.details, columns));
  ASSIGN_OR_RETURN(const ScanHandle files_before, table.OpenScan(before.handle.get(), {}, "", ctx));
  ASSIGN_OR_RETURN(const ScanHandle files_after, table.OpenScan(after.handle.get(), {}, "", ctx));
  const std::vector<BridgeText> names = ToBridge(columns);
  BridgeFailure failure;
  BridgeScan* opened = nullptr;
  bridge_changes_between(files_before.get(), files_after.get(), names.data(), names.size(), &opened,
                         failure.Receive());
  RETURN_IF_ERROR(failure.ToStatus(fmt::format("comparing versions of {}", table.location())));
  return ScanHandle(opened);
}

Status CheckOldImages(const DeltaTable& table, const BridgeScan* scan, const ChangesInfo& info) {
  const auto retyped = std::find_if(
      info.column_changes.begin(), info.column_changes.end(),
      [](const ColumnChange& change) { return change.kind == ColumnChange::Kind::kRetyped; });
  if (retyped == info.column_changes.end()) return Status::Ok();
  const size_t count = bridge_scan_file_count(scan);
  for (size_t i = 0; i < count; ++i) {
    if (FileAt(scan, i).role != BRIDGE_ROWS_WERE_LIVE) continue;
    return Unsupported(fmt::format("version {} of {} removes rows and makes column \"{}\" {} where "
                                   "it was {}: the removed rows cannot be told",
                                   info.version, table.location(), retyped->column,
                                   retyped->new_type, retyped->old_type))
        .WithHint(kResyncHint);
  }
  return Status::Ok();
}

}  // namespace spillway
