#include "engine/split_run.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "engine/acknowledger.h"
#include "engine/load_plan.h"
#include "engine/pump.h"

namespace spillway {
namespace {

constexpr std::chrono::milliseconds kTick{250};

// Used by one thread, but for what the lanes settle.
class SplitRun {
 public:
  SplitRun(const SplitRunParts& parts, const DocumentOptions& documents, const RunOptions& options,
           const SplitRunWork& work, const CallContext& ctx)
      : parts_(parts), documents_(documents), options_(options), work_(work), stop_(ctx.stop) {}

  Result<CrewOutcome> Execute() {
    RETURN_IF_ERROR(Open());
    for (const SplitWork& work : work_.work) {
      outcomes_[work.split] = {.split = work.split, .first_row = work.skip_rows};
    }
    RETURN_IF_ERROR(Pump());
    return Outcome();
  }

 private:
  Status Open() {
    const CallContext ctx{.stop = stop_.token()};
    VersionSelector at;
    at.version = work_.version;
    ASSIGN_OR_RETURN(snapshot_, OpenMapped(parts_.source, documents_, at,
                                           BatchBytesTarget(options_.memory_bytes_max), ctx));
    RETURN_IF_ERROR(CheckSame());
    ASSIGN_OR_RETURN(encoder_, DocumentEncoder::Make(documents_, snapshot_->schema()->get(),
                                                     parts_.destination.capabilities()));
    ASSIGN_OR_RETURN([[maybe_unused]] const Preparation prepared,
                     parts_.destination.Prepare(false, ctx));
    ASSIGN_OR_RETURN(lanes_, parts_.destination.PlanLanes(options_.lanes_max, ctx));
    return Status::Ok();
  }

  Status CheckSame() const {
    bool same = snapshot_->info().table_id == work_.table_id;
    for (size_t i = 0; same && i < work_.work.size(); ++i) {
      const uint32_t split = work_.work[i].split;
      same = split < snapshot_->splits().size() && snapshot_->splits()[split].key == work_.keys[i];
    }
    if (same) return Status::Ok();
    return Conflict(fmt::format("version {} of {} is another one here than where the load was"
                                " planned",
                                work_.version, snapshot_->info().location))
        .WithHint("the table's address must mean the same table in every process");
  }

  Status Pump() {
    PumpBudgets budgets(options_.memory_bytes_max);
    OpenBatches batches([this](BatchInFlight& batch) { return OnSettled(batch); });
    RejectedGuard rejected({.rows = kRejectedPerPartMax, .share = std::nullopt}, options_.pipeline,
                           0, 0);
    const PumpParts pump{.snapshot = *snapshot_,
                         .encoder = *encoder_,
                         .destination = parts_.destination,
                         .lanes = lanes_,
                         .budgets = budgets,
                         .batches = batches,
                         .lease = parts_.right,
                         .rejected = rejected,
                         .meter = parts_.meter,
                         .stop = stop_,
                         .clock = parts_.clock};
    const PumpOptions options{
        .mode = options_.mode,
        .readers = options_.readers_max,
        .settle = options_.settle,
        .row_failing_max = options_.row_failing_max,
        .throughput = options_.throughput,
        .stamp = StampOf(documents_, options_.pipeline, work_.run_id),
        .tick = kTick,
        .overflow_path = fmt::format("{}/{}.overflow", options_.spill_folder, work_.run_id)};
    return RunPump(
        pump, options, work_.work, [](uint32_t, uint64_t) {}, [] {});
  }

  // The identities first: the batch's documents are gone with it.
  Status OnSettled(BatchInFlight& batch) {
    std::vector<IdentityRecord> identities;
    RETURN_IF_ERROR(AppendIdentities(batch, identities));
    std::optional<SettledBatch> settled = TakeSettled(batch);
    std::lock_guard lock(mutex_);
    SplitOutcome& outcome = outcomes_[batch.encoded().split];
    outcome.identities.insert(outcome.identities.end(), identities.begin(), identities.end());
    if (!settled.has_value()) return Status::Ok();
    outcome.rows += settled->rows;
    outcome.counts += settled->counts;
    for (RejectedRow& row : settled->rejected) {
      row.row += static_cast<uint32_t>(settled->first_row - outcome.first_row);
      outcome.rejected.push_back(std::move(row));
    }
    return Status::Ok();
  }

  CrewOutcome Outcome() {
    CrewOutcome outcome;
    for (auto& [split, done] : outcomes_) outcome.splits.push_back(std::move(done));
    outcome.cost = parts_.meter.cost;
    outcome.requests = parts_.meter.requests;
    outcome.throttled_requests = parts_.meter.throttled_requests;
    outcome.bytes_sent = parts_.meter.bytes_sent;
    return outcome;
  }

  const SplitRunParts& parts_;
  const DocumentOptions& documents_;
  const RunOptions& options_;
  const SplitRunWork& work_;
  RunStop stop_;
  std::unique_ptr<Snapshot> snapshot_;
  std::unique_ptr<DocumentEncoder> encoder_;
  LanePlan lanes_;
  std::mutex mutex_;
  std::map<uint32_t, SplitOutcome> outcomes_;  // by split
};

}  // namespace

Result<CrewOutcome> RunSplits(const SplitRunParts& parts, const DocumentOptions& documents,
                              const RunOptions& options, const SplitRunWork& work,
                              const CallContext& ctx) {
  return SplitRun(parts, documents, options, work, ctx).Execute();
}

}  // namespace spillway
