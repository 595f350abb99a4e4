#include "engine/earlier_writes.h"

#include <algorithm>
#include <vector>

namespace spillway {
namespace {

constexpr uint32_t kRunsLookedAtMax = 100;

bool Writes(const RunRecord& run) {
  return run.kind != "verify";
}

bool SaidItsEnd(const RunRecord& run) {
  return run.state != RunState::kAbandoned && run.ended_ms != 0;
}

bool LeftUnsure(const RunRecord& run) {
  return !SaidItsEnd(run) || run.unsure > 0;
}

// A run that died sent its last write at some unknown time before the next one started.
WallTime EndOf(const RunRecord& run, WallTime next_started) {
  return SaidItsEnd(run) ? WallTime(std::chrono::milliseconds(run.ended_ms)) : next_started;
}

}  // namespace

Result<SteadyTime> EarlierWritesLanded(StateStore& state, const Clock& clock,
                                       std::string_view pipeline, int64_t run_id,
                                       std::chrono::milliseconds settle) {
  ASSIGN_OR_RETURN(const std::vector<RunRecord> runs, state.Runs(pipeline, kRunsLookedAtMax));
  const WallTime now = clock.WallNow();
  WallTime landed = now;
  WallTime next_started = now;  // of the run after the one looked at: by then that one had ended
  for (const RunRecord& run : runs) {
    if (run.id >= run_id || !Writes(run)) continue;
    const WallTime ended = std::min(EndOf(run, next_started), now);
    if (LeftUnsure(run)) landed = std::max(landed, ended + settle);
    if (ended + settle <= now) break;
    next_started = std::min(next_started, WallTime(std::chrono::milliseconds(run.started_ms)));
  }
  return clock.Now() + std::chrono::duration_cast<SteadyTime::duration>(landed - now);
}

Status WaitUntil(Clock& clock, SteadyTime time, const CallContext& ctx) {
  const std::chrono::nanoseconds wait = time - clock.Now();
  if (wait.count() > 0) clock.WaitFor(wait, ctx.stop);
  return ctx.CheckNotStopped();
}

}  // namespace spillway
