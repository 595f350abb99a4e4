#include "state/document_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <utility>

#include "state/document_head.h"
#include "state/document_lease.h"
#include "state/document_rejected.h"
#include "state/document_runs.h"
#include "state/state_json.h"

namespace spillway {
namespace {

// Beside the head and the lease, which are in the last transaction.
constexpr size_t kWritesBesideParts = 2;
constexpr uint64_t kHeadBytesReserved = 32 << 10;

std::string NewWriterName() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

constexpr std::string_view kThroughputLimit = "throughput-limit";
constexpr std::string_view kTuning = "tuning";

class DocumentStore : public StateStore {
 public:
  DocumentStore(std::unique_ptr<DocumentTable> table, std::string kind, Clock& clock,
                const ProcessIdentity& self)
      : core_(std::make_shared<DocumentCore>(std::move(table), clock)),
        kind_(std::move(kind)),
        self_(self),
        writer_(NewWriterName()),
        runs_(core_->table) {}

  StoreInfo info() const override {
    return {kind_, core_->table.table().Describe(), kStateDocumentFormat};
  }

  Result<std::unique_ptr<Lease>> AcquireLease(std::string_view pipeline,
                                              std::chrono::milliseconds expires_after) override {
    {
      std::lock_guard lock(mutex_);
      heads_.erase(std::string(pipeline));  // another runner may have had it meanwhile
    }
    return AcquireDocumentLease(core_, self_, pipeline, expires_after);
  }
  Result<std::optional<LeaseHolder>> Holder(std::string_view pipeline) override {
    return ReadDocumentHolder(*core_, pipeline);
  }

  Result<std::optional<Checkpoint>> LoadCheckpoint(std::string_view pipeline) override {
    std::lock_guard lock(mutex_);
    ASSIGN_OR_RETURN(const DocumentHead* head, Refresh(pipeline));
    if (head == nullptr) return std::optional<Checkpoint>();
    return std::optional<Checkpoint>(head->checkpoint);
  }

  Result<std::vector<SplitProgress>> LoadProgress(std::string_view pipeline) override {
    std::lock_guard lock(mutex_);
    ASSIGN_OR_RETURN(const DocumentHead* head, Refresh(pipeline));
    std::vector<SplitProgress> progress;
    if (head == nullptr) return progress;
    for (const auto& [number, split] : head->progress) progress.push_back(split);
    return progress;
  }

  Status StartLoad(std::string_view pipeline, const Checkpoint& checkpoint) override {
    std::lock_guard lock(mutex_);
    ASSIGN_OR_RETURN(const DocumentHead* present, Known(pipeline));
    return BeginLoad(pipeline, present == nullptr ? DocumentHead() : *present, checkpoint, {}, {});
  }

  // What is damaged is replaced too: this is how it is mended.
  Status Restore(std::string_view pipeline, const Checkpoint& checkpoint,
                 const std::vector<SplitProgress>& progress,
                 const std::vector<RejectedRecord>& rejected) override {
    std::lock_guard lock(mutex_);
    const Result<const DocumentHead*> present = Known(pipeline);
    if (present.ok()) {
      return BeginLoad(pipeline, *present == nullptr ? DocumentHead() : **present, checkpoint,
                       progress, rejected);
    }
    if (present.status().code() != StatusCode::kDataLoss) return present.status();
    ASSIGN_OR_RETURN(const DocumentHead remains, ReadRemainsOfHead(core_->table, pipeline));
    return BeginLoad(pipeline, remains, checkpoint, progress, rejected);
  }

  Status StartWindow(std::string_view pipeline, const Checkpoint& checkpoint) override {
    std::lock_guard lock(mutex_);
    ASSIGN_OR_RETURN(const DocumentHead* present, Known(pipeline));
    if (present == nullptr) return NoLoad(pipeline, "StartWindow");
    DocumentHead next = *present;
    next.chunks.clear();
    next.progress.clear();
    return Change(pipeline, std::move(next), checkpoint, {}, {});
  }

  Status Commit(std::string_view pipeline, const Checkpoint& checkpoint,
                const std::vector<SplitProgress>& moved,
                const std::vector<RejectedRecord>& rejected) override {
    std::lock_guard lock(mutex_);
    ASSIGN_OR_RETURN(const DocumentHead* present, Known(pipeline));
    if (present == nullptr) return NoLoad(pipeline, "Commit");
    return Change(pipeline, *present, checkpoint, moved, rejected);
  }

  Result<std::optional<std::string>> ThroughputLimitOf(std::string_view pipeline) override {
    ASSIGN_OR_RETURN(const std::optional<StateDocument> document,
                     core_->table.Read(pipeline, kThroughputLimit));
    if (!document.has_value()) return std::optional<std::string>();
    ASSIGN_OR_RETURN(std::string limit, TextOf(document->json, "limit"));
    return limit.empty() ? std::nullopt : std::optional(std::move(limit));
  }
  // By whoever asks, beside the runner that has the lease: it is no part of what that one keeps.
  Status SetThroughputLimit(std::string_view pipeline,
                            const std::optional<std::string>& limit) override {
    StateDocumentWriter writer(pipeline, std::string(kThroughputLimit));
    writer.json().Field("limit", limit.value_or(std::string()));
    ASSIGN_OR_RETURN(const TableWrite write, writer.Finish(TableWrite::Kind::kUpsert));
    StateAttempts attempts(core_->table.clock(), kStateCallMax);
    while (true) {
      Status written = core_->table.Write(pipeline, {&write, 1}, attempts.context()).status();
      if (written.ok()) return written;
      RETURN_IF_ERROR(attempts.WaitToTryAgain(std::move(written)));
    }
  }

  Result<std::optional<std::string>> TuningOf(std::string_view pipeline) override {
    ASSIGN_OR_RETURN(const std::optional<StateDocument> document,
                     core_->table.Read(pipeline, kTuning));
    if (!document.has_value()) return std::optional<std::string>();
    ASSIGN_OR_RETURN(std::string tuning, TextOf(document->json, "tuning"));
    return tuning.empty() ? std::nullopt : std::optional(std::move(tuning));
  }
  Status SetTuning(std::string_view pipeline, const std::optional<std::string>& tuning) override {
    StateDocumentWriter writer(pipeline, std::string(kTuning));
    writer.json().Field("tuning", tuning.value_or(std::string()));
    ASSIGN_OR_RETURN(TableWrite write, writer.Finish(TableWrite::Kind::kUpsert));
    return WriteFenced(*core_, pipeline, {std::move(write)}, std::nullopt).status();
  }

  Result<int64_t> StartRun(const RunRecord& run) override { return runs_.Start(run); }
  Status UpdateRun(const RunRecord& run) override { return runs_.Update(run); }
  Result<std::vector<RunRecord>> Runs(std::string_view pipeline, uint32_t count_max) override {
    return runs_.List(pipeline, count_max);
  }

  Result<std::vector<RejectedRecord>> Rejected(std::string_view pipeline,
                                               std::optional<int64_t> run_id,
                                               uint32_t count_max) override {
    ASSIGN_OR_RETURN(std::vector<RejectedRecord> rejected,
                     run_id.has_value() ? ReadRejected(core_->table, pipeline, std::nullopt)
                                        : OfCurrentLoad(pipeline));
    if (run_id.has_value()) {
      std::erase_if(rejected, [&](const RejectedRecord& row) { return row.run_id != *run_id; });
    }
    if (rejected.size() > count_max) rejected.resize(count_max);
    return rejected;
  }

  Result<std::vector<ReasonCount>> RejectedByReason(std::string_view pipeline) override {
    ASSIGN_OR_RETURN(const std::vector<RejectedRecord> rejected, OfCurrentLoad(pipeline));
    std::map<std::string, uint64_t> rows;
    for (const RejectedRecord& row : rejected) ++rows[row.reason];
    std::vector<ReasonCount> reasons;
    for (const auto& [reason, count] : rows) reasons.push_back({reason, count});
    std::stable_sort(
        reasons.begin(), reasons.end(),
        [](const ReasonCount& left, const ReasonCount& right) { return left.rows > right.rows; });
    return reasons;
  }

 private:
  static Status NoLoad(std::string_view pipeline, std::string_view call) {
    return Internal(fmt::format("pipeline {}: {} before a load", pipeline, call));
  }

  Status BeginLoad(std::string_view pipeline, DocumentHead next, const Checkpoint& checkpoint,
                   const std::vector<SplitProgress>& progress,
                   const std::vector<RejectedRecord>& rejected) {
    next.load += 1;
    next.chunks.clear();
    next.progress.clear();
    next.checkpoint.late_columns.clear();
    RETURN_IF_ERROR(Change(pipeline, std::move(next), checkpoint, progress, rejected));
    return ForgetOldRejected(pipeline);
  }

  // The present head, read anew; nullptr: there is none. It lives until the next change.
  Result<const DocumentHead*> Refresh(std::string_view pipeline) {
    heads_.erase(std::string(pipeline));
    ASSIGN_OR_RETURN(std::optional<DocumentHead> head, ReadDocumentHead(core_->table, pipeline));
    if (!head.has_value()) return static_cast<const DocumentHead*>(nullptr);
    return static_cast<const DocumentHead*>(
        &heads_.insert_or_assign(std::string(pipeline), *std::move(head)).first->second);
  }

  // The head as we wrote or read it last: a change is made on the condition that it still is so.
  Result<const DocumentHead*> Known(std::string_view pipeline) {
    const auto found = heads_.find(std::string(pipeline));
    if (found != heads_.end()) return static_cast<const DocumentHead*>(&found->second);
    return Refresh(pipeline);
  }

  Result<std::vector<RejectedRecord>> OfCurrentLoad(std::string_view pipeline) {
    int64_t load = 0;
    {
      std::lock_guard lock(mutex_);
      ASSIGN_OR_RETURN(const DocumentHead* head, Refresh(pipeline));
      if (head == nullptr) return std::vector<RejectedRecord>();
      load = head->load;
    }
    return ReadRejected(core_->table, pipeline, load);
  }

  // Makes `next`, a changed copy of the known head, the present one. What does not fit into one
  // transaction goes before it: progress takes effect with the head alone, and a row that is listed
  // as rejected too early is rejected again when it is read again.
  Status Change(std::string_view pipeline, DocumentHead next, const Checkpoint& checkpoint,
                const std::vector<SplitProgress>& moved,
                const std::vector<RejectedRecord>& rejected) {
    next.sequence += 1;
    next.stamp = fmt::format("{}-{}", writer_, ++changes_);
    KeepLateColumns(checkpoint, next);
    ASSIGN_OR_RETURN(std::vector<TableWrite> parts, MoveProgress(pipeline, next, moved));
    ASSIGN_OR_RETURN(std::vector<TableWrite> rows,
                     WritesOfRejected(pipeline, next.load, next.sequence, rejected));
    std::move(rows.begin(), rows.end(), std::back_inserter(parts));
    heads_.erase(std::string(pipeline));  // unknown, should this fail
    RETURN_IF_ERROR(WriteAllThatDoNotFit(pipeline, parts));
    ASSIGN_OR_RETURN(TableWrite head, WriteOfHead(pipeline, next));
    parts.push_back(std::move(head));
    const FencedTarget target{std::string(kStateHead), next.stamp, next.etag};
    ASSIGN_OR_RETURN(const std::vector<std::string> etags,
                     WriteFenced(*core_, pipeline, parts, target));
    next.etag = etags.back();
    heads_.insert_or_assign(std::string(pipeline), std::move(next));
    return Status::Ok();
  }

  // A column that came late stays one until the next load.
  static void KeepLateColumns(const Checkpoint& checkpoint, DocumentHead& next) {
    std::set<std::string> names(checkpoint.late_columns.begin(), checkpoint.late_columns.end());
    names.insert(next.checkpoint.late_columns.begin(), next.checkpoint.late_columns.end());
    next.checkpoint = checkpoint;
    next.checkpoint.late_columns.assign(names.begin(), names.end());
  }

  Status WriteAllThatDoNotFit(std::string_view pipeline, std::vector<TableWrite>& parts) {
    const TableLimits& limits = core_->table.table().limits();
    const size_t writes_max = limits.writes_max - kWritesBesideParts;
    const uint64_t bytes_max = limits.bytes_max - kHeadBytesReserved;
    while (true) {
      size_t count = 0;
      for (uint64_t bytes = 0; count < parts.size() && count < writes_max; ++count) {
        bytes += parts[count].body.size();
        if (count > 0 && bytes > bytes_max) break;
      }
      if (count == parts.size()) return Status::Ok();
      const std::vector<TableWrite> some(parts.begin(), parts.begin() + static_cast<int>(count));
      RETURN_IF_ERROR(WriteFenced(*core_, pipeline, some, std::nullopt).status());
      parts.erase(parts.begin(), parts.begin() + static_cast<int>(count));
    }
  }

  // What is left behind by a failure here is forgotten by the next load.
  Status ForgetOldRejected(std::string_view pipeline) {
    const int64_t oldest = heads_.at(std::string(pipeline)).load - kLoadsWithRejectedRowsMax + 1;
    if (oldest <= 1) return Status::Ok();
    Result<std::vector<TableWrite>> old = DeletionsOfRejected(core_->table, pipeline, oldest);
    if (!old.ok()) return Status::Ok();
    std::vector<TableWrite> deletions = *std::move(old);
    if (!WriteAllThatDoNotFit(pipeline, deletions).ok()) return Status::Ok();
    [[maybe_unused]] const auto forgotten =
        WriteFenced(*core_, pipeline, deletions, std::nullopt, std::chrono::seconds(0));
    return Status::Ok();
  }

  const std::shared_ptr<DocumentCore> core_;
  const std::string kind_;
  const ProcessIdentity self_;
  const std::string writer_;
  DocumentRuns runs_;
  std::mutex mutex_;  // one change at a time; guards the rest
  uint64_t changes_ = 0;
  std::map<std::string, DocumentHead> heads_;  // as last read or written
};

}  // namespace

std::unique_ptr<StateStore> MakeDocumentStore(std::unique_ptr<DocumentTable> table,
                                              std::string kind, Clock& clock,
                                              const ProcessIdentity& self) {
  return std::make_unique<DocumentStore>(std::move(table), std::move(kind), clock, self);
}

}  // namespace spillway
