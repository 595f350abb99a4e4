// Owners of the bridge's handles, and its errors as our Status. The only way from C++ to the C ABI.
#ifndef SPILLWAY_SOURCES_DELTA_BRIDGE_HANDLE_H_
#define SPILLWAY_SOURCES_DELTA_BRIDGE_HANDLE_H_

#include <memory>
#include <stop_token>
#include <string_view>

#include "base/status.h"
#include "spillway_bridge.h"

namespace spillway {

template <auto kFree>
struct FreeWith {
  template <typename T>
  void operator()(T* handle) const {
    kFree(handle);
  }
};

using EngineHandle = std::unique_ptr<BridgeEngine, FreeWith<bridge_engine_free>>;
using SnapshotHandle = std::unique_ptr<BridgeSnapshot, FreeWith<bridge_snapshot_free>>;
using ScanHandle = std::unique_ptr<BridgeScan, FreeWith<bridge_scan_free>>;
using ReaderHandle = std::unique_ptr<BridgeReader, FreeWith<bridge_reader_free>>;
using CommitHandle = std::unique_ptr<BridgeCommit, FreeWith<bridge_commit_free>>;
using LogFilesHandle = std::unique_ptr<BridgeLogFiles, FreeWith<bridge_log_files_free>>;
using DefinitionHandle = std::unique_ptr<BridgeDefinition, FreeWith<bridge_definition_free>>;
using CancellationHandle = std::unique_ptr<BridgeCancellation, FreeWith<bridge_cancellation_free>>;

inline BridgeText ToBridge(std::string_view text) {
  return {text.data(), text.size()};
}
inline std::string_view FromBridge(BridgeText text) {
  return {text.data, text.size};
}

// Receives the error of one call.
class BridgeFailure {
 public:
  BridgeFailure() = default;
  ~BridgeFailure() { bridge_error_free(&error_); }
  BridgeFailure(const BridgeFailure&) = delete;
  BridgeFailure& operator=(const BridgeFailure&) = delete;

  BridgeError* Receive() { return &error_; }
  bool IsFileMissing() const { return error_.code == BRIDGE_FILE_MISSING; }
  // OK when the call was. `doing` is put in front of the message.
  Status ToStatus(std::string_view doing) const;

 private:
  BridgeError error_{};
};

// Forwards a stop request to the bridge for as long as it lives. REQUIRES: the cancellation lives
// longer.
class StopForwarder {
 public:
  StopForwarder(const std::stop_token& stop, const BridgeCancellation* cancellation)
      : callback_(stop, Request{cancellation}) {}

 private:
  struct Request {
    const BridgeCancellation* cancellation;
    void operator()() const { bridge_cancellation_request(cancellation); }
  };
  std::stop_callback<Request> callback_;
};

// What one blocking call of the bridge is stopped by.
class StoppableCall {
 public:
  explicit StoppableCall(const std::stop_token& stop)
      : cancellation_(bridge_cancellation_new()), forwarder_(stop, cancellation_.get()) {}

  const BridgeCancellation* cancellation() const { return cancellation_.get(); }

 private:
  const CancellationHandle cancellation_;
  const StopForwarder forwarder_;
};

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_BRIDGE_HANDLE_H_
