#include "verify/verify_run.h"

#include <fmt/format.h>

#include <utility>

#include "engine/run_journal.h"
#include "engine/run_stop.h"
#include "verify/report_file.h"
#include "verify/row_fetch.h"
#include "verify/suspects.h"

namespace spillway {
namespace {

constexpr uint64_t kPlacesShare = 64;  // of the knob
// Differences of a report that are told with their fields.
constexpr uint64_t kDescribedMax = 1'000;

class VerifyRun {
 public:
  VerifyRun(const LoadParts& parts, const DocumentOptions& documents, const VerifyOptions& options,
            const std::function<void(uint64_t)>& on_progress, RunStop& stop)
      : parts_(parts),
        documents_(documents),
        options_(options),
        on_progress_(on_progress),
        stop_(stop),
        ctx_{.stop = stop.token()},
        spill_prefix_(
            fmt::format("{}/{}-verify", options.spill_folder, FileNameFor(options.pipeline))) {}

  Result<VerifySummary> Execute();

 private:
  Status Begin();
  Status Compare();
  Result<bool> PipelineMayBeAtWork() const;
  uint64_t DocumentsExpected() const;
  Status ShowEstimate();
  Status Note(const Mismatch& mismatch);
  Status Report(const Mismatch& mismatch);
  Status FinishReport();
  DescribeParts Describing() const;

  const LoadParts& parts_;
  const DocumentOptions& documents_;
  const VerifyOptions& options_;
  const std::function<void(uint64_t)>& on_progress_;
  RunStop& stop_;
  const CallContext ctx_;
  const std::string spill_prefix_;
  std::optional<Checkpoint> checkpoint_;  // as it was before anything was read
  std::unique_ptr<ReadPace> pace_;        // null: as fast as it goes
  std::unique_ptr<Comparison> comparison_;
  std::unique_ptr<ReportFile> report_;  // null: none is asked for
  std::unique_ptr<RowFetch> missing_;   // rows that the report has yet to name
  VerifySummary summary_;
};

Status VerifyRun::Begin() {
  if (!options_.report_path.empty()) {
    ASSIGN_OR_RETURN(report_, ReportFile::Create(options_.report_path));
    missing_ = std::make_unique<RowFetch>(spill_prefix_ + "-places.spill",
                                          options_.memory_bytes_max / kPlacesShare);
  }
  ASSIGN_OR_RETURN(checkpoint_, parts_.state.LoadCheckpoint(options_.pipeline));
  if (!options_.limit.is_set()) return Status::Ok();
  ASSIGN_OR_RETURN(pace_, ReadPace::Make(parts_.destination, parts_.clock, options_.limit, ctx_));
  return Status::Ok();
}

Result<VerifySummary> VerifyRun::Execute() {
  RETURN_IF_ERROR(Begin());
  RETURN_IF_ERROR(Compare());
  RETURN_IF_ERROR(FinishReport());
  return std::move(summary_);
}

// What is loaded is compared unless another version is asked for.
Status VerifyRun::Compare() {
  const bool asked = options_.at.given();
  VersionSelector at = options_.at;
  if (!asked && checkpoint_.has_value()) at.version = checkpoint_->version;
  const ComparisonOptions comparing{.pipeline = options_.pipeline,
                                    .spill_prefix = spill_prefix_,
                                    .memory_bytes_max = options_.memory_bytes_max,
                                    .ignored_fields = options_.ignored_fields,
                                    .crew = options_.crew};
  comparison_ = std::make_unique<Comparison>(parts_, documents_, comparing, pace_.get(), stop_);
  RETURN_IF_ERROR(comparison_->Open(
      at, checkpoint_.has_value() ? checkpoint_->late_columns : std::vector<std::string>()));
  if (options_.crew == nullptr) RETURN_IF_ERROR(ShowEstimate());
  RETURN_IF_ERROR(comparison_->Read(DocumentsExpected(), on_progress_));
  const SuspectParts judging{parts_, documents_, *comparison_, pace_.get(),
                             options_.ignored_fields};
  Suspects suspects(judging, spill_prefix_, options_.memory_bytes_max);
  RETURN_IF_ERROR(
      comparison_->Merge([&suspects](const Mismatch& mismatch) { return suspects.Add(mismatch); }));
  static_cast<ComparisonCounts&>(summary_) = comparison_->counts();
  summary_.version = comparison_->snapshot().info().version;
  summary_.through_version = summary_.version;
  summary_.missing = summary_.extra = summary_.different = 0;
  if (suspects.size() == 0) return Status::Ok();
  const auto take = [this](const Mismatch& mismatch) { return Note(mismatch); };
  ASSIGN_OR_RETURN(const bool moving, PipelineMayBeAtWork());
  if (asked || !moving) return suspects.TakeAll(take);
  ASSIGN_OR_RETURN(const SettledSuspects settled, suspects.Settle(*checkpoint_, take, ctx_));
  summary_.equal += settled.equal;
  summary_.moving = settled.moving;
  summary_.through_version = settled.through;
  summary_.cost += settled.cost;
  return Status::Ok();
}

uint64_t VerifyRun::DocumentsExpected() const {
  const bool loaded = checkpoint_.has_value() && checkpoint_->phase == LoadPhase::kLoaded;
  return loaded ? checkpoint_->documents : comparison_->snapshot().info().rows.value_or(0);
}

Status VerifyRun::ShowEstimate() {
  ASSIGN_OR_RETURN(const ReadEstimate estimate, comparison_->Estimate(DocumentsExpected()));
  summary_.estimated_cost = estimate.cost;
  if (options_.on_estimate) options_.on_estimate(estimate);
  return Status::Ok();
}

// Whoever had begun something and is gone left it behind: that is a difference.
Result<bool> VerifyRun::PipelineMayBeAtWork() const {
  if (!checkpoint_.has_value() || checkpoint_->phase != LoadPhase::kLoaded) return false;
  ASSIGN_OR_RETURN(const std::optional<Checkpoint> now,
                   parts_.state.LoadCheckpoint(options_.pipeline));
  if (!now.has_value() || now->version != checkpoint_->version) return now.has_value();
  ASSIGN_OR_RETURN(const std::optional<LeaseHolder> holder, parts_.state.Holder(options_.pipeline));
  return holder.has_value() && holder->holds;
}

Status VerifyRun::Note(const Mismatch& mismatch) {
  switch (mismatch.kind) {
    case DifferenceKind::kMissing:
      ++summary_.missing;
      break;
    case DifferenceKind::kExtra:
      ++summary_.extra;
      break;
    case DifferenceKind::kDifferent:
      ++summary_.different;
      break;
  }
  const bool listed = summary_.differences.size() < options_.differences_max;
  const bool described = report_ != nullptr && report_->differences() < kDescribedMax &&
                         mismatch.kind != DifferenceKind::kMissing;  // which is all to say of it
  if (!listed && !described) return report_ == nullptr ? Status::Ok() : Report(mismatch);
  ASSIGN_OR_RETURN(Difference difference, DescribeMismatch(Describing(), mismatch, ctx_));
  if (report_ != nullptr) RETURN_IF_ERROR(report_->Add(difference));
  if (listed) summary_.differences.push_back(std::move(difference));
  return Status::Ok();
}

DescribeParts VerifyRun::Describing() const {
  return {parts_,
          options_.pipeline,
          comparison_->snapshot(),
          comparison_->encoder(),
          &comparison_->keys(),
          options_.ignored_fields,
          documents_.stamp_field};
}

// By its key alone: to read every row and document of very many again would take too long.
Status VerifyRun::Report(const Mismatch& mismatch) {
  if (mismatch.kind == DifferenceKind::kMissing) return missing_->Add(mismatch.row_place);
  Difference difference;
  difference.kind = mismatch.kind;
  ASSIGN_OR_RETURN(KeyFile::Key key, comparison_->keys().Read(mismatch.key_place));
  difference.partition_key = std::move(key.partition_key);
  difference.id = std::move(key.id);
  return report_->Add(difference);
}

Status VerifyRun::FinishReport() {
  if (report_ == nullptr) return Status::Ok();
  const auto add = [this](const Document& document, uint64_t) {
    Difference difference;
    difference.partition_key = document.partition_key;
    difference.id = document.id;
    return report_->Add(difference);
  };
  const FetchParts fetch{comparison_->snapshot(), comparison_->encoder(), comparison_->reading()};
  RETURN_IF_ERROR(missing_->Read(fetch, add, ctx_));
  return report_->Close();
}

}  // namespace

Result<VerifySummary> RunVerify(const LoadParts& parts, const DocumentOptions& documents,
                                const VerifyOptions& options,
                                const std::function<void(uint64_t documents_done)>& on_progress,
                                const CallContext& ctx) {
  if (options.spill_folder.empty()) return InvalidArgument("a spill folder is needed");
  RunStop stop(ctx.stop);
  ASSIGN_OR_RETURN(RunJournal journal,
                   RunJournal::Start(parts.state, parts.clock, options.pipeline, "verify"));
  VerifyRun run(parts, documents, options, on_progress, stop);
  Result<VerifySummary> result = run.Execute();
  if (result.ok()) {
    journal.SetVersion(result->version);
    journal.SetCost(result->cost);
    journal.SetMessage(fmt::format("{} equal, {} missing, {} extra, {} different", result->equal,
                                   result->missing, result->extra, result->different));
  }
  return journal.Close(std::move(result));
}

}  // namespace spillway
