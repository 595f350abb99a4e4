#include "verify/repair_run.h"

#include <fmt/format.h>

#include <mutex>
#include <utility>

#include "changes/change_sender.h"
#include "changes/collapse.h"
#include "engine/earlier_writes.h"
#include "engine/hold.h"
#include "engine/load_plan.h"
#include "engine/run_frame.h"
#include "json/canonical_hash.h"
#include "verify/recheck.h"
#include "verify/repair_writes.h"
#include "verify/row_fetch.h"

namespace spillway {
namespace {

// Shares of the knob.
constexpr uint64_t kPlacesShare = 64;
constexpr uint64_t kSendShare = 8;

// Who has the pipeline: nobody, for a dry run.
struct Held {
  const LeaseKeeper* lease = nullptr;
  RunJournal* journal = nullptr;
};

class RepairRun {
 public:
  RepairRun(const LoadParts& parts, const DocumentOptions& documents, const RepairOptions& options,
            const RepairListener& listener, RunStop& stop, const Held& held)
      : parts_(parts),
        documents_(documents),
        options_(options),
        listener_(listener),
        stop_(stop),
        held_(held),
        ctx_{.stop = stop.token()},
        spill_prefix_(
            fmt::format("{}/{}-repair", options.spill_folder, FileNameFor(options.pipeline))),
        writes_(spill_prefix_, options.memory_bytes_max) {}

  Result<RepairSummary> Execute() {
    RETURN_IF_ERROR(Begin());
    RETURN_IF_ERROR(Compare());
    RETURN_IF_ERROR(FetchDocuments());
    FinishPlan();
    if (options_.dry_run) return summary_;
    if (summary_.plan.writes() > 0 || options_.back_to.has_value()) {
      RETURN_IF_ERROR(DeleteGuard(options_.delete_guard, options_.pipeline, Command())
                          .Check(writes_.removes().size(), summary_.plan.destination_documents));
      ASSIGN_OR_RETURN(const bool wanted, listener_.confirm(summary_.plan));
      if (!wanted) return summary_;
      RETURN_IF_ERROR(StoreBegun());
      if (summary_.plan.writes() > 0) {
        RETURN_IF_ERROR(Write());
        RETURN_IF_ERROR(CompareAgain());
      }
      RETURN_IF_ERROR(StoreDone());
      summary_.carried_out = true;
    }
    held_.journal->SetMessage(
        fmt::format("{} written, {} deleted", summary_.counts.upserted, summary_.counts.deleted));
    return summary_;
  }

 private:
  Status Begin() {
    ASSIGN_OR_RETURN(checkpoint_, LoadedCheckpoint(parts_.state, options_.pipeline));
    RETURN_IF_ERROR(CheckCheckpoint());
    if (options_.read_limit.is_set()) {
      ASSIGN_OR_RETURN(pace_,
                       ReadPace::Make(parts_.destination, parts_.clock, options_.read_limit, ctx_));
    }
    if (held_.journal == nullptr) return Status::Ok();
    summary_.run_id = held_.journal->run_id();
    // What an earlier run has sent must have landed before the documents are looked at.
    ASSIGN_OR_RETURN(const SteadyTime landed,
                     EarlierWritesLanded(parts_.state, parts_.clock, options_.pipeline,
                                         summary_.run_id, options_.settle));
    return WaitUntil(parts_.clock, landed, ctx_);
  }

  Status CheckCheckpoint() const {
    const std::string& pipeline = options_.pipeline;
    if (checkpoint_.mapping_hash != MappingHash(documents_, options_.mode, options_.target)) {
      return Conflict(fmt::format("pipeline {}: the mapping, the mode or the destination has"
                                  " changed since the table was loaded",
                                  pipeline))
          .WithHint(fmt::format("to load it anew, run: spillway sync {} --full", pipeline));
    }
    // Whatever was begun: every document is taken back.
    if (options_.back_to.has_value()) return Status::Ok();
    if (checkpoint_.hold == Hold::kRollingBack) return CheckNotHeld(checkpoint_, pipeline);
    const bool begun = checkpoint_.begun_through > checkpoint_.version;
    if (!begun && !checkpoint_.sweep) return Status::Ok();
    // Some documents are newer than the checkpoint: they must not go back (I2).
    return Conflict(fmt::format("pipeline {}: an earlier run has written a part of what comes"
                                " after version {} and did not finish it",
                                pipeline, checkpoint_.version))
        .WithHint(fmt::format("to finish it, run: spillway sync {}", pipeline));
  }

  Status Compare() {
    const ComparisonOptions comparing{.pipeline = options_.pipeline,
                                      .spill_prefix = spill_prefix_,
                                      .memory_bytes_max = options_.memory_bytes_max,
                                      .ignored_fields = options_.ignored_fields};
    comparison_ = std::make_unique<Comparison>(parts_, documents_, comparing, pace_.get(), stop_);
    VersionSelector at;
    at.version = checkpoint_.version;
    RETURN_IF_ERROR(comparison_->Open(options_.back_to.value_or(at), checkpoint_.late_columns));
    RETURN_IF_ERROR(CheckTarget());
    RETURN_IF_ERROR(comparison_->Read(0, listener_.on_progress));
    return comparison_->Merge([this](const Mismatch& mismatch) { return Plan(mismatch); });
  }

  Status CheckTarget() {
    const TableInfo& table = comparison_->snapshot().info();
    version_ = table.version;
    if (held_.journal != nullptr) held_.journal->SetVersion(version_);
    if (table.table_id != checkpoint_.table_id) {
      return Conflict(fmt::format("pipeline {}: the table at {} is not the one that was loaded",
                                  options_.pipeline, table.location))
          .WithHint(
              fmt::format("to load it anew, run: spillway sync {} --resync", options_.pipeline));
    }
    if (version_ <= checkpoint_.version) return Status::Ok();
    return InvalidArgument(
               fmt::format("pipeline {}: version {} is ahead of the destination, which is"
                           " at version {}",
                           options_.pipeline, version_, checkpoint_.version))
        .WithHint(fmt::format("to go there, run: spillway sync {} --until {}", options_.pipeline,
                              version_));
  }

  // As --allow-deletes is given to it.
  std::string Command() const {
    return options_.back_to.has_value()
               ? fmt::format("rollback {} --to {}", options_.pipeline, version_)
               : "repair " + options_.pipeline;
  }

  // Of a rollback, durable before its first write: no other run may go on from the middle of it.
  Status StoreBegun() {
    if (!options_.back_to.has_value()) return Status::Ok();
    RETURN_IF_ERROR(held_.lease->CheckHeld());
    checkpoint_.hold = Hold::kRollingBack;
    checkpoint_.hold_version = version_;
    return parts_.state.StartWindow(options_.pipeline, checkpoint_)
        .WithContext("storing that a rollback begins");
  }

  // As if that version had just been loaded.
  Status StoreDone() {
    if (!options_.back_to.has_value()) return Status::Ok();
    RETURN_IF_ERROR(held_.lease->CheckHeld());
    Checkpoint done = CheckpointOf(comparison_->snapshot(), checkpoint_.mapping_hash);
    done.phase = LoadPhase::kLoaded;
    done.counts = checkpoint_.counts;
    done.counts += summary_.counts;
    const ComparisonCounts& counts = comparison_->counts();
    done.documents = counts.equal + counts.rejected_kept + counts.missing + counts.different;
    done.late_columns = comparison_->late_columns();
    done.hold = Hold::kHeld;
    done.hold_version = version_;
    return parts_.state.StartLoad(options_.pipeline, done)
        .WithContext("storing where the rollback has ended");
  }

  Status Plan(const Mismatch& mismatch) {
    if (summary_.plan.differences.size() < options_.differences_max) {
      ASSIGN_OR_RETURN(summary_.plan.differences.emplace_back(),
                       DescribeMismatch(Describing(), mismatch, ctx_));
    }
    if (mismatch.kind != DifferenceKind::kExtra) return rows_.Add(mismatch.row_place);
    if (!RulesFor(options_.mode).old_images_delete) {
      ++summary_.plan.left;
      return Status::Ok();
    }
    ASSIGN_OR_RETURN(const KeyFile::Key key, comparison_->keys().Read(mismatch.key_place));
    return writes_.AddRemove(mismatch.identity, key, version_);
  }

  DescribeParts Describing() const {
    return {parts_,
            options_.pipeline,
            comparison_->snapshot(),
            comparison_->encoder(),
            &comparison_->keys(),
            options_.ignored_fields,
            documents_.stamp_field};
  }

  Status FetchDocuments() {
    const FetchParts parts{comparison_->snapshot(), comparison_->encoder(), comparison_->reading()};
    const auto add = [this](const Document& document, uint64_t place) -> Status {
      ASSIGN_OR_RETURN(const Hash128 content,
                       CanonicalHash(document.body, options_.ignored_fields));
      const auto expected = parts_.destination.capabilities().expected_cost;
      if (expected != nullptr) summary_.plan.write_cost += expected(document.body.size());
      summary_.plan.bytes += document.body.size();
      return writes_.AddUpsert(document, content, place, version_);
    };
    return rows_.Read(parts, add, ctx_);
  }

  void FinishPlan() {
    RepairPlan& plan = summary_.plan;
    static_cast<ComparisonCounts&>(plan) = comparison_->counts();
    plan.version = version_;
    plan.from_version = checkpoint_.version;
    plan.upserts = writes_.upserts().size();
    plan.removes = writes_.removes().size();
    const auto expected = parts_.destination.capabilities().expected_cost;
    if (expected != nullptr) plan.write_cost += expected(0) * static_cast<double>(plan.removes);
  }

  Status Write() {
    RejectedGuard rejected(options_.max_rejected, options_.pipeline, writes_.size(), 0);
    const SenderParts parts{.clock = parts_.clock,
                            .destination = parts_.destination,
                            .lease = held_.lease,
                            .rejected = rejected,
                            .meter = meter_,
                            .stop = stop_};
    const SenderOptions options{
        .mode = options_.mode,
        .soft_delete = documents_.soft_delete,
        .lanes_max = options_.lanes_max,
        .settle = options_.settle,
        .row_failing_max = options_.row_failing_max,
        .throughput = options_.throughput,
        .stamp = StampOf(documents_, options_.pipeline, held_.journal->run_id()),
        .memory_bytes_max = options_.memory_bytes_max / kSendShare};
    ASSIGN_OR_RETURN(const std::unique_ptr<ChangeSender> sender,
                     ChangeSender::Open(parts, options, ctx_));
    Status sent = Send(*sender, writes_.upserts(), Intent::kUpsert);
    // New documents before old ones go: a crash leaves one too many, never a hole.
    if (sent.ok()) sent = Send(*sender, writes_.removes(), Intent::kDelete);
    sender->Finish();
    Report();
    RETURN_IF_ERROR(sent);
    return rejected.CheckAtEnd();
  }

  Status Send(ChangeSender& sender, const RecordLog<ImageRecord>& list, Intent intent) {
    if (list.size() == 0) return Status::Ok();
    return sender.Send(list, writes_.bytes(), intent, 0,
                       [&](uint64_t first, BatchInFlight& batch) -> Status {
                         {
                           std::lock_guard lock(mutex_);
                           summary_.counts += batch.Counts();
                         }
                         return StoreRejected(list, first, batch.TakeRejected());
                       });
  }

  // Under the checkpoint as it is.
  Status StoreRejected(const RecordLog<ImageRecord>& list, uint64_t first,
                       std::vector<RejectedRow> rows) {
    if (rows.empty()) return Status::Ok();
    std::vector<RejectedRecord> records;
    for (RejectedRow& row : rows) {
      ASSIGN_OR_RETURN(const std::vector<ImageRecord> image, list.Read(first + row.row, 1));
      const std::span<const Split> splits = comparison_->snapshot().splits();
      RejectedRecord& record = records.emplace_back();
      record.run_id = summary_.run_id;
      record.pipeline = options_.pipeline;
      record.version = summary_.plan.version;
      if (image.front().kind() == ImageKind::kUpsert) {
        record.split = splits[image.front().split()].key;
      }
      record.row = image.front().row();
      record.key = std::move(row.key);
      record.reason = std::move(row.reason);
      record.message = std::move(row.message);
      record.at_ms = UnixMillis(parts_.clock.WallNow());
    }
    RETURN_IF_ERROR(held_.lease->CheckHeld());
    std::lock_guard lock(mutex_);
    return parts_.state.Commit(options_.pipeline, checkpoint_, {}, records)
        .WithContext("storing rejected rows");
  }

  void Report() {
    summary_.cost = meter_.cost;
    summary_.requests = meter_.requests;
    summary_.throttled_requests = meter_.throttled_requests;
    summary_.bytes_sent = meter_.bytes_sent;
    LoadProgressReport totals;
    totals.version = summary_.plan.version;
    totals.run_counts = summary_.counts;
    totals.cost = summary_.cost + summary_.plan.cost;
    totals.requests = summary_.requests;
    totals.throttled_requests = summary_.throttled_requests;
    held_.journal->SetTotals(totals, summary_.bytes_sent, meter_.unsure);
  }

  Status CompareAgain() {
    const RecheckOptions options{options_.ignored_fields, documents_.soft_delete, pace_.get()};
    ASSIGN_OR_RETURN(const RecheckResult result,
                     Recheck(parts_.destination, writes_, options, ctx_));
    summary_.checked = result.checked;
    summary_.still_different = result.still_different;
    summary_.plan.cost += result.cost;
    return Status::Ok();
  }

  const LoadParts& parts_;
  const DocumentOptions& documents_;
  const RepairOptions& options_;
  const RepairListener& listener_;
  RunStop& stop_;
  const Held held_;
  const CallContext ctx_;
  const std::string spill_prefix_;
  int64_t version_ = 0;  // that the destination is made equal to
  Checkpoint checkpoint_;
  std::unique_ptr<ReadPace> pace_;  // null: as fast as it goes
  std::unique_ptr<Comparison> comparison_;
  RowFetch rows_{spill_prefix_ + "-places.spill", options_.memory_bytes_max / kPlacesShare};
  RepairWrites writes_;
  RunMeter meter_;
  std::mutex mutex_;  // of the counts and the state, while lanes are at work
  RepairSummary summary_;
};

Status Check(const RepairOptions& options) {
  RETURN_IF_ERROR(CheckRunOptions(options));
  const bool makes_equal = options.mode == WriteMode::kMirror ||
                           options.mode == WriteMode::kUpsert ||
                           options.mode == WriteMode::kSoftDelete;
  if (makes_equal) return Status::Ok();
  return Unsupported(fmt::format("pipeline {}: its mode does not make the destination equal to the"
                                 " table, so that there is nothing to repair it to",
                                 options.pipeline))
      .WithHint("mirror, upsert and soft_delete can be repaired");
}

}  // namespace

Result<RepairSummary> RunRepair(const LoadParts& parts, const DocumentOptions& documents,
                                const RepairOptions& options, const RepairListener& listener,
                                const CallContext& ctx) {
  RETURN_IF_ERROR(Check(options));
  if (options.dry_run) {
    RunStop stop(ctx.stop);
    return RepairRun(parts, documents, options, listener, stop, {}).Execute();
  }
  const RunFrame frame{.pipeline = options.pipeline,
                       .kind = options.back_to.has_value() ? "rollback" : "repair",
                       .lease = options.lease};
  return RunFramed(
      parts.state, parts.clock, frame, ctx,
      [&](RunStop& stop, const LeaseKeeper& lease, RunJournal& journal) {
        return RepairRun(parts, documents, options, listener, stop, {&lease, &journal}).Execute();
      });
}

}  // namespace spillway
