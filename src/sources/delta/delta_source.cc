#include "sources/delta/delta_source.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "sources/delta/delta_change_log.h"
#include "sources/delta/delta_history.h"
#include "sources/delta/delta_position.h"
#include "sources/delta/delta_predicate.h"
#include "sources/delta/delta_snapshot.h"
#include "sources/delta/delta_table.h"

namespace spillway {
namespace {

class DeltaSource : public Source {
 public:
  explicit DeltaSource(std::shared_ptr<const DeltaTable> table) : table_(std::move(table)) {}

  Result<std::unique_ptr<Snapshot>> OpenSnapshot(const SnapshotRequest& request,
                                                 const CallContext& ctx) override {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    ASSIGN_OR_RETURN(const int64_t version, ResolveVersion(request.at, ctx));
    ASSIGN_OR_RETURN(OpenedSnapshot opened, table_->OpenSnapshot(version, ctx));
    DeltaTableDetails& details = opened.details;
    RETURN_IF_ERROR(CheckReadable(details, request.columns));
    const std::string predicate =
        request.filter.has_value() ? SkippingPredicate(*request.filter, details.leaf_types) : "";
    ASSIGN_OR_RETURN(ScanHandle scan,
                     table_->OpenScan(opened.handle.get(), request.columns, predicate, ctx));
    ASSIGN_OR_RETURN(std::string position, PositionOf(details, ctx));
    return DeltaSnapshot::Make(std::move(scan), std::move(details.info), std::move(position),
                               request.batch_bytes_target);
  }

  Result<std::unique_ptr<ChangeLog>> OpenChanges(const ChangesRequest& request,
                                                 const CallContext& ctx) override {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    return DeltaChangeLog::Open(table_, request, ctx);
  }

  Result<TableHistory> ReadHistory(const HistoryRequest& request, const CallContext& ctx) override {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    return ReadDeltaHistory(*table_, request, ctx);
  }

 private:
  Result<int64_t> ResolveVersion(const VersionSelector& at, const CallContext& ctx) {
    if (at.version.has_value() && at.timestamp_ms.has_value()) {
      return InvalidArgument("a version and a timestamp are given: only one can choose");
    }
    if (at.version.has_value() && *at.version < 0) {
      return InvalidArgument(fmt::format("version {} is negative", *at.version));
    }
    if (!at.timestamp_ms.has_value()) return at.version.value_or(BRIDGE_VERSION_LATEST);
    return table_->VersionAt(*at.timestamp_ms, ctx);
  }

  // Empty when the table's schema is too large to be followed: it can still be loaded.
  Result<std::string> PositionOf(const DeltaTableDetails& details, const CallContext& ctx) {
    ASSIGN_OR_RETURN(const auto commit, table_->ReadCommit(details.info.version, ctx));
    DeltaPosition position{.version = details.info.version,
                           .table_id = details.info.table_id,
                           .fingerprint = {},
                           .metadata = details.metadata,
                           .protocol = details.protocol};
    if (commit.has_value()) position.fingerprint = CommitFingerprint(commit->content);
    Result<std::string> text = ToText(position);
    return text.ok() ? text : std::string();
  }

  const std::shared_ptr<const DeltaTable> table_;
};

int32_t BridgeCodeOf(StatusCode code) {
  switch (code) {
    case StatusCode::kInvalidArgument:
      return BRIDGE_INVALID_ARGUMENT;
    case StatusCode::kUnauthenticated:
      return BRIDGE_UNAUTHENTICATED;
    case StatusCode::kPermissionDenied:
      return BRIDGE_PERMISSION_DENIED;
    case StatusCode::kCancelled:
      return BRIDGE_CANCELLED;
    default:
      return BRIDGE_UNAVAILABLE;
  }
}

// The bridge waits for what it asks no longer than a stop: the fetch itself has a bound of its own.
void AskForToken(void* context, BridgeTokenReply* reply) {
  const auto& use = *static_cast<const TokenUse*>(context);
  const Result<GivenToken> token = use.provider->Get(use.scope, {});
  if (token.ok()) return bridge_token_give(reply, ToBridge(token->text));
  bridge_token_refuse(reply, BridgeCodeOf(token.status().code()),
                      ToBridge(token.status().message()));
}

BridgeTokenSource TokenSourceOf(const TokenUse& use) {
  if (!use.given()) return {};
  return {.context = new TokenUse(use), .ask = &AskForToken, .release = +[](void* context) {
            delete static_cast<TokenUse*>(context);
          }};
}

}  // namespace

Result<std::unique_ptr<Source>> MakeDeltaSource(DeltaOptions options) {
  ASSIGN_OR_RETURN(std::string location, TableLocation(options));
  std::vector<BridgeOption> storage;
  for (const auto& [key, value] : options.storage) {
    storage.push_back({ToBridge(key), ToBridge(value)});
  }
  BridgeFailure failure;
  BridgeEngine* engine = nullptr;
  const BridgeTokenSource tokens = TokenSourceOf(options.token);
  bridge_engine_open(ToBridge(location), storage.data(), storage.size(),
                     options.token.given() ? &tokens : nullptr, &engine, failure.Receive());
  RETURN_IF_ERROR(failure.ToStatus(fmt::format("opening {}", location)));
  return std::unique_ptr<Source>(std::make_unique<DeltaSource>(
      std::make_shared<const DeltaTable>(EngineHandle(engine), std::move(location))));
}

}  // namespace spillway
