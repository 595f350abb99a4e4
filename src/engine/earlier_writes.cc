#include "engine/earlier_writes.h"

#include <algorithm>
#include <vector>

namespace spillway {
namespace {

constexpr uint32_t kRunsLookedAtMax = 100;

}  // namespace

Result<SteadyTime> EarlierWritesLanded(StateStore& state, const Clock& clock,
                                       std::string_view pipeline, int64_t run_id,
                                       std::chrono::milliseconds settle) {
  ASSIGN_OR_RETURN(const std::vector<RunRecord> runs, state.Runs(pipeline, kRunsLookedAtMax));
  for (const RunRecord& run : runs) {
    if (run.id >= run_id || run.kind != "load") continue;
    if (run.state == RunState::kSucceeded) return clock.Now();
    // One that died sent its last write at some unknown time before now.
    if (run.state == RunState::kAbandoned || run.ended_ms == 0) return clock.Now() + settle;
    const WallTime ended{std::chrono::milliseconds(run.ended_ms)};
    const auto since = std::max(clock.WallNow() - ended, WallTime::duration(0));
    return clock.Now() +
           std::max<std::chrono::nanoseconds>(settle - since, std::chrono::nanoseconds(0));
  }
  return clock.Now();
}

Status WaitUntil(Clock& clock, SteadyTime time, const CallContext& ctx) {
  const std::chrono::nanoseconds wait = time - clock.Now();
  if (wait.count() > 0) clock.WaitFor(wait, ctx.stop);
  return ctx.CheckNotStopped();
}

}  // namespace spillway
