// What loads have left set in a pipeline's containers, and setting it back: in the one that is
// written and, with `strategy: switch`, in the one that was being built when a process was cut off.
#ifndef SPILLWAY_APP_TUNING_RESTORE_H_
#define SPILLWAY_APP_TUNING_RESTORE_H_

#include <optional>

#include "app/load_tuning.h"
#include "app/pipeline.h"

namespace spillway {

// Whether the container that is being built is to be set back. Reads the pointer; without
// `strategy: switch`, false, and no request is made.
Result<bool> BuildIsToRestore(const Project& project, const PipelineConfig& pipeline,
                              const CallContext& ctx);

// `throttle --restore`. nullopt: nothing was to be set back. kLocked while the pipeline runs; what
// could not be set back is in the report.
Result<std::optional<TuningReport>> RestorePipeline(const Project& project,
                                                    const PipelineConfig& pipeline,
                                                    const LoadTuning::OnStep& on_step,
                                                    const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_APP_TUNING_RESTORE_H_
