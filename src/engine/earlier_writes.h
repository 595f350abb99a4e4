// What earlier runs of a pipeline may still have in flight (I3, after a crash too): a run that
// failed, was stopped or died may have sent writes whose outcome nobody knows.
#ifndef SPILLWAY_ENGINE_EARLIER_WRITES_H_
#define SPILLWAY_ENGINE_EARLIER_WRITES_H_

#include <chrono>
#include <string_view>

#include "base/call_context.h"
#include "base/clock.h"
#include "base/result.h"
#include "state/state_store.h"

namespace spillway {

// The time from which on nothing that runs before `run_id` have sent can land any more: `settle`
// after the last of them that died, or said that it left writes behind whose outcome is unknown.
Result<SteadyTime> EarlierWritesLanded(StateStore& state, const Clock& clock,
                                       std::string_view pipeline, int64_t run_id,
                                       std::chrono::milliseconds settle);

// kCancelled when a stop is requested first.
Status WaitUntil(Clock& clock, SteadyTime time, const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_EARLIER_WRITES_H_
