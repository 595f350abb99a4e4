#include "app/plan_changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "changes/retention_warning.h"
#include "changes/window_reader.h"
#include "engine/load_plan.h"
#include "transforms/document_encoder.h"

namespace spillway {
namespace {

constexpr uint64_t kRecordsOfRead = 4'096;

// As a run does: what is lost is found by comparing.
bool TurnsToIndex(const Status& listed, const SyncSection& sync) {
  const bool compares = sync.changes == ChangePolicy::kAuto || sync.changes == ChangePolicy::kDiff;
  return listed.code() == StatusCode::kDataLoss && sync.index && compares;
}

Result<std::unique_ptr<Snapshot>> OpenNewest(const OpenedPipeline& opened, const CallContext& ctx) {
  SnapshotRequest request;
  ASSIGN_OR_RETURN(request.columns, DocumentEncoder::ColumnsToRead(opened.config->documents));
  return opened.source->OpenSnapshot(request, ctx);
}

class ChangesPlanner {
 public:
  ChangesPlanner(const Project& project, const OpenedPipeline& opened, const Checkpoint& checkpoint,
                 const ChangeCosts& costs, const CallContext& ctx)
      : project_(project), opened_(opened), checkpoint_(checkpoint), costs_(costs), ctx_(ctx) {}

  Result<ChangesPlan> Plan() {
    plan_.from_version = plan_.latest_version = checkpoint_.version;
    RETURN_IF_ERROR(List());
    if (!plan_.ranges.empty() && read_through_.has_value()) RETURN_IF_ERROR(Read());
    return std::move(plan_);
  }

 private:
  Result<std::unique_ptr<ChangeLog>> OpenLog(std::optional<int64_t> until) const {
    ChangesRequest request;
    request.after = checkpoint_.position;
    request.policy = opened_.config->sync.changes;
    request.until = until;
    request.batch_bytes_target = BatchBytesTarget(project_.memory_bytes());
    ASSIGN_OR_RETURN(request.columns, DocumentEncoder::ColumnsToRead(opened_.config->documents));
    return opened_.source->OpenChanges(request, ctx_);
  }

  // What is pending, as the log says: no data is read.
  Status List() {
    const SyncSection& sync = opened_.config->sync;
    if (sync.changes == ChangePolicy::kIndex) return ListTable("`changes: index` asks for it");
    const Status listed = ListLog();
    if (!TurnsToIndex(listed, sync)) return listed;
    plan_ = {};
    plan_.from_version = checkpoint_.version;
    read_through_.reset();
    return ListTable(std::string(listed.message()));
  }

  // The whole table would be compared with the index: what that finds is not known before.
  Status ListTable(std::string reason) {
    ASSIGN_OR_RETURN(const std::unique_ptr<Snapshot> snapshot, OpenNewest(opened_, ctx_));
    plan_.latest_version = std::max(snapshot->info().version, checkpoint_.version);
    if (snapshot->position() == checkpoint_.position) return Status::Ok();
    ChangeRange& range = plan_.ranges.emplace_back();
    range.method = ChangeMethod::kIndex;
    range.reason = std::move(reason);
    range.first_version = std::min(checkpoint_.version + 1, snapshot->info().version);
    range.last_version = snapshot->info().version;
    range.files = plan_.files = snapshot->info().files;
    range.bytes = plan_.bytes = snapshot->info().bytes;
    range.rows = plan_.rows = snapshot->info().rows;
    return Status::Ok();
  }

  Status ListLog() {
    ASSIGN_OR_RETURN(const std::unique_ptr<ChangeLog> log, OpenLog(std::nullopt));
    ASSIGN_OR_RETURN(plan_.latest_version, log->LatestVersion(ctx_));
    uint64_t versions = 0;
    for (; versions < kPlanVersionsMax; ++versions) {
      ASSIGN_OR_RETURN(const std::unique_ptr<VersionChanges> changes, log->Next(ctx_));
      if (changes == nullptr) break;
      const ChangesInfo& info = changes->info();
      plan_.latest_version = std::max(plan_.latest_version, info.version);
      if (versions == 0) plan_.warning = RetentionWarning(info, SystemClock().WallNow());
      Add(*changes);
    }
    return Status::Ok();
  }

  void Add(const VersionChanges& changes) {
    const ChangesInfo& info = changes.info();
    std::vector<ChangeRange>& ranges = plan_.ranges;
    if (ranges.empty() || ranges.back().method != info.method ||
        ranges.back().reason != info.method_reason) {
      ChangeRange& range = ranges.emplace_back();
      range.method = info.method;
      range.reason = info.method_reason;
      range.first_version = info.first_version;
    }
    ChangeRange& range = ranges.back();
    range.last_version = info.version;
    for (const Split& split : changes.splits()) {
      ++range.files;
      ++plan_.files;
      range.bytes += split.bytes;
      plan_.bytes += split.bytes;
      if (!split.rows.has_value()) range.rows = plan_.rows = std::nullopt;
      if (range.rows.has_value()) *range.rows += *split.rows;
      if (plan_.rows.has_value()) *plan_.rows += *split.rows;
    }
    if (plan_.bytes > kPlanReadBytesMax) return;
    read_through_ = info.version;
    plan_.bytes_read = plan_.bytes;
  }

  // As a run would, up to the point where it would send.
  Status Read() {
    RunStop stop(ctx_.stop);
    RunMeter meter;
    WindowReaderOptions options;
    options.pipeline = opened_.config->name + "-plan";
    options.spill_folder = project_.spill_folder();
    options.memory_bytes_max = project_.memory_bytes();
    options.rules = RulesFor(opened_.config->sync.mode.write());
    options.duplicates = opened_.config->sync.duplicates;
    ASSIGN_OR_RETURN(const std::unique_ptr<ChangeLog> log, OpenLog(read_through_));
    WindowReader reader(*log, opened_.config->documents, opened_.destination->capabilities(),
                        options, meter, SystemClock(), stop);
    WindowRequest request{.after = checkpoint_.version,
                          .late_columns = checkpoint_.late_columns,
                          .exactly_through = std::nullopt};
    while (request.after < *read_through_) {
      ASSIGN_OR_RETURN(const std::unique_ptr<ChangeWindow> window, reader.Read(request));
      if (window->empty()) break;
      request = {window->through, window->late_columns, std::nullopt};
      RETURN_IF_ERROR(Count(*window));
    }
    CarryOver();
    return Status::Ok();
  }

  // Which of the upserts replace a document is known by their number, not one by one.
  Status Count(const ChangeWindow& window) {
    const auto upserts = static_cast<double>(window.upserts->size());
    const auto deletes = static_cast<double>(window.removes->size());
    const double inserts =
        std::clamp(static_cast<double>(window.documents_delta) + deletes, 0.0, upserts);
    plan_.upserts += upserts;
    plan_.inserts += inserts;
    plan_.deletes += deletes;
    const double inserted = upserts > 0 ? inserts / upserts : 0;
    for (uint64_t first = 0; first < window.upserts->size(); first += kRecordsOfRead) {
      ASSIGN_OR_RETURN(const std::vector<ImageRecord> records,
                       window.upserts->Read(first, kRecordsOfRead));
      for (const ImageRecord& record : records) {
        plan_.document_bytes += record.body_bytes;
        plan_.units += inserted * UnitsOf(WriteKind::kInsert, record.body_bytes) +
                       (1 - inserted) * UnitsOf(WriteKind::kReplace, record.body_bytes);
      }
    }
    const bool marks = opened_.config->documents.soft_delete.has_value();
    plan_.units +=
        deletes * UnitsOf(marks ? WriteKind::kReplace : WriteKind::kRemove, costs_.document_bytes);
    return Status::Ok();
  }

  double UnitsOf(WriteKind kind, double bytes) const {
    return costs_.writes->UnitsOf(kind, bytes, costs_.document_fields);
  }

  void CarryOver() {
    plan_.estimated = true;
    plan_.exact = plan_.bytes_read == plan_.bytes;
    if (plan_.upserts > 0) plan_.document_bytes /= plan_.upserts;
    if (plan_.exact || plan_.bytes_read == 0) return;
    const double factor = static_cast<double>(plan_.bytes) / static_cast<double>(plan_.bytes_read);
    plan_.upserts *= factor;
    plan_.inserts *= factor;
    plan_.deletes *= factor;
    plan_.units *= factor;
  }

  const Project& project_;
  const OpenedPipeline& opened_;
  const Checkpoint& checkpoint_;
  const ChangeCosts& costs_;
  const CallContext& ctx_;
  ChangesPlan plan_;
  std::optional<int64_t> read_through_;  // as far as kPlanReadBytesMax goes
};

}  // namespace

Result<ChangesPlan> PlanChanges(const Project& project, const OpenedPipeline& opened,
                                const Checkpoint& checkpoint, const ChangeCosts& costs,
                                const CallContext& ctx) {
  return ChangesPlanner(project, opened, checkpoint, costs, ctx).Plan();
}

namespace {

Result<Behind> BehindLog(const OpenedPipeline& opened, const Checkpoint& checkpoint,
                         const CallContext& ctx) {
  ChangesRequest request;
  request.after = checkpoint.position;
  request.policy = opened.config->sync.changes;
  ASSIGN_OR_RETURN(const std::unique_ptr<ChangeLog> log, opened.source->OpenChanges(request, ctx));
  ASSIGN_OR_RETURN(const int64_t latest, log->LatestVersion(ctx));
  Behind behind;
  if (latest <= checkpoint.version) return behind;
  behind.versions = static_cast<uint64_t>(latest - checkpoint.version);
  ASSIGN_OR_RETURN(const std::unique_ptr<VersionChanges> next, log->Next(ctx));
  if (next != nullptr) behind.warning = RetentionWarning(next->info(), SystemClock().WallNow());
  return behind;
}

}  // namespace

Result<Behind> BehindTable(const OpenedPipeline& opened, const Checkpoint& checkpoint,
                           const CallContext& ctx) {
  const SyncSection& sync = opened.config->sync;
  if (sync.changes != ChangePolicy::kIndex) {
    Result<Behind> behind = BehindLog(opened, checkpoint, ctx);
    if (behind.ok() || !TurnsToIndex(behind.status(), sync)) return behind;
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Snapshot> snapshot, OpenNewest(opened, ctx));
  Behind behind;
  const int64_t versions = snapshot->info().version - checkpoint.version;
  if (versions > 0) behind.versions = static_cast<uint64_t>(versions);
  return behind;
}

}  // namespace spillway
