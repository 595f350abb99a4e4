// Where a pipeline with `strategy: switch` has its pointer, and which container that names now.
#ifndef SPILLWAY_APP_SWITCH_PLACE_H_
#define SPILLWAY_APP_SWITCH_PLACE_H_

#include <memory>
#include <string>

#include "app/pipeline.h"
#include "generations/generation_table.h"

namespace spillway {

// The configured container: generations are named after it.
std::string BaseContainer(const Project& project, const PipelineConfig& pipeline);

// REQUIRES: `strategy: switch`. No request is made.
Result<std::unique_ptr<GenerationTable>> OpenGenerations(const Project& project,
                                                         const PipelineConfig& pipeline);

// The container that readers read; where there is none, the first that would be made. Without
// `strategy: switch`, empty, and no request is made.
Result<ContainerPlace> LivePlace(const Project& project, const PipelineConfig& pipeline,
                                 const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_APP_SWITCH_PLACE_H_
