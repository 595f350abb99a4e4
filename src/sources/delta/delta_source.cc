#include "sources/delta/delta_source.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "sources/delta/bridge_handle.h"
#include "sources/delta/delta_predicate.h"
#include "sources/delta/delta_snapshot.h"
#include "sources/delta/delta_table_info.h"

namespace spillway {
namespace {

class DeltaSource : public Source {
 public:
  DeltaSource(EngineHandle engine, std::string location)
      : engine_(std::move(engine)), location_(std::move(location)) {}

  Result<std::unique_ptr<Snapshot>> OpenSnapshot(const SnapshotRequest& request,
                                                 const CallContext& ctx) override {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    const CancellationHandle cancellation(bridge_cancellation_new());
    const StopForwarder forwarder(ctx.stop, cancellation.get());
    ASSIGN_OR_RETURN(const int64_t version, ResolveVersion(request.at, cancellation.get()));
    ASSIGN_OR_RETURN(const SnapshotHandle snapshot, OpenVersion(version, cancellation.get()));
    ASSIGN_OR_RETURN(DeltaTableDetails details,
                     ParseTableDetails(FromBridge(bridge_snapshot_details(snapshot.get()))));
    RETURN_IF_ERROR(CheckReadable(details, request.columns));
    ASSIGN_OR_RETURN(ScanHandle scan,
                     OpenScan(snapshot.get(), request, details.leaf_types, cancellation.get()));
    return DeltaSnapshot::Make(std::move(scan), std::move(details.info),
                               request.batch_bytes_target);
  }

  Result<std::unique_ptr<ChangeLog>> OpenChanges(const ChangesRequest&,
                                                 const CallContext&) override {
    return Unsupported(fmt::format("{}: changes cannot be read yet", location_));
  }

 private:
  Result<int64_t> ResolveVersion(const VersionSelector& at,
                                 const BridgeCancellation* cancellation) {
    if (at.version.has_value() && at.timestamp_ms.has_value()) {
      return InvalidArgument("a version and a timestamp are given: only one can choose");
    }
    if (at.version.has_value() && *at.version < 0) {
      return InvalidArgument(fmt::format("version {} is negative", *at.version));
    }
    if (!at.timestamp_ms.has_value()) return at.version.value_or(BRIDGE_VERSION_LATEST);
    BridgeFailure failure;
    uint64_t version = 0;
    bridge_version_at(engine_.get(), *at.timestamp_ms, cancellation, &version, failure.Receive());
    RETURN_IF_ERROR(failure.ToStatus(fmt::format("opening {}", location_)));
    return static_cast<int64_t>(version);
  }

  Result<SnapshotHandle> OpenVersion(int64_t version, const BridgeCancellation* cancellation) {
    BridgeFailure failure;
    BridgeSnapshot* snapshot = nullptr;
    bridge_snapshot_open(engine_.get(), version, cancellation, &snapshot, failure.Receive());
    RETURN_IF_ERROR(failure.ToStatus(fmt::format("opening {}", location_)));
    return SnapshotHandle(snapshot);
  }

  Result<ScanHandle> OpenScan(const BridgeSnapshot* snapshot, const SnapshotRequest& request,
                              const LeafTypes& types, const BridgeCancellation* cancellation) {
    const std::string predicate =
        request.filter.has_value() ? SkippingPredicate(*request.filter, types) : "";
    std::vector<BridgeText> columns;
    for (const std::string& column : request.columns) columns.push_back(ToBridge(column));
    BridgeFailure failure;
    BridgeScan* scan = nullptr;
    bridge_scan_open(snapshot, columns.data(), columns.size(), ToBridge(predicate), cancellation,
                     &scan, failure.Receive());
    RETURN_IF_ERROR(failure.ToStatus(fmt::format("listing the files of {}", location_)));
    return ScanHandle(scan);
  }

  const EngineHandle engine_;
  const std::string location_;
};

}  // namespace

Result<std::unique_ptr<Source>> MakeDeltaSource(DeltaOptions options) {
  ASSIGN_OR_RETURN(std::string location, TableLocation(options));
  std::vector<BridgeOption> storage;
  for (const auto& [key, value] : options.storage) {
    storage.push_back({ToBridge(key), ToBridge(value)});
  }
  BridgeFailure failure;
  BridgeEngine* engine = nullptr;
  bridge_engine_open(ToBridge(location), storage.data(), storage.size(), &engine,
                     failure.Receive());
  RETURN_IF_ERROR(failure.ToStatus(fmt::format("opening {}", location)));
  return std::unique_ptr<Source>(
      std::make_unique<DeltaSource>(EngineHandle(engine), std::move(location)));
}

}  // namespace spillway
