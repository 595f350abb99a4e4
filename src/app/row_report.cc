#include "app/row_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "changes/column_policy.h"
#include "engine/key_text.h"
#include "engine/load_plan.h"
#include "json/json_diff.h"

namespace spillway {
namespace {

constexpr uint32_t kRunsLookedAtMax = 10'000;
constexpr size_t kFieldsMax = 16;

bool IsGone(const Status& status) {
  return status.code() == StatusCode::kDataLoss || status.code() == StatusCode::kNotFound;
}

class Reporter {
 public:
  Reporter(const Project& project, const PipelineConfig& pipeline, const RowKey& key,
           const CallContext& ctx)
      : project_(project), pipeline_(pipeline), key_(key), ctx_(ctx) {}

  Result<RowReport> Report(const std::optional<int64_t>& after) {
    ASSIGN_OR_RETURN(opened_, OpenPipeline(project_, pipeline_, ctx_));
    ASSIGN_OR_RETURN(state_, OpenState(project_));
    ASSIGN_OR_RETURN(const Checkpoint checkpoint, LoadedCheckpoint(*state_, pipeline_.name));
    report_.version = checkpoint.version;
    documents_ = WithLateColumns(pipeline_.documents, checkpoint.late_columns);
    RowFinder finder(*opened_.source, documents_, opened_.destination->capabilities(),
                     project_.memory_bytes());
    RETURN_IF_ERROR(LookAtVersions(finder, after));
    RETURN_IF_ERROR(LookAtRejected());
    RETURN_IF_ERROR(LookAtNow(finder));
    return std::move(report_);
  }

 private:
  Status LookAtVersions(RowFinder& finder, const std::optional<int64_t>& after) {
    int64_t back = std::min(kVersionsLookedAt, report_.version);
    while (true) {
      report_.after = after.value_or(report_.version - back);
      Result<RowFinder::History> history =
          finder.Follow(key_, report_.after, report_.version, pipeline_.sync.changes, ctx_);
      if (history.ok()) return Cover(*std::move(history));
      if (after.has_value() || back == 0 || !IsGone(history.status())) return history.status();
      report_.gap = std::string(history.status().message());
      back /= 2;
    }
  }

  Status Cover(RowFinder::History history) {
    ASSIGN_OR_RETURN(const std::vector<RunRecord> runs,
                     state_->Runs(pipeline_.name, kRunsLookedAtMax));
    report_.more = history.more;
    for (RowVersion& row : history.versions) {
      std::optional<int64_t> covered;
      for (const RunRecord& run : runs) {  // newest first
        const bool writes = run.kind == "load" || run.kind == "changes";
        if (writes && run.version >= row.version) covered = run.id;
      }
      report_.versions.push_back({std::move(row), covered});
    }
    return Status::Ok();
  }

  Status LookAtRejected() {
    ASSIGN_OR_RETURN(report_.rejected, state_->Rejected(pipeline_.name, std::nullopt, UINT32_MAX));
    std::erase_if(report_.rejected,
                  [&](const RejectedRecord& record) { return !IsOfKey(record, key_); });
    return Status::Ok();
  }

  Status LookAtNow(RowFinder& finder) {
    ASSIGN_OR_RETURN(const std::vector<FoundRow> rows, finder.Find(key_, report_.version, ctx_));
    for (const FoundRow& row : rows) {
      RowNow& now = Of(row.partition_key);
      now.row = row;  // of duplicates the last, as a load has it
    }
    // A document may be there whose row is gone.
    for (const CoveredVersion& version : report_.versions) Of(version.row.partition_key);
    if (!key_.partition_key.empty()) Of(key_.partition_key);
    std::erase_if(report_.now, [&](const RowNow& now) {
      return now.partition_key.empty() && !now.row.has_value();
    });
    for (RowNow& now : report_.now) RETURN_IF_ERROR(Compare(now));
    return Status::Ok();
  }

  RowNow& Of(const std::string& partition_key) {
    for (RowNow& now : report_.now) {
      if (now.partition_key == partition_key) return now;
    }
    report_.now.emplace_back().partition_key = partition_key;
    return report_.now.back();
  }

  Status Compare(RowNow& now) {
    if (now.partition_key.empty()) return Status::Ok();
    ASSIGN_OR_RETURN(now.document, opened_.destination->ReadOne(now.partition_key, key_.id, ctx_));
    const bool has_row = now.row.has_value() && !now.row->document.empty();
    now.equal = has_row == now.document.has_value();
    if (!has_row || !now.document.has_value()) return Status::Ok();
    ASSIGN_OR_RETURN(
        now.fields,
        JsonDiff(now.row->document, *now.document,
                 opened_.destination->capabilities().limits.reserved_fields, kFieldsMax));
    now.equal = now.fields.empty();
    return Status::Ok();
  }

  const Project& project_;
  const PipelineConfig& pipeline_;
  const RowKey& key_;
  const CallContext& ctx_;
  OpenedPipeline opened_;
  std::unique_ptr<StateStore> state_;
  DocumentOptions documents_;
  RowReport report_;
};

}  // namespace

bool IsOfKey(const RejectedRecord& record, const RowKey& key) {
  return IsKeyText(record.key, key.partition_key, key.id);
}

Result<RowReport> ReportRow(const Project& project, const PipelineConfig& pipeline,
                            const RowKey& key, const std::optional<int64_t>& after,
                            const CallContext& ctx) {
  return Reporter(project, pipeline, key, ctx).Report(after);
}

}  // namespace spillway
