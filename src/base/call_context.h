// CallContext: what every call that can wait takes: how it is stopped, and when it must have ended.
#ifndef SPILLWAY_BASE_CALL_CONTEXT_H_
#define SPILLWAY_BASE_CALL_CONTEXT_H_

#include <stop_token>

#include "base/clock.h"
#include "base/status.h"

namespace spillway {

struct CallContext {
  std::stop_token stop;                     // requested: return kCancelled as soon as it is safe
  SteadyTime deadline = SteadyTime::max();  // by the clock of the one who set it

  Status CheckNotStopped() const {
    return stop.stop_requested() ? Cancelled("stopped on request") : Status::Ok();
  }
};

}  // namespace spillway

#endif  // SPILLWAY_BASE_CALL_CONTEXT_H_
