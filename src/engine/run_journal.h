// RunJournal: the history entry of one run: opened when it starts, brought up to date as it goes,
// closed with how it ended.
#ifndef SPILLWAY_ENGINE_RUN_JOURNAL_H_
#define SPILLWAY_ENGINE_RUN_JOURNAL_H_

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "engine/load_run.h"
#include "state/state_store.h"

namespace spillway {

class RunJournal {
 public:
  static Result<RunJournal> Start(StateStore& state, Clock& clock, std::string_view pipeline,
                                  std::string_view kind);

  int64_t run_id() const { return run_.id; }
  int64_t started_ms() const { return run_.started_ms; }
  // `unsure`: RunMeter's.
  void SetTotals(const LoadProgressReport& totals, uint64_t bytes_sent, uint64_t unsure);
  void SetVersion(int64_t version) { run_.version = version; }
  void SetCost(double cost) { run_.cost = cost; }
  // A load that was there already says so, a verification what it found.
  void SetMessage(std::string message) { run_.message = std::move(message); }
  // Stores the totals so far, every few seconds at most: for `status`, and for a run that dies.
  Status Update();
  // How the run ended: OK, kCancelled, or why it failed. Returns what could not be stored.
  Status End(const Status& outcome);
  // Ends as `result` says, and returns it; what could not be stored, when the run was well.
  template <typename Summary>
  Result<Summary> Close(Result<Summary> result) {
    const Status outcome = result.ok() ? Status::Ok() : result.status();
    if (Status noted = End(outcome); outcome.ok() && !noted.ok()) return noted;
    return result;
  }

 private:
  RunJournal(StateStore& state, Clock& clock) : state_(&state), clock_(&clock) {}
  int64_t NowMillis() const;

  StateStore* state_;
  Clock* clock_;
  RunRecord run_;
  SteadyTime updated_;
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_RUN_JOURNAL_H_
