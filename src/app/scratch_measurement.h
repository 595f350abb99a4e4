// ScratchMeasurement: what writes of a sample really cost, measured in a container of the program's
// own that is made like the pipeline's, and taken away again whatever happens. One that a killed
// process has left is recognised by its name and removed by the next plan.
#ifndef SPILLWAY_APP_SCRATCH_MEASUREMENT_H_
#define SPILLWAY_APP_SCRATCH_MEASUREMENT_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "app/plan_sample.h"
#include "app/write_costs.h"
#include "connector/scratch.h"

namespace spillway {

struct MeasureRequest {
  WriteMode mode = WriteMode::kMirror;
  // About what the measurement may take; fewer documents of the sample are written for it.
  double units_max = 4'000;
};

struct Measurement {
  ChargeFit insert;
  ChargeFit replace;  // or what the mode does with a document that is there
  ChargeFit remove;   // count() == 0: the mode deletes nothing
  uint64_t documents = 0;
  uint64_t refused = 0;  // of them, by the destination
  double units = 0;      // that it took
};

// Before anything is made: what it will be, and about what it takes.
struct MeasurementNotice {
  std::string place;
  uint64_t documents = 0;
  double units = 0;
};

// `model` says what writes are expected to cost. Errors: those of making the place and of writing;
// kUnavailable: the destination was too busy; kCancelled. The place is gone when it returns, unless
// removing it failed: then the status says so, with the name.
Result<Measurement> MeasureWrites(ScratchSpace& space, const PlanSample& sample,
                                  const WriteCosts& model, const MeasureRequest& request,
                                  const std::function<void(const MeasurementNotice&)>& on_begin,
                                  Clock& clock, const CallContext& ctx);

// Removes what measurements that ended without their clean-up have left: of processes of this
// machine that are dead, or that is so old that nobody can need it. Returns the names.
Result<std::vector<std::string>> RemoveAbandonedPlaces(ScratchSpace& space, Clock& clock,
                                                       const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_APP_SCRATCH_MEASUREMENT_H_
