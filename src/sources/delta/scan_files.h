// What a scan of the bridge says of itself, in our types.
#ifndef SPILLWAY_SOURCES_DELTA_SCAN_FILES_H_
#define SPILLWAY_SOURCES_DELTA_SCAN_FILES_H_

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "model/arrow_abi.h"
#include "sources/delta/bridge_handle.h"

namespace spillway {

// Of all batches of the scan. `location` is for messages.
Result<std::shared_ptr<const OwnedSchema>> SchemaOf(const BridgeScan* scan,
                                                    const std::string& location);
// REQUIRES: index < bridge_scan_file_count. The texts live with the scan.
BridgeFile FileAt(const BridgeScan* scan, size_t index);
// Splits are numbered with 32 bits: kTooLarge when the scan has more files than that.
Status CheckCountable(const BridgeScan* scan, const std::string& location);
// The name of the work that reading this file is, unique within the scan.
std::string SplitKey(const BridgeFile& file);
// When the log has statistics.
std::optional<uint64_t> LiveRows(const BridgeFile& file);

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_SCAN_FILES_H_
