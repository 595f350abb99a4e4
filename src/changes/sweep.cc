#include "changes/sweep.h"

#include <fmt/format.h>

#include <mutex>
#include <utility>

#include "changes/change_sender.h"
#include "engine/earlier_writes.h"
#include "engine/encoded_split.h"
#include "engine/load_plan.h"
#include "engine/run_frame.h"
#include "engine/verify_side.h"
#include "engine/worker_group.h"

namespace spillway {
namespace {

constexpr uint32_t kThreads = 2;  // that read, on either side
constexpr std::chrono::milliseconds kTick{250};
// Each side's records take this part of the knob before they are spilled.
constexpr uint64_t kSideShare = 32;

class SweepRun {
 public:
  SweepRun(const LoadParts& parts, const DocumentOptions& documents, const ChangeOptions& options,
           RunStop& stop, const LeaseKeeper& lease, RunJournal& journal)
      : parts_(parts),
        documents_(documents),
        options_(options),
        stop_(stop),
        lease_(lease),
        journal_(journal),
        ctx_{.stop = stop.token()},
        source_(SpillPath("source"), options.memory_bytes_max / kSideShare),
        destination_(SpillPath("destination"), options.memory_bytes_max / kSideShare),
        bytes_(SpillPath("bytes"), options.memory_bytes_max / kSideShare),
        removes_(SpillPath("removes"), options.memory_bytes_max / kSideShare) {}

  Result<SweepSummary> Execute() {
    ASSIGN_OR_RETURN(checkpoint_, LoadedCheckpoint(parts_.state, options_.pipeline));
    summary_.run_id = journal_.run_id();
    summary_.version = checkpoint_.version;
    RETURN_IF_ERROR(ReadSource());
    RETURN_IF_ERROR(ReadDestination());
    RETURN_IF_ERROR(FindExtras());
    const Status removed = RemoveExtras();
    Report();
    RETURN_IF_ERROR(removed);
    RETURN_IF_ERROR(lease_.CheckHeld());
    RETURN_IF_ERROR(Commit());
    return summary_;
  }

 private:
  std::string SpillPath(const char* what) const {
    return fmt::format("{}/{}-sweep-{}.spill", options_.spill_folder, options_.pipeline, what);
  }

  // Keys alone: a row that cannot be a document any more still owns the one it once was.
  Status ReadSource() {
    VersionSelector at;
    at.version = checkpoint_.version;
    ASSIGN_OR_RETURN(const std::unique_ptr<Snapshot> snapshot,
                     OpenMapped(parts_.source, documents_, at,
                                BatchBytesTarget(options_.memory_bytes_max), ctx_));
    ASSIGN_OR_RETURN(const std::unique_ptr<DocumentEncoder> encoder,
                     DocumentEncoder::Make(documents_, snapshot->schema()->get(),
                                           parts_.destination.capabilities()));
    const auto add = [this](const EncodedBatch& keys) {
      std::vector<VerifyRecord> records;
      records.reserve(keys.documents.size());
      for (const Document& key : keys.documents) {
        records.push_back({.identity = key.identity, .content = {}});
      }
      return source_.Add(records, 0);
    };
    const auto read = [&](uint32_t split) {
      return ReadEncoded(*snapshot, *encoder, split, Intent::kDelete, add, ctx_);
    };
    RETURN_IF_ERROR(RunWorkers(static_cast<uint32_t>(snapshot->splits().size()), kThreads, read,
                               stop_, parts_.clock, kTick, [] {}));
    return source_.StartReading();
  }

  Status ReadDestination() {
    ASSIGN_OR_RETURN(keys_, KeyFile::Create(SpillPath("keys")));
    ASSIGN_OR_RETURN(const std::vector<std::unique_ptr<DocumentReader>> readers,
                     parts_.destination.OpenReaders(ctx_));
    const std::vector<std::string>& ignored =
        parts_.destination.capabilities().limits.reserved_fields;
    const auto read = [&](uint32_t reader) {
      return AddDocuments(*readers[reader], ignored, documents_.soft_delete, destination_, *keys_,
                          ctx_)
          .WithContext("reading the destination");
    };
    RETURN_IF_ERROR(RunWorkers(static_cast<uint32_t>(readers.size()), kThreads, read, stop_,
                               parts_.clock, kTick, [] {}));
    summary_.documents = destination_.documents();
    return destination_.StartReading();
  }

  Status FindExtras() {
    ASSIGN_OR_RETURN(std::optional<VerifyRecord> ours, source_.Next());
    while (true) {
      RETURN_IF_ERROR(ctx_.CheckNotStopped());
      ASSIGN_OR_RETURN(const std::optional<VerifyRecord> theirs, destination_.Next());
      if (!theirs.has_value()) return Status::Ok();
      while (ours.has_value() && ours->identity < theirs->identity) {
        ASSIGN_OR_RETURN(ours, source_.Next());
      }
      const bool known = ours.has_value() && ours->identity == theirs->identity;
      if (known) continue;
      if ((theirs->place & kMarked) == 0) {
        RETURN_IF_ERROR(AddExtra(*theirs));
      } else {
        --summary_.documents;
      }
    }
  }

  Status AddExtra(const VerifyRecord& extra) {
    ASSIGN_OR_RETURN(const KeyFile::Key key, keys_->Read(extra.place));
    ImageRecord record;
    record.identity = extra.identity;
    record.version = checkpoint_.version;
    record.offset = bytes_.size();
    record.partition_key_bytes = static_cast<uint32_t>(key.partition_key.size());
    record.id_bytes = static_cast<uint32_t>(key.id.size());
    RETURN_IF_ERROR(bytes_.Append(key.partition_key));
    RETURN_IF_ERROR(bytes_.Append(key.id));
    return removes_.Append(record);
  }

  Status RemoveExtras() {
    if (removes_.size() == 0) return Status::Ok();
    RETURN_IF_ERROR(DeleteGuard(options_.delete_guard, options_.pipeline)
                        .Check(removes_.size(), summary_.documents));
    // An earlier run's write must not bring one of them back.
    ASSIGN_OR_RETURN(const SteadyTime landed,
                     EarlierWritesLanded(parts_.state, parts_.clock, options_.pipeline,
                                         journal_.run_id(), options_.settle));
    RETURN_IF_ERROR(WaitUntil(parts_.clock, landed, ctx_));
    RejectedGuard rejected(options_.max_rejected, options_.pipeline, removes_.size(), 0);
    const SenderParts parts{.clock = parts_.clock,
                            .destination = parts_.destination,
                            .lease = &lease_,
                            .rejected = rejected,
                            .meter = meter_,
                            .stop = stop_};
    const bool marks = options_.mode == WriteMode::kSoftDelete;
    const SenderOptions options{.mode = marks ? WriteMode::kSoftDelete : WriteMode::kMirror,
                                .soft_delete = documents_.soft_delete,
                                .lanes_max = options_.lanes_max,
                                .settle = options_.settle,
                                .row_failing_max = options_.row_failing_max,
                                .throughput = options_.throughput,
                                .stamp = StampOf(documents_, options_.pipeline, journal_.run_id()),
                                .memory_bytes_max = options_.memory_bytes_max / 8};
    ASSIGN_OR_RETURN(const std::unique_ptr<ChangeSender> sender,
                     ChangeSender::Open(parts, options, ctx_));
    const Status sent =
        sender->Send(removes_, bytes_, Intent::kDelete, 0, [this](uint64_t, BatchInFlight& batch) {
          std::lock_guard lock(mutex_);
          summary_.counts += batch.Counts();
          return Status::Ok();
        });
    sender->Finish();
    return sent;
  }

  void Report() {
    summary_.cost = meter_.cost;
    summary_.requests = meter_.requests;
    LoadProgressReport totals;
    totals.version = summary_.version;
    totals.run_counts = summary_.counts;
    totals.cost = summary_.cost;
    totals.requests = summary_.requests;
    totals.throttled_requests = meter_.throttled_requests;
    journal_.SetTotals(totals, meter_.bytes_sent, meter_.unsure);
  }

  Status Commit() {
    checkpoint_.sweep = false;
    checkpoint_.counts += summary_.counts;
    checkpoint_.documents = summary_.documents - summary_.counts.deleted;
    return parts_.state.Commit(options_.pipeline, checkpoint_, {}, {})
        .WithContext("storing that the sweep is done");
  }

  const LoadParts& parts_;
  const DocumentOptions& documents_;
  const ChangeOptions& options_;
  RunStop& stop_;
  const LeaseKeeper& lease_;
  RunJournal& journal_;
  const CallContext ctx_;
  Checkpoint checkpoint_;
  VerifySide source_;
  VerifySide destination_;
  std::unique_ptr<KeyFile> keys_;
  ImageBytes bytes_;
  RecordLog<ImageRecord> removes_;
  RunMeter meter_;
  std::mutex mutex_;  // of the counts, while lanes are at work
  SweepSummary summary_;
};

}  // namespace

Result<SweepSummary> RunSweep(const LoadParts& parts, const DocumentOptions& documents,
                              const ChangeOptions& options, const CallContext& ctx) {
  const RunFrame frame{.pipeline = options.pipeline, .kind = "sweep", .lease = options.lease};
  return RunFramed(parts.state, parts.clock, frame, ctx,
                   [&](RunStop& stop, const LeaseKeeper& lease, RunJournal& journal) {
                     return SweepRun(parts, documents, options, stop, lease, journal).Execute();
                   });
}

}  // namespace spillway
