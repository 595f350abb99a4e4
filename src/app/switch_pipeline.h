// SyncSwitching: what `sync` does with `strategy: switch`: a full or large load goes into a new
// container beside the one that readers read, is verified against the table, catches up with what
// changed meanwhile, and then the pointer that readers follow is flipped to it. Everything else
// goes into the container that the pointer names. docs/switch.md.
#ifndef SPILLWAY_APP_SWITCH_PIPELINE_H_
#define SPILLWAY_APP_SWITCH_PIPELINE_H_

#include "app/sync_pipeline.h"

namespace spillway {

// Errors as SyncPipeline, and: kConflict (held after a way back; too many containers kept),
// kMismatch (the new container is not equal to the table: the pointer stays), kUnavailable (the
// pointer was changed by another program meanwhile).
Result<SyncResult> SyncSwitching(const Project& project, const PipelineConfig& pipeline,
                                 const SyncRequest& request, const SyncListener& listener,
                                 const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_APP_SWITCH_PIPELINE_H_
