// LiveProgress: what a run in this process has done so far, and what it could do with its limit,
// for whoever counts many of them together (Spark's driver).
#ifndef SPILLWAY_ENGINE_LIVE_PROGRESS_H_
#define SPILLWAY_ENGINE_LIVE_PROGRESS_H_

#include <cstdint>

#include "engine/run_meter.h"
#include "throughput/lent_share.h"

namespace spillway {

struct LiveProgress {
  uint64_t rows = 0;  // have their fate
  double cost = 0;
  uint64_t requests = 0;
  uint64_t throttled_requests = 0;
  ShareUse share;
};

// Cheap. As LentShare::Use, to be called about ten times a second while the run writes.
inline LiveProgress LiveProgressOf(const RunMeter& meter, LentShare& share) {
  return {.rows = meter.rows_settled,
          .cost = meter.cost,
          .requests = meter.requests,
          .throttled_requests = meter.throttled_requests,
          .share = share.Use()};
}

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_LIVE_PROGRESS_H_
