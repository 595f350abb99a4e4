#include "engine/verify_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "engine/load_plan.h"
#include "engine/run_journal.h"
#include "engine/run_stop.h"
#include "engine/verify_side.h"
#include "engine/worker_group.h"
#include "json/json_diff.h"

namespace spillway {
namespace {

constexpr uint32_t kThreads = 2;  // that read, on either side
constexpr std::chrono::milliseconds kReportInterval{250};
constexpr size_t kFieldsMax = 16;  // named per document
// Each side's records take this part of the knob before they are spilled: little, so that a large
// table needs no more than a small one.
constexpr uint64_t kSideShare = 32;

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
        reading_(ReadingBytesMax(options.memory_bytes_max)),
        source_(SpillPath("source"), options.memory_bytes_max / kSideShare),
        destination_(SpillPath("destination"), options.memory_bytes_max / kSideShare) {}

  Result<VerifySummary> Execute();

 private:
  std::string SpillPath(const char* side) const {
    return fmt::format("{}/verify-{}.spill", options_.spill_folder, side);
  }
  Result<VersionSelector> Version() const;
  Status ReadSource();
  Status ReadDestination();
  Status Compare();
  Status Differ(DifferenceKind kind, const VerifyRecord& record);
  Result<std::shared_ptr<EncodedBatch>> ReadRow(uint64_t place);
  Status Describe(Difference& difference, uint64_t place);
  void Report() const;

  const LoadParts& parts_;
  const DocumentOptions& documents_;
  const VerifyOptions& options_;
  const std::function<void(uint64_t)>& on_progress_;
  RunStop& stop_;
  const CallContext ctx_;
  std::unique_ptr<Snapshot> snapshot_;
  std::unique_ptr<DocumentEncoder> encoder_;
  std::unique_ptr<KeyFile> keys_;
  Budget reading_;
  VerifySide source_;
  VerifySide destination_;
  std::atomic<uint64_t> rejected_{0};
  VerifySummary summary_;
};

Result<VerifySummary> VerifyRun::Execute() {
  ASSIGN_OR_RETURN(const VersionSelector at, Version());
  ASSIGN_OR_RETURN(snapshot_, OpenMapped(parts_.source, documents_, at,
                                         BatchBytesTarget(options_.memory_bytes_max), ctx_));
  ASSIGN_OR_RETURN(encoder_, DocumentEncoder::Make(documents_, snapshot_->schema()->get(),
                                                   parts_.destination.capabilities()));
  summary_.version = snapshot_->info().version;
  RETURN_IF_ERROR(ReadSource());
  RETURN_IF_ERROR(ReadDestination());
  RETURN_IF_ERROR(Compare());
  summary_.source_documents = source_.documents();
  summary_.destination_documents = destination_.documents();
  summary_.duplicates = source_.duplicates();
  summary_.rejected = rejected_;
  return summary_;
}

// What is loaded is compared unless another version is asked for.
Result<VersionSelector> VerifyRun::Version() const {
  if (options_.at.version.has_value() || options_.at.timestamp_ms.has_value()) return options_.at;
  ASSIGN_OR_RETURN(const std::optional<Checkpoint> checkpoint,
                   parts_.state.LoadCheckpoint(options_.pipeline));
  VersionSelector at;
  if (checkpoint.has_value()) at.version = checkpoint->version;
  return at;
}

Status VerifyRun::ReadSource() {
  const auto task = [this](uint32_t split) {
    return AddSplit(*snapshot_, *encoder_, split, options_.ignored_fields, reading_, source_,
                    rejected_, ctx_)
        .WithContext(fmt::format("reading {}", snapshot_->splits()[split].key));
  };
  RETURN_IF_ERROR(RunWorkers(static_cast<uint32_t>(snapshot_->splits().size()), kThreads, task,
                             stop_, parts_.clock, kReportInterval, [this] { Report(); }));
  return source_.StartReading();
}

Status VerifyRun::ReadDestination() {
  ASSIGN_OR_RETURN(keys_, KeyFile::Create(SpillPath("keys")));
  ASSIGN_OR_RETURN(const std::vector<std::unique_ptr<DocumentReader>> readers,
                   parts_.destination.OpenReaders(ctx_));
  const auto task = [&](uint32_t reader) {
    return AddDocuments(*readers[reader], options_.ignored_fields, documents_.soft_delete,
                        destination_, *keys_, ctx_)
        .WithContext("reading the destination");
  };
  RETURN_IF_ERROR(RunWorkers(static_cast<uint32_t>(readers.size()), kThreads, task, stop_,
                             parts_.clock, kReportInterval, [this] { Report(); }));
  for (const auto& reader : readers) summary_.cost += reader->cost();
  return destination_.StartReading();
}

Status VerifyRun::Compare() {
  ASSIGN_OR_RETURN(std::optional<VerifyRecord> ours, source_.Next());
  ASSIGN_OR_RETURN(std::optional<VerifyRecord> theirs, destination_.Next());
  while (ours.has_value() || theirs.has_value()) {
    RETURN_IF_ERROR(ctx_.CheckNotStopped());
    const bool both = ours.has_value() && theirs.has_value() && ours->identity == theirs->identity;
    const bool take_ours =
        both || !theirs.has_value() || (ours.has_value() && ours->identity < theirs->identity);
    if (!both && !take_ours && (theirs->place & kMarked) != 0) {
      ++summary_.soft_deleted;
    } else if (!both) {
      RETURN_IF_ERROR(take_ours ? Differ(DifferenceKind::kMissing, *ours)
                                : Differ(DifferenceKind::kExtra, *theirs));
    } else if (ours->content != theirs->content) {
      RETURN_IF_ERROR(Differ(DifferenceKind::kDifferent, *ours));
    } else {
      ++summary_.equal;
    }
    if (take_ours) {
      ASSIGN_OR_RETURN(ours, source_.Next());
    }
    if (both || !take_ours) {
      ASSIGN_OR_RETURN(theirs, destination_.Next());
    }
  }
  return Status::Ok();
}

Status VerifyRun::Differ(DifferenceKind kind, const VerifyRecord& record) {
  switch (kind) {
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
  if (summary_.differences.size() >= options_.differences_max) return Status::Ok();
  Difference difference;
  difference.kind = kind;
  if (kind == DifferenceKind::kExtra) {
    ASSIGN_OR_RETURN(KeyFile::Key key, keys_->Read(record.place));
    difference.partition_key = std::move(key.partition_key);
    difference.id = std::move(key.id);
  } else {
    RETURN_IF_ERROR(Describe(difference, record.place));
  }
  summary_.differences.push_back(std::move(difference));
  return Status::Ok();
}

// The row again, as the only document of its batch that matters: the first.
Result<std::shared_ptr<EncodedBatch>> VerifyRun::ReadRow(uint64_t place) {
  ASSIGN_OR_RETURN(const std::unique_ptr<SplitReader> reader,
                   snapshot_->OpenSplit(SplitOf(place), RowOf(place), ctx_));
  ASSIGN_OR_RETURN(const std::optional<Batch> batch, reader->Next(ctx_));
  if (!batch.has_value()) return Internal("a row that was read before is not there");
  ASSIGN_OR_RETURN(std::shared_ptr<EncodedBatch> encoded,
                   encoder_->Encode(*batch, Intent::kUpsert));
  if (encoded->documents.empty() || encoded->documents.front().row != 0) {
    return Internal("a row that was a document before is none");
  }
  return encoded;
}

Status VerifyRun::Describe(Difference& difference, uint64_t place) {
  ASSIGN_OR_RETURN(const std::shared_ptr<EncodedBatch> encoded, ReadRow(place));
  const Document& document = encoded->documents.front();
  difference.partition_key = document.partition_key;
  difference.id = document.id;
  if (difference.kind == DifferenceKind::kMissing) return Status::Ok();
  ASSIGN_OR_RETURN(const std::optional<std::string> stored,
                   parts_.destination.ReadOne(document.partition_key, document.id, ctx_));
  // Gone or mended since it was compared: it did differ, and says so without fields.
  if (!stored.has_value()) return Status::Ok();
  ASSIGN_OR_RETURN(difference.fields,
                   JsonDiff(document.body, *stored, options_.ignored_fields, kFieldsMax));
  return Status::Ok();
}

void VerifyRun::Report() const {
  if (on_progress_) on_progress_(source_.documents() + destination_.documents());
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
