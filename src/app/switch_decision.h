// Whether the next sync of a pipeline with `strategy: switch` loads into a new container, and why.
#ifndef SPILLWAY_APP_SWITCH_DECISION_H_
#define SPILLWAY_APP_SWITCH_DECISION_H_

#include <optional>
#include <string>

#include "app/pipeline.h"
#include "generations/generation_list.h"

namespace spillway {

// Without being asked to: "nothing is read yet". Empty: changes go into the container that is read.
// `state` may be null: nothing was ever run. `weigh_changes` false: however many there are. Writes
// nothing.
Result<std::string> WhyBuild(const Project& project, const PipelineConfig& pipeline,
                             const SwitchStand& stand, StateStore* state, bool weigh_changes,
                             const CallContext& ctx);

// A load that goes into a new container.
struct SwitchPlan {
  std::string from;  // what readers read now; empty: nothing
  std::string to;
  std::string why;
};

// What a run asks for.
struct SwitchQuestion {
  bool anew = false;  // --full or --resync: what is being built is given up
  bool weigh_changes = true;
};

// nullopt: the next sync builds nothing, or the pipeline does not switch. Reads the pointer, and
// writes nothing. Errors as WhyBuild.
Result<std::optional<SwitchPlan>> PlanSwitch(const Project& project, const PipelineConfig& pipeline,
                                             StateStore* state, const SwitchQuestion& question,
                                             const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_APP_SWITCH_DECISION_H_
