#include "engine/run_journal.h"

#include <fmt/format.h>

#include "base/log.h"

namespace spillway {
namespace {

constexpr std::string_view kArea = "run";
constexpr std::chrono::seconds kUpdateInterval{5};

}  // namespace

int64_t RunJournal::NowMillis() const {
  return UnixMillis(clock_->WallNow());
}

Result<RunJournal> RunJournal::Start(StateStore& state, Clock& clock, std::string_view pipeline,
                                     std::string_view kind) {
  RunJournal journal(state, clock);
  journal.run_.pipeline = pipeline;
  journal.run_.kind = kind;
  journal.updated_ = clock.Now();
  journal.run_.started_ms = journal.NowMillis();
  ASSIGN_OR_RETURN(journal.run_.id, state.StartRun(journal.run_));
  LogLine(LogLevel::kInfo, kArea,
          fmt::format("pipeline {}: run {} begins: {}", pipeline, journal.run_.id, kind));
  return journal;
}

void RunJournal::SetTotals(const LoadProgressReport& totals, uint64_t bytes_sent, uint64_t unsure) {
  run_.version = totals.version;
  run_.counts = totals.run_counts;
  run_.cost = totals.cost;
  run_.requests = totals.requests;
  run_.throttled_requests = totals.throttled_requests;
  run_.bytes_sent = bytes_sent;
  run_.unsure = unsure;
  run_.units_cap = totals.throughput.cap.value_or(run_.units_cap);
  run_.peak_normalised = totals.throughput.peak_normalised.value_or(run_.peak_normalised);
}

Status RunJournal::Update() {
  const SteadyTime now = clock_->Now();
  if (now - updated_ < kUpdateInterval) return Status::Ok();
  updated_ = now;
  return state_->UpdateRun(run_).WithContext("storing how the run goes");
}

Status RunJournal::End(const Status& outcome) {
  run_.ended_ms = NowMillis();
  run_.state = outcome.ok()                               ? RunState::kSucceeded
               : outcome.code() == StatusCode::kCancelled ? RunState::kStopped
                                                          : RunState::kFailed;
  if (!outcome.ok()) run_.message = outcome.ToString();
  LogLine(outcome.ok() ? LogLevel::kInfo : LogLevel::kWarning, kArea,
          fmt::format("pipeline {}: run {} ended at version {}: {}", run_.pipeline, run_.id,
                      run_.version, outcome.ok() ? "succeeded" : run_.message));
  return state_->UpdateRun(run_).WithContext("storing how the run ended");
}

}  // namespace spillway
