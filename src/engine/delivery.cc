#include "engine/delivery.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "engine/key_text.h"

namespace spillway {
namespace {

constexpr std::string_view kArea = "write";
// Throttled writes in a row that settled nothing, before a lane backs off by itself.
constexpr uint32_t kPacedFailuresMax = 3;
constexpr uint32_t kQuarantinedWritesMax =
    4;  // full writes whose rows may be unsure at a time, per lane

RowFate FateOf(RowOutcome outcome) {
  switch (outcome) {
    case RowOutcome::kUpserted:
      return RowFate::kUpserted;
    case RowOutcome::kInserted:
      return RowFate::kInserted;
    case RowOutcome::kReplaced:
      return RowFate::kReplaced;
    case RowOutcome::kDeleted:
      return RowFate::kDeleted;
    case RowOutcome::kNotFound:
      return RowFate::kNotFound;
    case RowOutcome::kSuppressed:
      return RowFate::kSuppressed;
    case RowOutcome::kFailed:
      break;
  }
  return RowFate::kOpen;
}

// Of a write that failed as a whole.
SendOutcome OutcomeOf(const Status& failed) {
  SendOutcome outcome;
  outcome.throttled = failed.code() == StatusCode::kThrottled;
  outcome.retry_after = failed.retry_after();
  // What is unsure may have been carried out, and then it was paid for.
  if (failed.code() != StatusCode::kUnsure) outcome.units = 0;
  return outcome;
}

}  // namespace

Delivery::Delivery(DeliveryParts parts, DeliveryOptions options, std::unique_ptr<Writer> writer)
    : parts_(parts),
      options_(options),
      writer_(std::move(writer)),
      random_(static_cast<uint32_t>(options.seed + 1)),
      waiting_(options.section_bounds),
      write_rows_(options.rows_max),
      identities_(options.rows_max) {}

bool Delivery::crowded() const {
  return quarantine_.size() >= uint64_t{options_.rows_max} * kQuarantinedWritesMax;
}

void Delivery::ReleaseDue() {
  if (quarantine_.empty()) return;
  const SteadyTime now = parts_.clock.Now();
  for (auto unsure = quarantine_.begin(); unsure != quarantine_.end();) {
    if (unsure->second.due > now) {
      ++unsure;
      continue;
    }
    std::vector<Item> ready{unsure->second.item};
    ready.front().after_unsure = true;
    ready.insert(ready.end(), unsure->second.held.begin(), unsure->second.held.end());
    waiting_.PutFirst(ready);
    --parts_.meter.unsure;
    unsure = quarantine_.erase(unsure);
  }
}

std::optional<SteadyTime> Delivery::NextDue() const {
  std::optional<SteadyTime> next;
  for (const auto& [identity, unsure] : quarantine_) {
    next = std::min(next.value_or(unsure.due), unsure.due);
  }
  return next;
}

// Ends before a second document of the same key: it must come after the first, not with it.
void Delivery::Collect() {
  items_.clear();
  documents_.clear();
  identities_.Clear();
  waiting_.Prefetch(options_.rows_max);
  uint64_t bytes = 0;
  units_ = 0;
  const double units_max = parts_.limiter.UnitsOfSendMax(options_.group);
  while (items_.size() < options_.rows_max && !waiting_.chosen_is_empty()) {
    const Item next = waiting_.Next();
    const Document& document = next.document();
    if (!quarantine_.empty()) {
      if (const auto unsure = quarantine_.find(document.identity); unsure != quarantine_.end()) {
        unsure->second.held.push_back(next);
        waiting_.TakeNext();
        continue;
      }
    }
    if (!items_.empty() && bytes + document.body.size() > options_.bytes_target) return;
    const double units = parts_.charges.Predict(document);
    if (!items_.empty() && units_ + units > units_max) return;
    if (!identities_.Insert(document.identity)) return;
    bytes += document.body.size();
    units_ += units;
    items_.push_back(next);
    documents_.push_back(document);
    documents_.back().after_unsure = next.after_unsure;
    waiting_.TakeNext();
  }
}

Status Delivery::Send(bool oldest_first) {
  if (waiting_.size() == 0) return Status::Ok();
  waiting_.Choose(write_rows_, oldest_first);
  Collect();
  if (items_.empty()) return Status::Ok();
  write_rows_ =
      waiting_.chosen_is_empty() ? options_.rows_max : static_cast<uint32_t>(items_.size());
  settled_ = 0;
  retry_after_ = std::chrono::milliseconds(0);
  only_throttled_ = true;
  const Result<WriteReport> report = Write();
  const Status judged = report.ok() ? Judge(*report) : JudgeAll(report.status());
  RETURN_IF_ERROR(FlushTally());
  RETURN_IF_ERROR(judged);
  failures_in_a_row_ = settled_ > 0 ? 0 : failures_in_a_row_ + 1;
  if (again_.empty()) return Status::Ok();
  if (LogsAt(LogLevel::kDebug)) {
    LogLine(LogLevel::kDebug, kArea,
            fmt::format("group {}: {} of {} documents are sent again{}", options_.group,
                        again_.size(), items_.size(), only_throttled_ ? ": throttled" : ""));
  }
  waiting_.PutFirst(std::exchange(again_, {}));
  // The limiter spaces out what was throttled, for the whole group.
  const bool paced = only_throttled_ && failures_in_a_row_ <= kPacedFailuresMax;
  return paced ? Status::Ok() : BackOff();
}

Result<WriteReport> Delivery::Write() {
  const SteadyTime asked = parts_.clock.Now();
  ASSIGN_OR_RETURN(const ThroughputTicket ticket,
                   parts_.limiter.Admit(options_.group, units_, parts_.stop.token()));
  Result<WriteReport> report = WriteAdmitted(asked);
  const SendOutcome outcome = Learn(report);
  parts_.limiter.Settle(ticket, outcome);
  parts_.meter.usage.Add(options_.group, outcome.units.value_or(ticket.units), parts_.clock.Now());
  return report;
}

// A throttled row is charged too, which takes nothing from the budget; what is unsure may have been
// carried out, and then it did.
SendOutcome Delivery::Learn(const Result<WriteReport>& report) {
  if (!report.ok()) return OutcomeOf(report.status());
  SendOutcome outcome{.units = 0};
  const bool by_row = report->row_costs.size() == documents_.size();
  for (size_t i = 0; i < documents_.size() && i < report->outcomes.size(); ++i) {
    const bool failed = report->outcomes[i] == RowOutcome::kFailed;
    if (by_row && !failed) parts_.charges.Learn(documents_[i], report->row_costs[i]);
    if (!failed)
      *outcome.units += by_row ? report->row_costs[i] : parts_.charges.Predict(documents_[i]);
  }
  for (const RowFailure& failure : report->failures) {
    if (failure.disposition == Disposition::kUnsure) {
      *outcome.units += parts_.charges.Predict(documents_[failure.index]);
    } else if (failure.status.code() != StatusCode::kThrottled) {
      *outcome.units += by_row ? report->row_costs[failure.index] : 0;
    }
    if (failure.status.code() != StatusCode::kThrottled) continue;
    outcome.throttled = true;
    outcome.retry_after = std::max(outcome.retry_after, failure.status.retry_after());
  }
  return outcome;
}

Result<WriteReport> Delivery::WriteAdmitted(SteadyTime asked) {
  RETURN_IF_ERROR(
      parts_.concurrency.Acquire(options_.group, CallContext{.stop = parts_.stop.token()}));
  const SteadyTime started = parts_.clock.Now();
  parts_.meter.lanes_throttled_ns += (started - asked).count();
  Status may_send = parts_.lease == nullptr ? Status::Ok() : parts_.lease->CheckHeld();
  if (!may_send.ok()) {
    parts_.concurrency.Release(options_.group, false);
    return may_send;
  }
  Result<WriteReport> report =
      writer_->Write(documents_, CallContext{.stop = parts_.stop.abort_token()});
  const bool throttled = report.ok() ? report->throttled_requests > 0
                                     : report.status().code() == StatusCode::kThrottled;
  parts_.concurrency.Release(options_.group, throttled);
  parts_.meter.lanes_writing_ns += (parts_.clock.Now() - started).count();
  if (report.ok()) parts_.meter.Add(*report);
  return report;
}

Status Delivery::Judge(const WriteReport& report) {
  if (report.outcomes.size() != items_.size()) {
    return Internal(fmt::format("the destination reported {} outcomes for {} documents",
                                report.outcomes.size(), items_.size()));
  }
  size_t failure = 0;
  for (size_t i = 0; i < items_.size(); ++i) {
    if (report.outcomes[i] != RowOutcome::kFailed) {
      RETURN_IF_ERROR(SetFate(items_[i], FateOf(report.outcomes[i])));
      continue;
    }
    if (failure == report.failures.size() || report.failures[failure].index != i) {
      return Internal(fmt::format("the destination gave no reason for failed row {}", i));
    }
    RETURN_IF_ERROR(JudgeFailure(items_[i], report.failures[failure++]));
  }
  return Status::Ok();
}

Status Delivery::JudgeFailure(const Item& item, const RowFailure& failure) {
  switch (failure.disposition) {
    case Disposition::kRetry:
      return Retry(item, failure.status);
    case Disposition::kUnsure:
      return Quarantine(item, failure.status);
    case Disposition::kReject:
      return Reject(item, failure);
    case Disposition::kStop:
      break;
  }
  return Status(failure.status).WithContext(fmt::format("writing {}", KeyText(item.document())));
}

// A call that failed as a whole says nothing about single rows: the code alone tells what is
// possible.
Status Delivery::JudgeAll(const Status& failed) {
  if (LogsAt(LogLevel::kDebug)) {
    LogLine(LogLevel::kDebug, kArea,
            fmt::format("group {}: a write of {} documents failed: {}", options_.group,
                        items_.size(), failed.message()));
  }
  switch (failed.code()) {
    case StatusCode::kThrottled:
    case StatusCode::kUnavailable:
      for (const Item& item : items_) RETURN_IF_ERROR(Retry(item, failed));
      return Status::Ok();
    case StatusCode::kUnsure:
      for (const Item& item : items_) RETURN_IF_ERROR(Quarantine(item, failed));
      return Status::Ok();
    default:
      return failed;
  }
}

Status Delivery::CheckNotFailingTooLong(const Item& item, const Status& why) const {
  const auto failing = parts_.clock.Now() - item.failing_since;
  if (failing <= options_.row_failing_max) return Status::Ok();
  return Status(why).WithContext(
      fmt::format("{} could not be written for {} s", KeyText(item.document()),
                  std::chrono::duration_cast<std::chrono::seconds>(failing).count()));
}

Status Delivery::Retry(Item item, const Status& why) {
  item.failing_since = std::min(item.failing_since, parts_.clock.Now());
  retry_after_ = std::max(retry_after_, why.retry_after());
  only_throttled_ = only_throttled_ && why.code() == StatusCode::kThrottled;
  again_.push_back(item);
  return CheckNotFailingTooLong(item, why);
}

Status Delivery::Quarantine(Item item, const Status& why) {
  const SteadyTime now = parts_.clock.Now();
  item.failing_since = std::min(item.failing_since, now);
  const auto [entry, is_new] = quarantine_.emplace(
      item.document().identity, Unsure{.item = item, .due = now + options_.settle, .held = {}});
  SPILLWAY_CHECK(is_new);  // Collect holds newer documents of the key back
  ++parts_.meter.unsure;
  return CheckNotFailingTooLong(item, why);
}

Status Delivery::Reject(const Item& item, const RowFailure& failure) {
  const Document& document = item.document();
  item.batch->Reject(item.index, {.row = document.row,
                                  .key = KeyText(document),
                                  .reason = failure.reason,
                                  .message = std::string(failure.status.message())});
  RETURN_IF_ERROR(Count(item.batch));
  return parts_.rejected.CountRejected(1);
}

Status Delivery::SetFate(const Item& item, RowFate fate) {
  item.batch->SetFate(item.index, fate);
  return Count(item.batch);
}

Status Delivery::Count(BatchInFlight* batch) {
  ++settled_;
  if (tally_.batch != batch) RETURN_IF_ERROR(FlushTally());
  tally_.batch = batch;
  ++tally_.documents;
  return Status::Ok();
}

Status Delivery::FlushTally() {
  const Tally tally = std::exchange(tally_, {});
  if (tally.batch == nullptr) return Status::Ok();
  parts_.meter.rows_settled += tally.documents;
  return parts_.batches.Settle(*tally.batch, tally.documents);
}

Status Delivery::BackOff() {
  const SteadyTime started = parts_.clock.Now();
  const uint32_t failures = std::max(failures_in_a_row_, 1u);
  const bool waited = parts_.clock.WaitFor(
      RetryWait(options_.retry, failures, retry_after_, random_), parts_.stop.token());
  parts_.meter.lanes_throttled_ns += (parts_.clock.Now() - started).count();
  return waited ? Status::Ok() : Cancelled("stopped on request");
}

}  // namespace spillway
