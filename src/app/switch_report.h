// What the command `switch` does: looks where a pipeline with `strategy: switch` stands, gives up a
// container that is being built, takes readers back to the container before, lets the pipeline go
// on.
#ifndef SPILLWAY_APP_SWITCH_REPORT_H_
#define SPILLWAY_APP_SWITCH_REPORT_H_

#include <functional>
#include <optional>
#include <string>

#include "app/pipeline.h"
#include "app/switch_steps.h"
#include "generations/generation_list.h"

namespace spillway {

struct SwitchReport {
  std::string pointer;  // where it is: "https://host/db/spillway-pointers, id products"
  SwitchStand stand;
  std::optional<Checkpoint> live;      // of the state; nullopt: the state does not know it
  std::optional<Checkpoint> building;  // the same
};

// kInvalidArgument: the pipeline does not switch.
Result<SwitchReport> ReportSwitch(const Project& project, const PipelineConfig& pipeline,
                                  const CallContext& ctx);

enum class SwitchAction : uint8_t { kAbort, kBack, kRelease };

struct SwitchOutcome {
  std::string given_up;                   // of kAbort: the container; empty: none was being built
  std::optional<SwitchSummary> switched;  // of kBack
  SwitchReport report;                    // as it is now
};

// Errors as ReportSwitch, and kLocked (the pipeline runs), kConflict (there is no container to go
// back to).
Result<SwitchOutcome> ActOnSwitch(const Project& project, const PipelineConfig& pipeline,
                                  SwitchAction action,
                                  const std::function<void(const SwitchNews&)>& on_news,
                                  const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_APP_SWITCH_REPORT_H_
