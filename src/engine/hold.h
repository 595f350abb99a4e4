// A pipeline that was taken back to an earlier version goes nowhere by itself: the next run would
// undo it.
#ifndef SPILLWAY_ENGINE_HOLD_H_
#define SPILLWAY_ENGINE_HOLD_H_

#include <chrono>
#include <string_view>

#include "base/call_context.h"
#include "base/clock.h"
#include "state/state_store.h"

namespace spillway {

// OK: the pipeline may go on. kConflict: it is held, or on its way back, and what to do then.
Status CheckNotHeld(const Checkpoint& checkpoint, std::string_view pipeline);

// From now on the pipeline may go on from where it is held. OK when it is not held. kConflict: the
// rollback is not finished; kLocked: a run goes on.
Status ReleaseHold(StateStore& state, Clock& clock, std::string_view pipeline,
                   std::chrono::milliseconds lease, const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_HOLD_H_
