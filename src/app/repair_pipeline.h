// RepairPipeline: what `repair` and `rollback` do, from a configuration.
#ifndef SPILLWAY_APP_REPAIR_PIPELINE_H_
#define SPILLWAY_APP_REPAIR_PIPELINE_H_

#include "app/pipeline.h"
#include "verify/repair_run.h"

namespace spillway {

// What distinguishes one repair from the pipeline's configuration.
struct RepairRequest {
  bool dry_run = false;
  bool allow_deletes = false;  // this once, whatever the delete guard says
  uint32_t differences_max = 20;
  ThroughputLimit read_limit{};
  // A rollback: to a version, or to the one that a run of this pipeline left behind.
  std::optional<VersionSelector> back_to{};
  std::optional<int64_t> back_to_run{};
};

// Errors as RunRepair, and those of opening.
Result<RepairSummary> RepairPipeline(const Project& project, const PipelineConfig& pipeline,
                                     const RepairRequest& request, const RepairListener& listener,
                                     const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_APP_REPAIR_PIPELINE_H_
