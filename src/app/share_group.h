// ShareGroup: with whom a pipeline shares its limit: those runs of the project on this machine that
// write to the same container, or the group that its configuration names.
#ifndef SPILLWAY_APP_SHARE_GROUP_H_
#define SPILLWAY_APP_SHARE_GROUP_H_

#include <memory>

#include "app/project.h"
#include "base/call_context.h"
#include "base/result.h"
#include "connector/share_board.h"

namespace spillway {

// Opening fetches secrets and checks options; no request is made. The project and the pipeline
// outlive the board.
Result<std::unique_ptr<ShareBoard>> OpenShareBoard(const Project& project,
                                                   const PipelineConfig& pipeline);

// Tries what joining the group will need, without writing.
Status CheckShareBoard(const Project& project, const PipelineConfig& pipeline,
                       const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_APP_SHARE_GROUP_H_
