#include "sources/delta/delta_change_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sources/delta/changed_files.h"
#include "sources/delta/column_changes.h"
#include "sources/delta/delta_retention.h"
#include "sources/delta/delta_version_changes.h"
#include "sources/delta/resync_hint.h"
#include "sources/delta/version_scan.h"

namespace spillway {
namespace {

constexpr PollInterval kLocalPolls{std::chrono::milliseconds(2), std::chrono::milliseconds(5)};
constexpr PollInterval kRemotePolls{std::chrono::milliseconds(500),
                                    std::chrono::milliseconds(10'000)};

std::unique_ptr<VersionChanges> Nothing() {
  return nullptr;
}

bool IsLost(const Status& status) {
  return status.code() == StatusCode::kNotFound || status.code() == StatusCode::kDataLoss;
}

bool NeedsOldFiles(const DeltaCommit& commit) {
  return std::any_of(commit.files.begin(), commit.files.end(), [](const LoggedFile& file) {
    return file.action != LoggedFile::Action::kAdd;
  });
}

}  // namespace

Result<std::unique_ptr<ChangeLog>> DeltaChangeLog::Open(std::shared_ptr<const DeltaTable> table,
                                                        ChangesRequest request,
                                                        const CallContext& ctx) {
  ASSIGN_OR_RETURN(DeltaPosition position, ParsePosition(request.after));
  ASSIGN_OR_RETURN(auto definition,
                   table->Define(position.metadata, position.protocol, position.version));
  std::unique_ptr<DeltaChangeLog> log(new DeltaChangeLog(
      std::move(table), std::move(request), std::move(position), std::move(definition)));
  RETURN_IF_ERROR(log->Look(ctx));
  RETURN_IF_ERROR(log->CheckSameTable(ctx));
  return std::unique_ptr<ChangeLog>(std::move(log));
}

DeltaChangeLog::DeltaChangeLog(std::shared_ptr<const DeltaTable> table, ChangesRequest request,
                               DeltaPosition position,
                               std::shared_ptr<const TableDefinition> definition)
    : table_(std::move(table)),
      request_(std::move(request)),
      position_(std::move(position)),
      definition_(std::move(definition)),
      commits_(table_),
      known_latest_(position_.version) {}

PollInterval DeltaChangeLog::poll_interval() const {
  return table_->is_local() ? kLocalPolls : kRemotePolls;
}

Result<int64_t> DeltaChangeLog::LatestVersion(const CallContext& ctx) {
  ASSIGN_OR_RETURN(const LogState state, LookAtLog(*table_, version(), ctx));
  known_latest_ = state.newest;
  return known_latest_;
}

Status DeltaChangeLog::Look(const CallContext& ctx) {
  ASSIGN_OR_RETURN(const LogState state, LookAtLog(*table_, version(), ctx));
  known_latest_ = state.newest;
  if (request_.policy == ChangePolicy::kDiff) return Status::Ok();
  if (state.has_gap) {
    return DataLoss(fmt::format("commit {} is missing from the log of {}, which goes on to {}",
                                version() + 1, table_->location(), state.newest))
        .WithHint(fmt::format("Restore the commit's file in _delta_log. {}", kResyncHint));
  }
  if (!state.cleaned_before.has_value()) return Status::Ok();
  std::string cleaned = fmt::format("the commits from {} to {} were cleaned from the log",
                                    version() + 1, *state.cleaned_before - 1);
  if (request_.policy == ChangePolicy::kAuto) {
    difference_reason_ = std::move(cleaned);
    return Status::Ok();
  }
  return DataLoss(fmt::format("{} of {}: what they changed is lost", cleaned, table_->location()))
      .WithHint(fmt::format("`changes: auto` compares the versions where it can. {}", kResyncHint));
}

Status DeltaChangeLog::CheckSameTable(const CallContext& ctx) const {
  ASSIGN_OR_RETURN(const auto commit, table_->ReadCommit(version(), ctx));
  if (!commit.has_value() || position_.fingerprint.empty()) {
    ASSIGN_OR_RETURN(const OpenedSnapshot latest, table_->OpenSnapshot(BRIDGE_VERSION_LATEST, ctx));
    return CheckTableId(latest.details.info.table_id, latest.details.info.version);
  }
  if (CommitFingerprint(commit->content) == position_.fingerprint) return Status::Ok();
  return DataLoss(fmt::format("commit {} of {} is not the one that was read before: the table was "
                              "created anew, or its log was rewritten",
                              version(), table_->location()))
      .WithHint(kResyncHint);
}

Status DeltaChangeLog::CheckTableId(const std::string& table_id, int64_t at_version) const {
  if (table_id == position_.table_id) return Status::Ok();
  return DataLoss(fmt::format("{} was replaced by version {}: its id is {} where the checkpoint's "
                              "table has {}. What it holds has nothing to do with what was loaded",
                              table_->location(), at_version, table_id, position_.table_id))
      .WithHint(kResyncHint);
}

Result<std::unique_ptr<VersionChanges>> DeltaChangeLog::Next(const CallContext& ctx) {
  RETURN_IF_ERROR(ctx.CheckNotStopped());
  if (request_.until.has_value() && version() >= *request_.until) return Nothing();
  if (!difference_reason_.empty()) return TellDifference(ctx);
  ASSIGN_OR_RETURN(std::optional<CommitFile> file, ReadNext(ctx));
  if (!difference_reason_.empty()) return TellDifference(ctx);
  // Two versions are compared whether or not the commits between them are still there.
  const bool is_behind = known_latest_ > version() && request_.policy == ChangePolicy::kDiff;
  if (!file.has_value() && !is_behind) return Nothing();
  // Nothing was seen of the table in between: it may have been created anew and have grown.
  if (idle_polls_ > 0) RETURN_IF_ERROR(CheckSameTable(ctx));
  if (request_.policy == ChangePolicy::kDiff) return TellDifference(ctx);
  return Tell(*std::move(file), ctx);
}

bool DeltaChangeLog::IsTimeToLook() const {
  const uint32_t per_listing =
      table_->is_local() ? kLocalIdlePollsPerListing : kIdlePollsPerListing;
  return known_latest_ > version() || idle_polls_ % per_listing == 0;
}

Result<std::optional<CommitFile>> DeltaChangeLog::ReadNext(const CallContext& ctx) {
  const int64_t next = version() + 1;
  ASSIGN_OR_RETURN(auto file, commits_.Read(next, known_latest_, ctx));
  if (file.has_value()) return file;
  ++idle_polls_;
  if (!IsTimeToLook()) return file;
  RETURN_IF_ERROR(Look(ctx));
  if (known_latest_ < next || !difference_reason_.empty()) return file;
  ASSIGN_OR_RETURN(file, table_->ReadCommit(next, ctx));
  if (file.has_value() || request_.policy == ChangePolicy::kDiff) return file;
  const std::string vanished =
      fmt::format("commit {} of {} is listed and cannot be found", next, table_->location());
  if (++vanished_looks_ <= kVanishedLooksMax) return Unavailable(vanished);
  return DataLoss(vanished).WithHint(
      fmt::format("Restore the commit's file in _delta_log. {}", kResyncHint));
}

Result<std::unique_ptr<VersionChanges>> DeltaChangeLog::CutOff() {
  if (++cut_off_looks_ <= kCutOffLooksMax) return Nothing();
  return DataLoss(fmt::format("commit {} of {} ends in the middle of a line", version() + 1,
                              table_->location()))
      .WithHint("Restore the named file of _delta_log, or the table.");
}

Result<std::unique_ptr<VersionChanges>> DeltaChangeLog::Tell(CommitFile file,
                                                             const CallContext& ctx) {
  Result<ParsedCommit> parsed = ParseCommit(file.content);
  if (!parsed.ok()) {
    return std::move(parsed).status().WithContext(
        fmt::format("commit {} of {}", version() + 1, table_->location()));
  }
  if (parsed->is_cut_off) return CutOff();
  DeltaCommit& commit = parsed->commit;
  std::string fingerprint = CommitFingerprint(file.content);
  file.handle.reset();  // it may be large, and what follows too
  ChangesInfo info;
  info.version = version() + 1;
  info.first_version = info.version;
  info.timestamp_ms = commit.in_commit_timestamp_ms.value_or(file.modified_ms);
  ASSIGN_OR_RETURN(auto definition, DefinitionAfter(commit));
  ASSIGN_OR_RETURN(std::vector<ColumnChange> columns,
                   ColumnChangesBetween(definition_->details, definition->details));
  info.column_changes = OfColumns(std::move(columns), request_.columns);
  RETURN_IF_ERROR(ChooseMethod(*definition, commit, info));
  info.retention = RetentionOf(definition->details.info.properties, NeedsOldFiles(commit));
  const VersionScan scan{.table = *table_,
                         .version = info.version,
                         .before = *definition_,
                         .after = *definition,
                         .columns = request_.columns};
  const std::vector<ChangedFile> files = ChangedFilesOf(std::move(commit), info.method);
  ASSIGN_OR_RETURN(ScanHandle opened, OpenVersionScan(scan, files, ctx));
  RETURN_IF_ERROR(CheckOldImages(*table_, opened.get(), info));
  return Advance(std::move(opened), std::move(info), std::move(fingerprint), std::move(definition));
}

Result<std::shared_ptr<const TableDefinition>> DeltaChangeLog::DefinitionAfter(
    const DeltaCommit& commit) const {
  if (commit.metadata.empty() && commit.protocol.empty()) return definition_;
  const DeltaTableDetails& now = definition_->details;
  ASSIGN_OR_RETURN(
      auto after,
      table_->Define(commit.metadata.empty() ? now.metadata : commit.metadata,
                     commit.protocol.empty() ? now.protocol : commit.protocol, version() + 1));
  RETURN_IF_ERROR(CheckTableId(after->details.info.table_id, version() + 1));
  return after;
}

Status DeltaChangeLog::ChooseMethod(const TableDefinition& after, const DeltaCommit& commit,
                                    ChangesInfo& info) const {
  const bool has_feed = after.details.info.change_feed;
  if (request_.policy == ChangePolicy::kFiles) {
    info.method = ChangeMethod::kFiles;
    info.method_reason = "`changes: files` asks for it";
  } else if (!has_feed && request_.policy == ChangePolicy::kAuto) {
    info.method = ChangeMethod::kFiles;
    info.method_reason = "the change feed was off";
  } else if (!has_feed && !commit.files.empty()) {
    return Unsupported(fmt::format("version {} of {} has no change feed (the property "
                                   "delta.enableChangeDataFeed was off)",
                                   info.version, table_->location()))
        .WithHint("`changes: auto` tells such versions by their files.");
  }
  return Status::Ok();
}

Result<OpenedSnapshot> DeltaChangeLog::OpenPosition(const CallContext& ctx) const {
  Result<OpenedSnapshot> opened = table_->OpenSnapshot(version(), ctx);
  if (opened.ok() || !IsLost(opened.status())) return opened;
  const std::string why(opened.status().message());
  const std::string lost =
      request_.policy == ChangePolicy::kDiff ? "" : fmt::format("{}, and ", difference_reason_);
  return DataLoss(
             fmt::format("{}: {}version {}, which was read last, is no longer there to compare "
                         "with ({}). What changed since is lost",
                         table_->location(), lost, version(), why))
      .WithHint(kResyncHint);
}

Result<std::unique_ptr<VersionChanges>> DeltaChangeLog::TellDifference(const CallContext& ctx) {
  ASSIGN_OR_RETURN(const int64_t latest, LatestVersion(ctx));
  const int64_t target = std::min(latest, request_.until.value_or(latest));
  if (target <= version()) return Nothing();
  ASSIGN_OR_RETURN(const OpenedSnapshot before, OpenPosition(ctx));
  ASSIGN_OR_RETURN(const OpenedSnapshot after, table_->OpenSnapshot(target, ctx));
  RETURN_IF_ERROR(CheckTableId(before.details.info.table_id, version()));
  RETURN_IF_ERROR(CheckTableId(after.details.info.table_id, target));
  ChangesInfo info;
  info.version = target;
  info.first_version = version() + 1;
  info.timestamp_ms = after.details.info.timestamp_ms;
  info.method = ChangeMethod::kDiff;
  info.method_reason =
      difference_reason_.empty() ? "`changes: diff` asks for it" : difference_reason_;
  ASSIGN_OR_RETURN(std::vector<ColumnChange> columns,
                   ColumnChangesBetween(before.details, after.details));
  info.column_changes = OfColumns(std::move(columns), request_.columns);
  ASSIGN_OR_RETURN(ScanHandle scan, OpenDifference(*table_, before, after, request_.columns, ctx));
  RETURN_IF_ERROR(CheckOldImages(*table_, scan.get(), info));
  ASSIGN_OR_RETURN(auto definition,
                   table_->Define(after.details.metadata, after.details.protocol, target));
  ASSIGN_OR_RETURN(const auto commit, table_->ReadCommit(target, ctx));
  std::string fingerprint = commit.has_value() ? CommitFingerprint(commit->content) : "";
  return Advance(std::move(scan), std::move(info), std::move(fingerprint), std::move(definition));
}

Result<std::unique_ptr<VersionChanges>> DeltaChangeLog::Advance(
    ScanHandle scan, ChangesInfo info, std::string fingerprint,
    std::shared_ptr<const TableDefinition> definition) {
  DeltaPosition position{.version = info.version,
                         .table_id = position_.table_id,
                         .fingerprint = std::move(fingerprint),
                         .metadata = definition->details.metadata,
                         .protocol = definition->details.protocol};
  ASSIGN_OR_RETURN(info.position, ToText(position));
  ASSIGN_OR_RETURN(auto changes,
                   DeltaVersionChanges::Make(std::move(scan), std::move(info), table_->location(),
                                             request_.batch_bytes_target));
  position_ = std::move(position);
  definition_ = std::move(definition);
  known_latest_ = std::max(known_latest_, version());
  difference_reason_.clear();
  idle_polls_ = 0;
  vanished_looks_ = 0;
  cut_off_looks_ = 0;
  return changes;
}

}  // namespace spillway
