#include "changes/adopt.h"

#include <fmt/format.h>

#include "engine/lease_keeper.h"
#include "engine/load_plan.h"
#include "engine/run_stop.h"

namespace spillway {

Status AdoptVersion(const LoadParts& parts, const DocumentOptions& documents,
                    const ChangeOptions& options, const VersionSelector& at,
                    const CallContext& ctx) {
  RunStop stop(ctx.stop);
  ASSIGN_OR_RETURN(
      const std::unique_ptr<LeaseKeeper> lease,
      LeaseKeeper::Acquire(parts.state, parts.clock, options.pipeline, options.lease, stop));
  ASSIGN_OR_RETURN(const Preparation missing, parts.destination.Prepare(true, ctx));
  if (!missing.steps.empty()) {
    return NotFound(fmt::format("pipeline {}: --from takes the destination as it is, and there is"
                                " none ({} is missing)",
                                options.pipeline, missing.steps.front()))
        .WithHint(fmt::format("to load it, run: spillway sync {}", options.pipeline));
  }
  ASSIGN_OR_RETURN(
      const std::unique_ptr<Snapshot> snapshot,
      OpenMapped(parts.source, documents, at, BatchBytesTarget(options.memory_bytes_max), ctx));
  ASSIGN_OR_RETURN([[maybe_unused]] const std::unique_ptr<DocumentEncoder> mapping,
                   DocumentEncoder::Make(documents, snapshot->schema()->get(),
                                         parts.destination.capabilities()));
  Checkpoint checkpoint =
      CheckpointOf(*snapshot, MappingHash(documents, options.mode, options.target));
  checkpoint.phase = LoadPhase::kLoaded;
  checkpoint.generation = options.generation;
  checkpoint.documents = snapshot->info().rows.value_or(0);
  return parts.state.StartLoad(options.pipeline, checkpoint)
      .WithContext("storing where changes begin");
}

}  // namespace spillway
