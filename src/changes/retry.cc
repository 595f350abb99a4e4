#include "changes/retry.h"

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "changes/change_sender.h"
#include "changes/collapse.h"
#include "changes/column_policy.h"
#include "engine/earlier_writes.h"
#include "engine/encoded_split.h"
#include "engine/hold.h"
#include "engine/key_text.h"
#include "engine/load_plan.h"
#include "engine/run_frame.h"

namespace spillway {
namespace {

constexpr uint64_t kShare = 32;  // of the knob, for what is kept of the rows
constexpr uint64_t kSendShare = 8;

// Both parts of it: a row with an unknown part cannot be found again.
bool IsWhole(const std::string& key) {
  return !key.empty() && !key.starts_with("[null,") && !key.ends_with(",null]");
}

class RetryRun {
 public:
  RetryRun(const LoadParts& parts, const DocumentOptions& documents, const ChangeOptions& options,
           const RetrySelection& selection, RunStop& stop, const LeaseKeeper& lease,
           RunJournal& journal)
      : parts_(parts),
        options_(options),
        selection_(selection),
        stop_(stop),
        lease_(lease),
        journal_(journal),
        ctx_{.stop = stop.token()},
        documents_(documents),
        bytes_(SpillPath("bytes"), options.memory_bytes_max / kShare),
        upserts_(SpillPath("upserts"), options.memory_bytes_max / kShare) {}

  Result<RetrySummary> Execute() {
    summary_.run_id = journal_.run_id();
    RETURN_IF_ERROR(Begin());
    if (!wanted_.empty()) {
      RETURN_IF_ERROR(ReadTable());
      const Status sent = Send();
      Report();
      RETURN_IF_ERROR(sent);
      RETURN_IF_ERROR(lease_.CheckHeld());
      RETURN_IF_ERROR(Commit());
    }
    Report();
    return summary_;
  }

 private:
  std::string SpillPath(const char* what) const {
    return fmt::format("{}/{}-retry-{}.spill", options_.spill_folder, options_.pipeline, what);
  }

  Status Begin() {
    ASSIGN_OR_RETURN(checkpoint_, LoadedCheckpoint(parts_.state, options_.pipeline));
    summary_.version = checkpoint_.version;
    RETURN_IF_ERROR(CheckCheckpoint());
    documents_ = WithLateColumns(documents_, checkpoint_.late_columns);
    ASSIGN_OR_RETURN(rejected_, parts_.state.Rejected(options_.pipeline, std::nullopt, UINT32_MAX));
    for (const RejectedRecord& row : rejected_) Want(row);
    summary_.keys = wanted_.size();
    return Status::Ok();
  }

  Status CheckCheckpoint() const {
    if (RulesFor(options_.mode).new_images_delete) {
      return InvalidArgument("rows that name documents to delete are not tried again")
          .WithHint(fmt::format("spillway sync {} --full", options_.pipeline));
    }
    if (checkpoint_.mapping_hash != MappingHash(documents_, options_.mode, options_.target)) {
      return Conflict(fmt::format("pipeline {}: the mapping, the mode or the destination has"
                                  " changed since the table was loaded",
                                  options_.pipeline))
          .WithHint(
              fmt::format("to load it anew, run: spillway sync {} --full", options_.pipeline));
    }
    if (checkpoint_.begun_through > checkpoint_.version) {
      return Conflict(fmt::format("pipeline {}: changes through version {} were begun and come"
                                  " first",
                                  options_.pipeline, checkpoint_.begun_through))
          .WithHint(fmt::format("spillway sync {}", options_.pipeline));
    }
    RETURN_IF_ERROR(CheckNotHeld(checkpoint_, options_.pipeline));
    ASSIGN_OR_RETURN(const Preparation missing, parts_.destination.Prepare(true, ctx_));
    if (missing.steps.empty()) return Status::Ok();
    return Conflict(fmt::format("pipeline {}: the destination is gone ({} is missing)",
                                options_.pipeline, missing.steps.front()))
        .WithHint(fmt::format("to load it anew, run: spillway sync {} --full", options_.pipeline));
  }

  void Want(const RejectedRecord& row) {
    if (selection_.run_id && row.run_id != *selection_.run_id) return;
    if (!selection_.reason.empty() && row.reason != selection_.reason) return;
    if (!selection_.id.empty() && !IsKeyText(row.key, {}, selection_.id)) return;
    ++summary_.rows;
    if (!IsWhole(row.key)) {
      ++summary_.without_key;
    } else if (wanted_.size() >= kRetryKeysMax && wanted_.count(row.key) == 0) {
      ++summary_.left;
    } else {
      wanted_.insert(row.key);
    }
  }

  // In the table's order and by one thread: of rows that share a key the last is known.
  Status ReadTable() {
    VersionSelector at;
    at.version = checkpoint_.version;
    ASSIGN_OR_RETURN(const std::unique_ptr<Snapshot> snapshot,
                     OpenMapped(parts_.source, documents_, at,
                                BatchBytesTarget(options_.memory_bytes_max), ctx_));
    ASSIGN_OR_RETURN(const std::unique_ptr<DocumentEncoder> encoder,
                     DocumentEncoder::Make(documents_, snapshot->schema()->get(),
                                           parts_.destination.capabilities()));
    for (uint32_t split = 0; split < snapshot->splits().size(); ++split) {
      RETURN_IF_ERROR(ReadEncoded(
          *snapshot, *encoder, split, Intent::kUpsert,
          [this](const EncodedBatch& encoded) { return Take(encoded); }, ctx_));
    }
    for (const auto& [key, record] : found_) RETURN_IF_ERROR(upserts_.Append(record));
    return Status::Ok();
  }

  Status Take(const EncodedBatch& encoded) {
    for (const Document& document : encoded.documents) {
      const std::string key = KeyText(document);
      if (wanted_.count(key) == 0) continue;
      if (found_.count(key) > 0 && options_.duplicates == DuplicatePolicy::kFail) {
        return Conflict(fmt::format("version {} has several rows with the key {}",
                                    checkpoint_.version, key))
            .WithHint("make the id unique in the table, or choose sync.duplicates: last");
      }
      ASSIGN_OR_RETURN(found_[key], Keep(document));
    }
    for (const RejectedRow& row : encoded.rejected) {
      if (wanted_.count(row.key) > 0) refused_.insert(row.key);
    }
    return Status::Ok();
  }

  Result<ImageRecord> Keep(const Document& document) {
    ImageRecord record;
    record.identity = document.identity;
    record.version = checkpoint_.version;
    RETURN_IF_ERROR(bytes_.Keep(document, record));
    return record;
  }

  Status Send() {
    if (upserts_.size() == 0) return Status::Ok();
    // An earlier run's write of the same key must not land on top of this one.
    ASSIGN_OR_RETURN(const SteadyTime landed,
                     EarlierWritesLanded(parts_.state, parts_.clock, options_.pipeline,
                                         journal_.run_id(), options_.settle));
    RETURN_IF_ERROR(WaitUntil(parts_.clock, landed, ctx_));
    // They were rejected before: being so again is no news, whatever the budget.
    RejectedGuard rejected(RejectedBudget{.rows = UINT64_MAX, .share = std::nullopt},
                           options_.pipeline, upserts_.size(), 0);
    const SenderParts parts{.clock = parts_.clock,
                            .destination = parts_.destination,
                            .lease = &lease_,
                            .rejected = rejected,
                            .meter = meter_,
                            .stop = stop_};
    const SenderOptions options{.mode = options_.mode,
                                .soft_delete = documents_.soft_delete,
                                .lanes_max = options_.lanes_max,
                                .settle = options_.settle,
                                .row_failing_max = options_.row_failing_max,
                                .throughput = options_.throughput,
                                .memory_bytes_max = options_.memory_bytes_max / kSendShare};
    ASSIGN_OR_RETURN(const std::unique_ptr<ChangeSender> sender,
                     ChangeSender::Open(parts, options, ctx_));
    const Status sent =
        sender->Send(upserts_, bytes_, Intent::kUpsert, 0, [this](uint64_t, BatchInFlight& batch) {
          std::lock_guard lock(mutex_);
          counts_ += batch.Counts();
          for (RejectedRow& row : batch.TakeRejected()) refused_.insert(std::move(row.key));
          return Status::Ok();
        });
    sender->Finish();
    return sent;
  }

  // One transaction: the list without what is settled, and the documents that are there now.
  Status Commit() {
    for (const std::string& key : wanted_) {
      if (refused_.count(key) > 0) {
        ++summary_.still_rejected;
      } else {
        ++(found_.count(key) > 0 ? summary_.written : summary_.gone);
      }
    }
    std::erase_if(rejected_, [&](const RejectedRecord& row) {
      return wanted_.count(row.key) > 0 && refused_.count(row.key) == 0;
    });
    // What is rejected again was counted when it was rejected first.
    counts_.read -= counts_.rejected;
    counts_.rejected = 0;
    checkpoint_.counts += counts_;
    checkpoint_.documents += counts_.inserted;
    ASSIGN_OR_RETURN(const std::vector<SplitProgress> progress,
                     parts_.state.LoadProgress(options_.pipeline));
    return parts_.state.Restore(options_.pipeline, checkpoint_, progress, rejected_)
        .WithContext("storing which rows are rejected no longer");
  }

  void Report() {
    summary_.cost = meter_.cost;
    summary_.requests = meter_.requests;
    LoadProgressReport totals;
    totals.version = summary_.version;
    totals.run_counts = counts_;
    totals.cost = summary_.cost;
    totals.requests = summary_.requests;
    totals.throttled_requests = meter_.throttled_requests;
    journal_.SetTotals(totals, meter_.bytes_sent, meter_.unsure);
    journal_.SetMessage(fmt::format("{} keys: {} written, {} gone, {} rejected again",
                                    summary_.keys, summary_.written, summary_.gone,
                                    summary_.still_rejected));
  }

  const LoadParts& parts_;
  const ChangeOptions& options_;
  const RetrySelection& selection_;
  RunStop& stop_;
  const LeaseKeeper& lease_;
  RunJournal& journal_;
  const CallContext ctx_;
  DocumentOptions documents_;
  Checkpoint checkpoint_;
  std::vector<RejectedRecord> rejected_;  // as listed
  std::set<std::string> wanted_;
  std::map<std::string, ImageRecord> found_;
  std::set<std::string> refused_;  // again
  ImageBytes bytes_;
  RecordLog<ImageRecord> upserts_;
  RunMeter meter_;
  std::mutex mutex_;  // of the counts and the refused, while lanes are at work
  IntentCounts counts_;
  RetrySummary summary_;
};

}  // namespace

Result<RetrySummary> RunRetry(const LoadParts& parts, const DocumentOptions& documents,
                              const ChangeOptions& options, const RetrySelection& selection,
                              const CallContext& ctx) {
  const RunFrame frame{.pipeline = options.pipeline, .kind = "retry", .lease = options.lease};
  return RunFramed(
      parts.state, parts.clock, frame, ctx,
      [&](RunStop& stop, const LeaseKeeper& lease, RunJournal& journal) {
        return RetryRun(parts, documents, options, selection, stop, lease, journal).Execute();
      });
}

}  // namespace spillway
