#include "engine/run_options.h"

#include "engine/duplicate_policy.h"

namespace spillway {

Status CheckRunOptions(const RunOptions& options) {
  if (options.pipeline.empty()) return InvalidArgument("the pipeline needs a name");
  if (options.readers_max == 0 || options.lanes_max == 0) {
    return InvalidArgument("at least one reader and one lane are needed");
  }
  if (options.lease <= options.checkpoint_interval) {
    return InvalidArgument("the lease must be longer than the checkpoint interval");
  }
  if (options.spill_folder.empty()) return InvalidArgument("a spill folder is needed");
  return CheckDuplicatePolicy(options.duplicates, options.mode);
}

}  // namespace spillway
