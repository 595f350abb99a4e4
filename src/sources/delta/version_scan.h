// The files that a version changed, opened for reading.
#ifndef SPILLWAY_SOURCES_DELTA_VERSION_SCAN_H_
#define SPILLWAY_SOURCES_DELTA_VERSION_SCAN_H_

#include <string>
#include <vector>

#include "connector/change_log.h"
#include "sources/delta/changed_files.h"
#include "sources/delta/delta_table.h"

namespace spillway {

// What a version's files are read with.
struct VersionScan {
  const DeltaTable& table;
  int64_t version = 0;
  const TableDefinition& before;  // of the version before: removed files were written under it
  const TableDefinition& after;
  const std::vector<std::string>& columns;  // projection; empty: all
};

// kUnsupported (names the table feature) when a column would be read wrongly. Makes no request,
// unless the log leaves out what a removed file holds: then the version before tells, and kDataLoss
// says that it cannot.
Result<ScanHandle> OpenVersionScan(const VersionScan& scan, const std::vector<ChangedFile>& files,
                                   const CallContext& ctx);

// The files in which two versions differ.
Result<ScanHandle> OpenDifference(const DeltaTable& table, const OpenedSnapshot& before,
                                  const OpenedSnapshot& after,
                                  const std::vector<std::string>& columns, const CallContext& ctx);

// kUnsupported when a scan has old images of a column whose type then was another: they cannot be
// told in the type that it has now.
Status CheckOldImages(const DeltaTable& table, const BridgeScan* scan, const ChangesInfo& info);

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_VERSION_SCAN_H_
