#include "engine/load_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "engine/acknowledger.h"
#include "engine/duplicate_policy.h"
#include "engine/earlier_writes.h"
#include "engine/load_plan.h"
#include "engine/progress_meter.h"
#include "engine/pump.h"
#include "engine/run_frame.h"

namespace spillway {
namespace {

constexpr std::chrono::milliseconds kReportInterval{250};
constexpr std::chrono::milliseconds kLimitInterval{1'000};
constexpr uint64_t SortMemory(uint64_t memory_bytes_max) {
  return memory_bytes_max / 32;  // little, so that a large table needs no more than a small one
}

// One run, from the lease on. Used by one thread, which is the supervisor of all others.
class LoadRun {
 public:
  LoadRun(const LoadParts& parts, const DocumentOptions& documents, const LoadOptions& options,
          const std::function<void(const LoadProgressReport&)>& on_progress, RunStop& stop,
          const LeaseKeeper& lease, RunJournal& journal)
      : parts_(parts),
        documents_(documents),
        options_(options),
        on_progress_(on_progress),
        stop_(stop),
        lease_(lease),
        journal_(journal),
        ctx_{.stop = stop.token()},
        budgets_(options.memory_bytes_max) {}

  Result<LoadSummary> Execute();

 private:
  Status CheckDestinationIsThere();
  Result<LoadSummary> AlreadyLoaded();
  Status Begin();
  Status BeginFresh();
  Status OpenIdentities();
  Status BeginAgain();
  void MakeCounters();
  Status Load();
  Result<uint64_t> SettleDuplicates();
  Status Rewrite(std::vector<SplitWork> work);
  Status Pump(OpenBatches& batches, std::vector<SplitWork> work);
  Status LoadByCrew();
  void TellLimit();
  Status OnOutcome(CrewOutcome outcome);
  ThroughputOptions Throughput();
  Status OnSettled(BatchInFlight& batch);
  void OnTick();
  void Report();
  uint64_t BytesReadBefore() const;
  std::vector<SplitWork> RemainingWork() const;
  LoadSummary Summary(LoadOutcome outcome);

  const LoadParts& parts_;
  const DocumentOptions& documents_;
  const LoadOptions& options_;
  const std::function<void(const LoadProgressReport&)>& on_progress_;
  RunStop& stop_;
  const LeaseKeeper& lease_;
  RunJournal& journal_;
  const CallContext ctx_;

  LoadPlan plan_;
  LanePlan lanes_;
  SteadyTime
      earlier_writes_landed_;  // by then what an earlier run has sent has landed, or never will
  std::string identities_path_;
  std::unique_ptr<IdentityLog> identities_;
  PumpBudgets budgets_;
  RunMeter meter_;
  std::unique_ptr<RejectedGuard> rejected_;
  std::unique_ptr<Acknowledger> acknowledger_;
  std::unique_ptr<ProgressMeter> progress_;
  SteadyTime next_commit_;
  SteadyTime next_limit_;  // to be told to the crew
};

// The main path.
Result<LoadSummary> LoadRun::Execute() {
  ASSIGN_OR_RETURN(plan_, PlanLoad(parts_, documents_, options_, ctx_));
  RETURN_IF_ERROR(CheckDestinationIsThere());
  if (plan_.start == LoadStart::kAlreadyLoaded) return AlreadyLoaded();
  RETURN_IF_ERROR(Begin());
  const Status loaded = Load();
  Report();
  RETURN_IF_ERROR(loaded);
  RETURN_IF_ERROR(rejected_->CheckAtEnd());
  ASSIGN_OR_RETURN(const uint64_t superseded, SettleDuplicates());
  RETURN_IF_ERROR(lease_.CheckHeld());
  RETURN_IF_ERROR(acknowledger_->CommitLoaded(superseded));
  RETURN_IF_ERROR(identities_->Remove());
  Report();
  return Summary(LoadOutcome::kLoaded);
}

// Rows that the state knows as written are in a container that must still exist.
Status LoadRun::CheckDestinationIsThere() {
  if (plan_.checkpoint.counts.settled() == 0) return Status::Ok();
  ASSIGN_OR_RETURN(const Preparation missing, parts_.destination.Prepare(true, ctx_));
  if (missing.steps.empty()) return Status::Ok();
  return Conflict(
             fmt::format("pipeline {}: {} rows were written to a destination that is gone: it would"
                         " have to be created anew ({})",
                         options_.pipeline, plan_.checkpoint.counts.settled(),
                         fmt::join(missing.steps, ", ")))
      .WithHint(fmt::format("to load it anew, run: spillway sync {} --full", options_.pipeline));
}

Result<LoadSummary> LoadRun::AlreadyLoaded() {
  LoadSummary summary = Summary(LoadOutcome::kAlreadyLoaded);
  summary.totals.version = plan_.checkpoint.version;
  summary.totals.counts = plan_.checkpoint.counts;
  journal_.SetTotals(summary.totals, 0, 0);
  journal_.SetMessage(fmt::format("version {} was loaded already", plan_.checkpoint.version));
  return summary;
}

Status LoadRun::Begin() {
  ASSIGN_OR_RETURN(earlier_writes_landed_,
                   EarlierWritesLanded(parts_.state, parts_.clock, options_.pipeline,
                                       journal_.run_id(), options_.settle));
  ASSIGN_OR_RETURN([[maybe_unused]] const Preparation prepared,
                   parts_.destination.Prepare(false, ctx_));
  if (options_.around != nullptr) RETURN_IF_ERROR(options_.around->Enter(ctx_));
  ASSIGN_OR_RETURN(lanes_, parts_.destination.PlanLanes(options_.lanes_max, ctx_));
  if (plan_.start == LoadStart::kFresh) RETURN_IF_ERROR(BeginFresh());
  RETURN_IF_ERROR(OpenIdentities());
  MakeCounters();
  return Status::Ok();
}

// What an earlier load has in flight could land on top of this one's newer rows (I2), so it is
// waited for; before the state says that this load has begun, or a run that goes on with it would
// have to wait as well. A load that is gone on with writes the same rows as before.
Status LoadRun::BeginFresh() {
  if (plan_.replaces_a_load) {
    RETURN_IF_ERROR(WaitUntil(parts_.clock, earlier_writes_landed_, ctx_));
  }
  return parts_.state.StartLoad(options_.pipeline, plan_.checkpoint);
}

Status LoadRun::OpenIdentities() {
  const Checkpoint& load = plan_.checkpoint;
  const Hash128 name =
      Murmur3x64_128(fmt::format("{}\n{}\n{}", load.table_id, load.version, load.mapping_hash));
  identities_path_ = IdentityLog::PathFor(options_.spill_folder, options_.pipeline,
                                          fmt::format("{:016x}", name.high));
  if (plan_.start == LoadStart::kFresh) {
    RETURN_IF_ERROR(IdentityLog::RemoveAll(options_.spill_folder, options_.pipeline));
    ASSIGN_OR_RETURN(identities_, IdentityLog::Create(identities_path_));
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(identities_, IdentityLog::Continue(identities_path_));
  const bool complete = CheckLogComplete(identities_->records_found(), load.counts).ok();
  return complete ? Status::Ok() : BeginAgain();
}

// Identities stay on the machine that has settled the rows. Without them duplicates could not be
// ruled out, so another machine reads the same version from its first row: the same rows once more,
// so no key goes back.
Status LoadRun::BeginAgain() {
  journal_.SetMessage(
      fmt::format("read version {} from its beginning: the identities of {} rows that were settled"
                  " before are not on this machine",
                  plan_.checkpoint.version, plan_.checkpoint.counts.settled()));
  plan_.checkpoint.counts = {};
  plan_.progress.clear();
  RETURN_IF_ERROR(parts_.state.StartLoad(options_.pipeline, plan_.checkpoint));
  ASSIGN_OR_RETURN(identities_, IdentityLog::Create(identities_path_));
  return Status::Ok();
}

void LoadRun::MakeCounters() {
  AcknowledgerOptions settled;
  settled.pipeline = options_.pipeline;
  settled.run_id = journal_.run_id();
  settled.checkpoint = plan_.checkpoint;
  settled.progress = plan_.progress;
  settled.splits = plan_.snapshot->splits();
  settled.before_commit = [this] { return identities_->Sync(); };
  acknowledger_ = std::make_unique<Acknowledger>(parts_.state, parts_.clock, std::move(settled));
  rejected_ = std::make_unique<RejectedGuard>(options_.max_rejected, options_.pipeline,
                                              plan_.checkpoint.counts.read,
                                              plan_.checkpoint.counts.rejected);
  progress_ = std::make_unique<ProgressMeter>(meter_, parts_.clock, plan_.snapshot->info(),
                                              plan_.snapshot->splits(), options_.readers_max);
  meter_.bytes_read = BytesReadBefore();
}

uint64_t LoadRun::BytesReadBefore() const {
  uint64_t bytes = 0;
  for (const SplitProgress& progress : plan_.progress) {
    const Split& split = plan_.snapshot->splits()[progress.split];
    bytes += progress.complete ? split.bytes : BytesOfRows(split, progress.rows_settled);
  }
  return bytes;
}

std::vector<SplitWork> LoadRun::RemainingWork() const {
  const auto splits = static_cast<uint32_t>(plan_.snapshot->splits().size());
  std::vector<SplitWork> work;
  auto begun = plan_.progress.begin();  // ascending
  for (uint32_t split = 0; split < splits; ++split) {
    const bool known = begun != plan_.progress.end() && begun->split == split;
    const SplitProgress progress = known ? *begun++ : SplitProgress{.split = split};
    if (!progress.complete) work.push_back({split, progress.rows_settled, {}});
  }
  return work;
}

ThroughputOptions LoadRun::Throughput() {
  ThroughputOptions throughput = options_.throughput;
  throughput.usage = &meter_.usage;
  return throughput;
}

Status LoadRun::Pump(OpenBatches& batches, std::vector<SplitWork> work) {
  const PumpParts pump{.snapshot = *plan_.snapshot,
                       .encoder = *plan_.encoder,
                       .destination = parts_.destination,
                       .lanes = lanes_,
                       .budgets = budgets_,
                       .batches = batches,
                       .lease = &lease_,
                       .rejected = *rejected_,
                       .meter = meter_,
                       .stop = stop_,
                       .clock = parts_.clock};
  const PumpOptions options{.mode = options_.mode,
                            .readers = options_.readers_max,
                            .settle = options_.settle,
                            .row_failing_max = options_.row_failing_max,
                            .throughput = Throughput(),
                            .stamp = StampOf(documents_, options_.pipeline, journal_.run_id()),
                            .tick = std::min(kReportInterval, options_.checkpoint_interval),
                            .overflow_path = identities_path_ + ".overflow"};
  return RunPump(
      pump, options, std::move(work),
      [this](uint32_t split, uint64_t rows) { acknowledger_->OnSplitRead(split, rows); },
      [this] { OnTick(); });
}

// Whatever the end, what is settled is stored, unless another runner has the pipeline now.
Status LoadRun::Load() {
  OpenBatches batches([this](BatchInFlight& batch) { return OnSettled(batch); });
  next_commit_ = parts_.clock.Now() + options_.checkpoint_interval;
  const Status pumped = options_.crew != nullptr ? LoadByCrew() : Pump(batches, RemainingWork());
  if (pumped.code() == StatusCode::kLocked) return pumped;
  if (!pumped.ok()) {
    batches.VisitUnsettled([this](BatchInFlight& batch) {
      acknowledger_->ListRejected(batch.encoded().split, batch.encoded().first_row,
                                  batch.TakeRejected());
    });
    acknowledger_->ListRejectedAhead();
  }
  const Status stored = acknowledger_->Commit();
  const bool stored_matters = pumped.ok() || pumped.code() == StatusCode::kCancelled;
  return stored_matters && !stored.ok() ? stored : pumped;
}

Status LoadRun::LoadByCrew() {
  TellLimit();
  options_.crew->Do(
      {.table_id = plan_.checkpoint.table_id,
       .version = plan_.checkpoint.version,
       .run_id = journal_.run_id(),
       .splits = plan_.snapshot->splits(),
       .work = RemainingWork()},
      std::min(kReportInterval, options_.checkpoint_interval), stop_,
      [this](CrewOutcome outcome) { return OnOutcome(std::move(outcome)); },
      [this] {
        TellLimit();
        OnTick();
      });
  // What a crew leaves behind may still land.
  if (!stop_.cause().ok()) ++meter_.unsure;
  return stop_.cause();
}

// A limit that cannot be read is as it was, as for a run that writes by itself.
void LoadRun::TellLimit() {
  const SteadyTime now = parts_.clock.Now();
  if (now < next_limit_) return;
  next_limit_ = now + kLimitInterval;
  ThroughputLimit limit = options_.throughput.limit;
  if (options_.throughput.limit_now) {
    const Result<std::optional<ThroughputLimit>> set = options_.throughput.limit_now();
    if (!set.ok()) return;
    limit = set->value_or(limit);
  }
  options_.crew->SetLimit(limit);
}

Status LoadRun::OnOutcome(CrewOutcome outcome) {
  meter_.cost.fetch_add(outcome.cost);
  meter_.requests += outcome.requests;
  meter_.throttled_requests += outcome.throttled_requests;
  meter_.bytes_sent += outcome.bytes_sent;
  uint64_t rejected = 0;
  for (SplitOutcome& split : outcome.splits) {
    if (!split.counts.AddsUp() || split.counts.read != split.rows) {
      return Internal(
          fmt::format("the counts of {} do not add up", plan_.snapshot->splits()[split.split].key));
    }
    RETURN_IF_ERROR(identities_->Append(split.identities));
    const Split& whole = plan_.snapshot->splits()[split.split];
    meter_.bytes_read += whole.bytes - BytesOfRows(whole, split.first_row);
    meter_.rows_settled += split.rows;
    rejected_->CountRead(split.rows);
    rejected += split.rejected.size();
    if (split.rows > 0) {
      RETURN_IF_ERROR(acknowledger_->OnBatchSettled({.split = split.split,
                                                     .first_row = split.first_row,
                                                     .rows = split.rows,
                                                     .counts = split.counts,
                                                     .rejected = std::move(split.rejected),
                                                     .shares = {}}));
    }
    acknowledger_->OnSplitRead(split.split, split.first_row + split.rows);
  }
  return rejected_->CountRejected(rejected);
}

Result<uint64_t> LoadRun::SettleDuplicates() {
  const DuplicateParts parts{
      .snapshot = *plan_.snapshot,
      .encoder = *plan_.encoder,
      .log = *identities_,
      .spill_path = identities_path_ + ".sorted",
      .memory_bytes_max = SortMemory(options_.memory_bytes_max),
      .rewrite = [this](std::vector<SplitWork> work) { return Rewrite(std::move(work)); }};
  return ApplyDuplicatePolicy(parts, options_.duplicates, acknowledger_->counts(), ctx_);
}

// The winners among duplicates. Their rows are counted already, so only that they are written
// matters.
Status LoadRun::Rewrite(std::vector<SplitWork> work) {
  // An earlier run's write of another row of the same key must not land on top of them.
  RETURN_IF_ERROR(WaitUntil(parts_.clock, earlier_writes_landed_, ctx_));
  OpenBatches batches([](BatchInFlight& batch) {
    const std::vector<RejectedRow> rejected = batch.TakeRejected();
    if (rejected.empty()) return Status::Ok();
    return Conflict(
        fmt::format("the last of several rows with the key {} was accepted before and is"
                    " refused now: {}",
                    rejected.front().key, rejected.front().message));
  });
  return Pump(batches, std::move(work));
}

Status LoadRun::OnSettled(BatchInFlight& batch) {
  RETURN_IF_ERROR(identities_->Append(batch));
  std::optional<SettledBatch> settled = TakeSettled(batch);
  return settled.has_value() ? acknowledger_->OnBatchSettled(*std::move(settled)) : Status::Ok();
}

void LoadRun::OnTick() {
  Report();
  const SteadyTime now = parts_.clock.Now();
  if (now < next_commit_) return;
  next_commit_ = now + options_.checkpoint_interval;
  Status stored = acknowledger_->Commit();
  if (stored.ok()) stored = journal_.Update();
  if (!stored.ok()) stop_.Stop(std::move(stored));
}

void LoadRun::Report() {
  const LoadProgressReport report = progress_->Report(*acknowledger_);
  journal_.SetTotals(report, meter_.bytes_sent, meter_.unsure);
  if (on_progress_) on_progress_(report);
}

LoadSummary LoadRun::Summary(LoadOutcome outcome) {
  LoadSummary summary;
  summary.outcome = outcome;
  summary.run_id = journal_.run_id();
  summary.resumed = plan_.start == LoadStart::kResumed;
  summary.table = plan_.snapshot->info();
  summary.latest_version = plan_.latest_version;
  summary.bytes_sent = meter_.bytes_sent;
  if (progress_ != nullptr) summary.totals = progress_->Report(*acknowledger_);
  return summary;
}

}  // namespace

Result<LoadSummary> RunLoad(const LoadParts& parts, const DocumentOptions& documents,
                            const LoadOptions& options,
                            const std::function<void(const LoadProgressReport&)>& on_progress,
                            const CallContext& ctx) {
  RETURN_IF_ERROR(CheckRunOptions(options));
  const RunFrame frame{.pipeline = options.pipeline, .kind = "load", .lease = options.lease};
  return RunFramed(
      parts.state, parts.clock, frame, ctx,
      [&](RunStop& stop, const LeaseKeeper& lease, RunJournal& journal) {
        Result<LoadSummary> summary =
            LoadRun(parts, documents, options, on_progress, stop, lease, journal).Execute();
        const bool lost = summary.status().code() == StatusCode::kLocked || !lease.CheckHeld().ok();
        if (options.around != nullptr && !lost) options.around->Leave();
        return summary;
      });
}

}  // namespace spillway
