#include "engine/acknowledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"

namespace spillway {
namespace {

// Above it, the lane that brings more commits at once: so many rejected rows may wait in memory.
constexpr size_t kRejectedRowsWaitingMax = 10'000;

uint64_t BytesOf(const std::vector<RejectedRow>& rows) {
  uint64_t bytes = 0;
  for (const RejectedRow& row : rows) {
    bytes += sizeof(row) + row.key.size() + row.reason.size() + row.message.size();
  }
  return bytes;
}

}  // namespace

Acknowledger::Acknowledger(StateStore& state, Clock& clock, AcknowledgerOptions options)
    : state_(state), clock_(clock), options_(std::move(options)) {
  uncommitted_.checkpoint = options_.checkpoint;
  for (const SplitProgress& progress : options_.progress) {
    if (progress.complete) {
      ++splits_done_;
    } else {
      splits_[progress.split].rows_settled = progress.rows_settled;
    }
  }
}

Status Acknowledger::OnBatchSettled(SettledBatch batch) {
  batch.shares.memory.ShrinkTo(BytesOf(batch.rejected));
  bool commit = false;
  {
    std::lock_guard lock(mutex_);
    const uint32_t split = batch.split;
    const uint64_t first_row = batch.first_row;
    SplitState& state = splits_[split];
    SPILLWAY_CHECK(first_row >= state.rows_settled);
    state.ahead.emplace(first_row, std::move(batch));
    Advance(split, state);
    commit = uncommitted_.rejected.size() > kRejectedRowsWaitingMax;
  }
  return commit ? Commit() : Status::Ok();
}

void Acknowledger::OnSplitRead(uint32_t split, uint64_t rows) {
  std::lock_guard lock(mutex_);
  SplitState& state = splits_[split];
  state.rows = rows;
  Advance(split, state);
}

void Acknowledger::Advance(uint32_t split, SplitState& state) {
  const uint64_t before = state.rows_settled;
  while (!state.ahead.empty() && state.ahead.begin()->first == state.rows_settled) {
    SettledBatch batch = std::move(state.ahead.begin()->second);
    state.ahead.erase(state.ahead.begin());
    state.rows_settled += batch.rows;
    Count(std::move(batch));
  }
  const bool complete = state.rows.has_value() && state.rows_settled == *state.rows;
  if (state.rows_settled != before || complete) {
    uncommitted_.moved[split] = {split, state.rows_settled, complete};
  }
  if (!complete) return;
  ++splits_done_;
  splits_.erase(split);
}

void Acknowledger::Count(SettledBatch batch) {
  uncommitted_.checkpoint.counts += batch.counts;
  run_counts_ += batch.counts;
  if (batch.rejected.empty()) return;
  uncommitted_.shares.push_back(std::move(batch.shares.memory));
  AddRejected(batch.split, batch.first_row, std::move(batch.rejected));
}

void Acknowledger::AddRejected(uint32_t split, uint64_t first_row,
                               std::vector<RejectedRow> rejected) {
  const int64_t now_ms = UnixMillis(clock_.WallNow());
  for (RejectedRow& row : rejected) {
    RejectedRecord record;
    record.run_id = options_.run_id;
    record.pipeline = options_.pipeline;
    record.version = options_.checkpoint.version;
    record.split = options_.splits[split].key;
    record.row = first_row + row.row;
    record.key = std::move(row.key);
    record.reason = std::move(row.reason);
    record.message = std::move(row.message);
    record.at_ms = now_ms;
    if (options_.locate) {
      // Where it stood is for people: that it was rejected counts.
      [[maybe_unused]] const Status located = options_.locate(split, record.row, record);
    }
    uncommitted_.rejected.push_back(std::move(record));
  }
}

void Acknowledger::ListRejected(uint32_t split, uint64_t first_row,
                                std::vector<RejectedRow> rejected) {
  std::lock_guard lock(mutex_);
  AddRejected(split, first_row, std::move(rejected));
}

void Acknowledger::ListRejectedAhead() {
  std::lock_guard lock(mutex_);
  for (auto& [split, state] : splits_) {
    for (auto& [first_row, batch] : state.ahead) {
      AddRejected(split, first_row, std::exchange(batch.rejected, {}));
    }
  }
}

Status Acknowledger::Commit() {
  std::lock_guard commit_lock(commit_mutex_);
  Uncommitted taken;
  {
    std::lock_guard lock(mutex_);
    if (uncommitted_.empty()) return Status::Ok();
    taken = std::exchange(uncommitted_, {});
    uncommitted_.checkpoint = taken.checkpoint;
  }
  const Status written = Write(taken);
  if (written.ok()) return written;
  // Nothing is lost when the state cannot be written just now: the next Commit brings it all.
  std::lock_guard lock(mutex_);
  uncommitted_.moved.merge(taken.moved);  // what moved again meanwhile is the newer
  uncommitted_.rejected.insert(uncommitted_.rejected.end(),
                               std::make_move_iterator(taken.rejected.begin()),
                               std::make_move_iterator(taken.rejected.end()));
  uncommitted_.shares.insert(uncommitted_.shares.end(),
                             std::make_move_iterator(taken.shares.begin()),
                             std::make_move_iterator(taken.shares.end()));
  return written;
}

Status Acknowledger::Write(Uncommitted& uncommitted) {
  RETURN_IF_ERROR(options_.before_commit());
  std::vector<SplitProgress> moved;
  moved.reserve(uncommitted.moved.size());
  for (const auto& [split, progress] : uncommitted.moved) moved.push_back(progress);
  return state_.Commit(options_.pipeline, uncommitted.checkpoint, moved, uncommitted.rejected)
      .WithContext("storing the checkpoint");
}

Status Acknowledger::CommitLoaded(uint64_t superseded) {
  RETURN_IF_ERROR(Commit());
  std::lock_guard commit_lock(commit_mutex_);
  std::lock_guard lock(mutex_);
  SPILLWAY_CHECK(splits_done_ == options_.splits.size() && uncommitted_.empty());
  IntentCounts& counts = uncommitted_.checkpoint.counts;
  if (superseded > counts.upserted) {
    return Internal(
        fmt::format("{} rows superseded, but only {} upserted", superseded, counts.upserted));
  }
  counts.Supersede(superseded);
  run_counts_.Supersede(std::min(superseded, run_counts_.upserted));
  RETURN_IF_ERROR(CheckAddsUp());
  uncommitted_.checkpoint.phase = LoadPhase::kLoaded;
  uncommitted_.checkpoint.documents = counts.upserted;
  return Write(uncommitted_);
}

Status Acknowledger::CommitWindow(Checkpoint checkpoint, const IntentCounts& counts,
                                  std::vector<RejectedRecord> rejected) {
  std::lock_guard commit_lock(commit_mutex_);
  std::lock_guard lock(mutex_);
  SPILLWAY_CHECK(splits_done_ == options_.splits.size());
  checkpoint.counts = uncommitted_.checkpoint.counts;
  checkpoint.counts += counts;
  run_counts_ += counts;
  uncommitted_.checkpoint = std::move(checkpoint);
  uncommitted_.rejected.insert(uncommitted_.rejected.end(),
                               std::make_move_iterator(rejected.begin()),
                               std::make_move_iterator(rejected.end()));
  RETURN_IF_ERROR(CheckAddsUp());
  return Write(uncommitted_);
}

Status Acknowledger::CheckAddsUp() const {
  const IntentCounts& counts = uncommitted_.checkpoint.counts;
  if (counts.AddsUp()) return Status::Ok();
  return Internal(fmt::format("the counts do not add up: {} rows read, {} accounted for",
                              counts.read, counts.settled()));
}

IntentCounts Acknowledger::counts() const {
  std::lock_guard lock(mutex_);
  return uncommitted_.checkpoint.counts;
}

IntentCounts Acknowledger::run_counts() const {
  std::lock_guard lock(mutex_);
  return run_counts_;
}

uint32_t Acknowledger::splits_done() const {
  std::lock_guard lock(mutex_);
  return splits_done_;
}

}  // namespace spillway
