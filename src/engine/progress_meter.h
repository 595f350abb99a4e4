// ProgressMeter: turns a run's counters into the pictures that the listener gets, and says what
// limits the run: where its threads spent their time since the last picture.
#ifndef SPILLWAY_ENGINE_PROGRESS_METER_H_
#define SPILLWAY_ENGINE_PROGRESS_METER_H_

#include "base/clock.h"
#include "engine/acknowledger.h"
#include "engine/load_run.h"
#include "engine/run_meter.h"

namespace spillway {

// Used by one thread.
class ProgressMeter {
 public:
  ProgressMeter(const RunMeter& meter, const Clock& clock, const TableInfo& table,
                std::span<const Split> splits, uint32_t readers);

  LoadProgressReport Report(const Acknowledger& acknowledger);

 private:
  uint64_t RowsAhead(bool all_counted) const;
  BindingLimit Judge(SteadyTime now);

  const RunMeter& meter_;
  const Clock& clock_;
  LoadProgressReport report_;
  const uint32_t readers_;
  const SteadyTime started_;
  SteadyTime judged_;
  int64_t held_ns_ = 0;
  int64_t writing_ns_ = 0;
  int64_t throttled_ns_ = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_PROGRESS_METER_H_
