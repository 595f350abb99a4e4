// What a pipeline's configuration says to every run that writes.
#ifndef SPILLWAY_APP_RUN_SETTINGS_H_
#define SPILLWAY_APP_RUN_SETTINGS_H_

#include <string>
#include <vector>

#include "app/project.h"
#include "changes/delete_guard.h"
#include "engine/run_options.h"
#include "state/state_store.h"

namespace spillway {

// All three outlive the runs, which look there for their limit and for who shares it.
RunOptions RunSettings(const Project& project, const PipelineConfig& pipeline, StateStore& state);

// Top-level fields that no comparison counts: the destination's own and the stamp.
std::vector<std::string> IgnoredFields(const Destination& destination,
                                       const PipelineConfig& pipeline);

// `sync.delete_guard`; off when deletes are allowed this once.
DeleteGuardOptions GuardSettings(const PipelineConfig& pipeline, bool allow_deletes);

}  // namespace spillway

#endif  // SPILLWAY_APP_RUN_SETTINGS_H_
