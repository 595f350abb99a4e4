#include "sources/delta/scan_files.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace spillway {

Result<std::shared_ptr<const OwnedSchema>> SchemaOf(const BridgeScan* scan,
                                                    const std::string& location) {
  BridgeFailure failure;
  auto schema = std::make_shared<OwnedSchema>();
  bridge_scan_schema(scan, schema->Receive(), failure.Receive());
  RETURN_IF_ERROR(failure.ToStatus(fmt::format("the schema of {}", location)));
  return std::shared_ptr<const OwnedSchema>(std::move(schema));
}

BridgeFile FileAt(const BridgeScan* scan, size_t index) {
  BridgeFile file{};
  bridge_scan_file(scan, index, &file);
  return file;
}

Status CheckCountable(const BridgeScan* scan, const std::string& location) {
  if (bridge_scan_file_count(scan) <= std::numeric_limits<uint32_t>::max()) return Status::Ok();
  return TooLarge(fmt::format("{} has more files than can be numbered", location));
}

// Log paths are percent-encoded: no '?' of their own.
std::string SplitKey(const BridgeFile& file) {
  std::string key(FromBridge(file.path));
  if (file.deletion_vector_id.size > 0) {
    key.append("?dv=").append(FromBridge(file.deletion_vector_id));
  }
  switch (static_cast<BridgeRole>(file.role)) {
    case BRIDGE_ROWS_LIVE:
      break;
    case BRIDGE_ROWS_WERE_LIVE:
      key.append("?removed");
      break;
    case BRIDGE_ROWS_BETWEEN_VECTORS:
      key.append("?changed");
      break;
    case BRIDGE_ROWS_OF_FEED:
      key.append("?feed");
      break;
  }
  return key;
}

std::optional<uint64_t> LiveRows(const BridgeFile& file) {
  if (!file.has_records || file.deleted > file.records) return std::nullopt;
  return file.records - file.deleted;
}

}  // namespace spillway
