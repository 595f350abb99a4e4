#include "changes/change_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "changes/change_follower.h"
#include "changes/change_sender.h"
#include "changes/window_delivery.h"
#include "engine/earlier_writes.h"
#include "engine/hold.h"
#include "engine/load_plan.h"
#include "engine/run_frame.h"

namespace spillway {
namespace {

constexpr std::chrono::milliseconds kReportInterval{250};

constexpr uint64_t SendMemory(uint64_t memory_bytes_max) {
  return memory_bytes_max / 8;
}

Status Check(const ChangeOptions& options) {
  RETURN_IF_ERROR(CheckRunOptions(options));
  if (options.changes == ChangePolicy::kIndex && RulesFor(options.mode).new_images_delete) {
    return InvalidArgument(
               "rows that name documents to delete cannot be compared with an index of "
               "documents")
        .WithHint("choose another value for sync.changes");
  }
  return Status::Ok();
}

// A mode that deletes what each row names does what it is told.
DeleteGuardOptions GuardFor(const ChangeOptions& options) {
  DeleteGuardOptions guard = options.delete_guard;
  if (RulesFor(options.mode).new_images_delete) guard.share.reset();
  return guard;
}

bool KeepsIndex(const ChangeOptions& options) {
  if (RulesFor(options.mode).new_images_delete) return false;
  return options.keep_index || options.changes == ChangePolicy::kIndex;
}

// One run, from the lease on. Used by one thread; the ticker's thread only looks.
class ChangeRun {
 public:
  ChangeRun(const LoadParts& parts, const DocumentOptions& documents, const ChangeOptions& options,
            const std::function<void(const ChangeReport&)>& on_progress, RunStop& stop,
            const LeaseKeeper& lease, RunJournal& journal)
      : parts_(parts),
        documents_(documents),
        options_(options),
        on_progress_(on_progress),
        stop_(stop),
        lease_(lease),
        journal_(journal),
        ctx_{.stop = stop.token()},
        guard_(GuardFor(options), options.pipeline),
        started_(parts.clock.Now()) {}

  Result<ChangeSummary> Execute();

 private:
  Status Begin();
  Status CheckCheckpoint() const;
  Status FinishBegunWindow();
  Status Follow();
  Status Apply(const ChangeWindow& window, std::vector<SplitProgress> progress, bool begun_before);
  Status StartWindow(const ChangeWindow& window, bool begun_before);
  Status Deliver(const ChangeWindow& window, WindowDelivery& delivery);
  void NoteApplied(const ChangeWindow& window, const Checkpoint& checkpoint);
  void Tick(const std::stop_token& ended);
  void Report();
  ChangeReport Picture() const;
  void SetActivity(ChangeActivity activity) { activity_ = activity; }
  void Note(std::string message);
  ChangeSummary Summary() const;
  std::string MethodsText() const;

  const LoadParts& parts_;
  const DocumentOptions& documents_;
  const ChangeOptions& options_;
  const std::function<void(const ChangeReport&)>& on_progress_;
  RunStop& stop_;
  const LeaseKeeper& lease_;
  RunJournal& journal_;
  const CallContext ctx_;
  DeleteGuard guard_;
  const SteadyTime started_;

  Checkpoint checkpoint_;  // as it is stored
  int64_t from_version_ = 0;
  bool resumed_ = false;
  std::vector<MethodCount> methods_;
  SteadyTime earlier_writes_landed_;

  RunMeter meter_;
  std::unique_ptr<RejectedGuard> rejected_;
  std::unique_ptr<IndexKeeper> index_;  // null: none is kept
  std::unique_ptr<ChangeFollower> follower_;
  std::unique_ptr<ChangeSender> sender_;

  std::atomic<ChangeActivity> activity_{ChangeActivity::kReading};
  mutable std::mutex mutex_;  // of what the ticker reads
  WindowDelivery* delivery_ = nullptr;
  ChangeReport applied_;  // everything settled by whole windows
};

Result<ChangeSummary> ChangeRun::Execute() {
  RETURN_IF_ERROR(Begin());
  std::stop_source ended;
  const std::jthread ticker([this, token = ended.get_token()] { Tick(token); });
  Status done =
      checkpoint_.begun_through > checkpoint_.version ? FinishBegunWindow() : Status::Ok();
  if (done.ok() || follower_->CompareInstead(done, true)) done = Follow();
  if (sender_ != nullptr) sender_->Finish();
  // What was waiting only knows that it is to end; the run knows why.
  if (done.code() == StatusCode::kCancelled && !stop_.cause().ok()) done = stop_.cause();
  ended.request_stop();
  Report();
  Note(MethodsText());
  RETURN_IF_ERROR(done);
  RETURN_IF_ERROR(rejected_->CheckAtEnd());
  return Summary();
}

Status ChangeRun::Begin() {
  ASSIGN_OR_RETURN(checkpoint_, LoadedCheckpoint(parts_.state, options_.pipeline));
  from_version_ = checkpoint_.version;
  RETURN_IF_ERROR(CheckCheckpoint());
  ASSIGN_OR_RETURN(earlier_writes_landed_,
                   EarlierWritesLanded(parts_.state, parts_.clock, options_.pipeline,
                                       journal_.run_id(), options_.settle));
  rejected_ = std::make_unique<RejectedGuard>(options_.max_rejected, options_.pipeline,
                                              checkpoint_.counts.read, checkpoint_.counts.rejected);
  applied_.version = checkpoint_.version;
  applied_.through_version = checkpoint_.version;
  applied_.documents = checkpoint_.documents;
  if (KeepsIndex(options_)) {
    ASSIGN_OR_RETURN(index_, IndexKeeper::Open(parts_, documents_, ReadingOptions(options_),
                                               checkpoint_, meter_, stop_));
  }
  const FollowerParts following{.run = parts_,
                                .documents = documents_,
                                .options = options_,
                                .checkpoint = checkpoint_,
                                .index = index_.get(),
                                .meter = meter_,
                                .stop = stop_};
  follower_ = std::make_unique<ChangeFollower>(following, [this](const Status& why) {
    SetActivity(ChangeActivity::kWaiting);
    Note(why.ToString());
  });
  return Status::Ok();
}

Status ChangeRun::CheckCheckpoint() const {
  RETURN_IF_ERROR(CheckNotHeld(checkpoint_, options_.pipeline));
  const auto reload = [this](Status status) {
    return std::move(status).WithHint(
        fmt::format("to load it anew, run: spillway sync {} {}", options_.pipeline,
                    // A load alone keeps the documents of rows that went in between.
                    PropagatesDeletes(options_.mode) ? "--resync" : "--full"));
  };
  if (checkpoint_.mapping_hash != MappingHash(documents_, options_.mode, options_.target)) {
    return reload(Conflict(fmt::format(
        "pipeline {}: the mapping, the mode or the destination has changed since the table was"
        " loaded",
        options_.pipeline)));
  }
  if (checkpoint_.position.empty()) {
    return reload(DataLoss(
        fmt::format("pipeline {}: the state does not say where changes go on", options_.pipeline)));
  }
  ASSIGN_OR_RETURN(const Preparation missing, parts_.destination.Prepare(true, ctx_));
  if (missing.steps.empty()) return Status::Ok();
  return reload(Conflict(fmt::format(
      "pipeline {}: {} documents were written to a destination that is gone ({} is missing)",
      options_.pipeline, checkpoint_.documents, missing.steps.front())));
}

// What an earlier run may have sent in part is sent again, to its end and no further. A comparison
// with an index that knows what was begun needs no such end.
Status ChangeRun::FinishBegunWindow() {
  resumed_ = true;
  if (options_.changes == ChangePolicy::kIndex &&
      index_->StandingAt(checkpoint_) == IndexStanding::kBegun) {
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(std::vector<SplitProgress> progress,
                   parts_.state.LoadProgress(options_.pipeline));
  ASSIGN_OR_RETURN(const std::unique_ptr<ChangeWindow> window, follower_->ReadBegun());
  return Apply(*window, std::move(progress), true);
}

Status ChangeRun::Follow() {
  RETURN_IF_ERROR(follower_->Start());
  while (true) {
    SetActivity(ChangeActivity::kReading);
    ASSIGN_OR_RETURN(const std::unique_ptr<ChangeWindow> window, follower_->Next());
    if (window == nullptr) continue;
    if (window->empty()) {
      const bool reached = options_.until.has_value() && checkpoint_.version >= *options_.until;
      if (!options_.continuous || reached) return Status::Ok();
      SetActivity(ChangeActivity::kWaiting);
      if (!follower_->WaitForVersion()) return stop_.cause();
      continue;
    }
    RETURN_IF_ERROR(Apply(*window, {}, false));
    if (options_.continuous) guard_.Reset();
    RETURN_IF_ERROR(follower_->OnApplied());
  }
}

Status ChangeRun::Apply(const ChangeWindow& window, std::vector<SplitProgress> progress,
                        bool begun_before) {
  SetActivity(ChangeActivity::kSending);
  // All of the window, the refused among it, before a share of it is judged.
  rejected_->CountRead(window.counts.read + WindowDelivery::WritesLeft(window, progress));
  RETURN_IF_ERROR(rejected_->CountRejected(window.refused.size()));
  RETURN_IF_ERROR(StartWindow(window, begun_before));
  WindowDelivery delivery(window, parts_.state, parts_.clock,
                          {.pipeline = options_.pipeline,
                           .run_id = journal_.run_id(),
                           .checkpoint = checkpoint_,
                           .progress = std::move(progress)});
  {
    std::lock_guard lock(mutex_);
    applied_.through_version = window.through;
    if (window.retention_warning) applied_.retention_warning = *window.retention_warning;
    delivery_ = &delivery;
  }
  const Status delivered = Deliver(window, delivery);
  {
    std::lock_guard lock(mutex_);
    delivery_ = nullptr;
    applied_.counts += delivery.run_counts();
    RETURN_IF_ERROR(delivered);
    checkpoint_ = delivery.checkpoint();
    NoteApplied(window, checkpoint_);
  }
  return index_ == nullptr ? Status::Ok() : index_->EndWindow(checkpoint_);
}

// Durable before the first write of it (I2): from then on, whoever runs next finishes this window.
// The index comes first, so that it knows of whatever the state says was begun.
Status ChangeRun::StartWindow(const ChangeWindow& window, bool begun_before) {
  if (window.writes() > 0 && !begun_before) {
    RETURN_IF_ERROR(guard_.Check(window.removes->size(), checkpoint_.documents));
    // An earlier run's write must not land on top of a newer one of the same key.
    RETURN_IF_ERROR(WaitUntil(parts_.clock, earlier_writes_landed_, ctx_));
  }
  if (index_ != nullptr) {
    RETURN_IF_ERROR(lease_.CheckHeld());
    RETURN_IF_ERROR(index_->BeginWindow(checkpoint_, window));
  }
  if (window.writes() == 0 || begun_before) return Status::Ok();
  // A table that was created anew may have a lower version: that a window was begun shows all the
  // same.
  checkpoint_.begun_through = std::max(window.through, checkpoint_.version + 1);
  return parts_.state.StartWindow(options_.pipeline, checkpoint_)
      .WithContext("storing that a window of changes begins");
}

Status ChangeRun::Deliver(const ChangeWindow& window, WindowDelivery& delivery) {
  if (window.writes() > 0 && sender_ == nullptr) {
    const SenderParts parts{.clock = parts_.clock,
                            .destination = parts_.destination,
                            .lease = &lease_,
                            .rejected = *rejected_,
                            .meter = meter_,
                            .stop = stop_};
    ThroughputOptions throughput = options_.throughput;
    throughput.usage = &meter_.usage;
    const SenderOptions options{.mode = options_.mode,
                                .soft_delete = documents_.soft_delete,
                                .lanes_max = options_.lanes_max,
                                .settle = options_.settle,
                                .row_failing_max = options_.row_failing_max,
                                .throughput = std::move(throughput),
                                .stamp = StampOf(documents_, options_.pipeline, journal_.run_id()),
                                .memory_bytes_max = SendMemory(options_.memory_bytes_max)};
    RETURN_IF_ERROR(parts_.destination.Prepare(false, ctx_).status());
    ASSIGN_OR_RETURN(sender_, ChangeSender::Open(parts, options, ctx_));
  }
  Status sent = delivery.Send(sender_.get());
  if (sent.ok()) sent = lease_.CheckHeld();
  if (sent.ok()) return delivery.CommitWindow();
  // Whatever the end, what is settled is stored, unless another runner has the pipeline now.
  if (sender_ != nullptr) sender_->Finish();
  if (sent.code() == StatusCode::kLocked) return sent;
  const Status stored = delivery.Commit();
  return sent.code() == StatusCode::kCancelled && !stored.ok() ? stored : sent;
}

void ChangeRun::NoteApplied(const ChangeWindow& window, const Checkpoint& checkpoint) {
  applied_.version = checkpoint.version;
  applied_.documents = checkpoint.documents;
  ++applied_.windows;
  if (window.timestamp_ms.has_value()) {
    const auto now = parts_.clock.WallNow().time_since_epoch();
    applied_.lag = std::chrono::duration_cast<std::chrono::milliseconds>(now) -
                   std::chrono::milliseconds(*window.timestamp_ms);
  }
  for (const MethodCount& method : window.methods) {
    const auto same = [&](const MethodCount& other) {
      return other.method == method.method && other.reason == method.reason;
    };
    const auto known = std::find_if(methods_.begin(), methods_.end(), same);
    if (known == methods_.end()) {
      methods_.push_back(method);
    } else {
      known->versions += method.versions;
    }
  }
}

// Reports, and stores what is settled of a long window.
void ChangeRun::Tick(const std::stop_token& ended) {
  const auto interval = std::min(kReportInterval, options_.checkpoint_interval);
  SteadyTime next_commit = parts_.clock.Now() + options_.checkpoint_interval;
  while (parts_.clock.WaitFor(interval, ended)) {
    Report();
    if (parts_.clock.Now() < next_commit) continue;
    next_commit = parts_.clock.Now() + options_.checkpoint_interval;
    std::lock_guard lock(mutex_);
    Status stored = delivery_ == nullptr ? Status::Ok() : delivery_->Commit();
    if (stored.ok()) stored = journal_.Update();
    if (!stored.ok()) stop_.Stop(std::move(stored));
  }
}

ChangeReport ChangeRun::Picture() const {
  std::lock_guard lock(mutex_);
  ChangeReport report = applied_;
  if (delivery_ != nullptr) report.counts += delivery_->run_counts();
  report.activity = activity_;
  report.cost = meter_.cost;
  report.requests = meter_.requests;
  report.throttled_requests = meter_.throttled_requests;
  report.bytes_sent = meter_.bytes_sent;
  report.bytes_read = meter_.bytes_read;
  report.throughput = meter_.usage.Picture(parts_.clock.Now());
  report.elapsed = parts_.clock.Now() - started_;
  return report;
}

void ChangeRun::Report() {
  const ChangeReport report = Picture();
  LoadProgressReport totals;
  totals.version = report.version;
  totals.run_counts = report.counts;
  totals.cost = report.cost;
  totals.requests = report.requests;
  totals.throttled_requests = report.throttled_requests;
  totals.throughput = report.throughput;
  {
    std::lock_guard lock(mutex_);
    journal_.SetTotals(totals, report.bytes_sent, meter_.unsure);
  }
  if (on_progress_) on_progress_(report);
}

void ChangeRun::Note(std::string message) {
  std::lock_guard lock(mutex_);  // the ticker stores what was noted
  journal_.SetMessage(std::move(message));
}

ChangeSummary ChangeRun::Summary() const {
  ChangeSummary summary;
  summary.run_id = journal_.run_id();
  summary.from_version = from_version_;
  summary.resumed = resumed_;
  summary.methods = methods_;
  summary.late_columns = checkpoint_.late_columns;
  summary.totals = Picture();
  return summary;
}

std::string ChangeRun::MethodsText() const {
  std::string text;
  for (const MethodCount& method : methods_) {
    if (!text.empty()) text += "; ";
    text += DescribeMethod(method);
  }
  return text;
}

}  // namespace

std::string DescribeMethod(const MethodCount& method) {
  const char* const how = method.method == ChangeMethod::kFeed    ? "the change data feed"
                          : method.method == ChangeMethod::kFiles ? "added and removed files"
                          : method.method == ChangeMethod::kDiff
                              ? "comparing file lists"
                              : "comparing the whole table with the index";
  std::string text =
      fmt::format("{} version{} by {}", method.versions, method.versions == 1 ? "" : "s", how);
  if (!method.reason.empty()) text += fmt::format(" ({})", method.reason);
  return text;
}

Result<ChangeSummary> RunChanges(const LoadParts& parts, const DocumentOptions& documents,
                                 const ChangeOptions& options,
                                 const std::function<void(const ChangeReport&)>& on_progress,
                                 const CallContext& ctx) {
  RETURN_IF_ERROR(Check(options));
  const RunFrame frame{.pipeline = options.pipeline, .kind = "changes", .lease = options.lease};
  return RunFramed(
      parts.state, parts.clock, frame, ctx,
      [&](RunStop& stop, const LeaseKeeper& lease, RunJournal& journal) {
        return ChangeRun(parts, documents, options, on_progress, stop, lease, journal).Execute();
      });
}

}  // namespace spillway
