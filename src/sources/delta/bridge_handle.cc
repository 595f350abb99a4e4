#include "sources/delta/bridge_handle.h"

#include <string>

namespace spillway {
namespace {

StatusCode CodeOf(int32_t code) {
  switch (static_cast<BridgeCode>(code)) {
    case BRIDGE_OK:
      return StatusCode::kOk;
    case BRIDGE_INVALID_ARGUMENT:
      return StatusCode::kInvalidArgument;
    case BRIDGE_TABLE_NOT_FOUND:
    case BRIDGE_LOG_EMPTY:
    case BRIDGE_VERSION_NOT_FOUND:
    case BRIDGE_NOT_FOUND:
      return StatusCode::kNotFound;
    case BRIDGE_FEATURE_UNSUPPORTED:
    case BRIDGE_PATH_ESCAPES:
      return StatusCode::kUnsupported;
    case BRIDGE_LOG_CORRUPT:
    case BRIDGE_FILE_MISSING:
    case BRIDGE_FILE_CORRUPT:
      return StatusCode::kDataLoss;
    case BRIDGE_UNAUTHENTICATED:
      return StatusCode::kUnauthenticated;
    case BRIDGE_PERMISSION_DENIED:
      return StatusCode::kPermissionDenied;
    case BRIDGE_UNAVAILABLE:
      return StatusCode::kUnavailable;
    case BRIDGE_CANCELLED:
      return StatusCode::kCancelled;
    case BRIDGE_INTERNAL:
      return StatusCode::kInternal;
  }
  return StatusCode::kInternal;
}

const char* HintFor(int32_t code) {
  switch (code) {
    case BRIDGE_TABLE_NOT_FOUND:
      return "Check the root and the name of the table.";
    case BRIDGE_LOG_EMPTY:
      return "The table's first commit has not been written, or was deleted.";
    case BRIDGE_VERSION_NOT_FOUND:
      return "Choose a version that the table still keeps.";
    case BRIDGE_LOG_CORRUPT:
      return "Restore the named file of _delta_log, or the table.";
    case BRIDGE_FILE_MISSING:
      return "VACUUM may have removed it: read a newer version, or restore the file.";
    case BRIDGE_FILE_CORRUPT:
      return "Restore the file, or remove it from the table.";
    case BRIDGE_PATH_ESCAPES:
      return "Files outside of the table are not read; shallow clones have such: make it deep.";
    case BRIDGE_UNAUTHENTICATED:
    case BRIDGE_PERMISSION_DENIED:
      return "Check the credentials of the connection.";
    default:
      return "";
  }
}

}  // namespace

Status BridgeFailure::ToStatus(std::string_view doing) const {
  const StatusCode code = CodeOf(error_.code);
  if (code == StatusCode::kOk) return Status::Ok();
  return Status(code, std::string(FromBridge(error_.message)))
      .WithContext(doing)
      .WithHint(HintFor(error_.code));
}

}  // namespace spillway
