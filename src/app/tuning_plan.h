// TuningPlan: what a run would set its destination to for a load, what that does to the bill, and
// what of the throughput section cannot work: said before anything is done.
#ifndef SPILLWAY_APP_TUNING_PLAN_H_
#define SPILLWAY_APP_TUNING_PLAN_H_

#include <optional>
#include <string>
#include <vector>

#include "app/load_tuning.h"
#include "app/pipeline.h"

namespace spillway {

// What the pipeline asks for.
TuningOptions TuningOptionsOf(const PipelineConfig& pipeline);

struct TuningPlan {
  TuningOptions wanted;
  std::optional<ProvisionedThroughput> before;  // nullopt: the container will be made
  std::optional<TuningRecord> left_over;        // an earlier run has not set it back
  bool costs_more = false;                      // than what is there now
  std::optional<uint32_t> least_after;  // that can be set once the load's throughput was there
  std::vector<std::string> warnings;    // of the throughput section and the throughput bucket

  // What will be done, one sentence each; empty: nothing.
  std::vector<std::string> Steps() const;
};

// Reads the destination and the state, and writes nothing; `load_is_due` false: nothing will be set
// for a load, only warnings count. Errors: kInvalidArgument (the destination cannot be set so;
// names the key), kUnsupported, kPermissionDenied, and those of reading.
Result<TuningPlan> PlanTuning(const PipelineConfig& pipeline, Destination& destination,
                              StateStore* state, bool load_is_due, const CallContext& ctx);

// A limit in request units that is more than the container admits: what to do about it; empty: it
// is not.
std::string WarnOfLimit(const std::string& pipeline, const ThroughputLimit& limit, double admitted);

// Sets back what an earlier run of the pipeline has left, under the pipeline's lease; nullopt:
// nothing was. kLocked while it runs; what could not be set back is in the report.
Result<std::optional<TuningReport>> RestoreTuning(LoadTuning& tuning, StateStore& state,
                                                  Clock& clock, const std::string& pipeline,
                                                  const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_APP_TUNING_PLAN_H_
