#include "app/run_settings.h"

#include "app/pipeline.h"
#include "app/share_group.h"

namespace spillway {

RunOptions RunSettings(const Project& project, const PipelineConfig& pipeline, StateStore& state) {
  RunOptions options;
  options.pipeline = pipeline.name;
  options.target = TargetOf(project, pipeline);
  options.mode = pipeline.sync.mode.write();
  options.duplicates = pipeline.sync.duplicates;
  options.max_rejected = pipeline.sync.max_rejected;
  options.memory_bytes_max = project.memory_bytes();
  options.settle = pipeline.sync.settle;
  options.throughput = {
      .limit = pipeline.throughput.limit,
      .limit_now = [&state, name = pipeline.name] { return LimitSetFor(state, name); },
      .board = [&project, &pipeline] { return OpenShareBoard(project, pipeline); }};
  options.spill_folder = project.spill_folder();
  return options;
}

std::vector<std::string> IgnoredFields(const Destination& destination,
                                       const PipelineConfig& pipeline) {
  std::vector<std::string> fields = destination.capabilities().limits.reserved_fields;
  const std::string& stamp = pipeline.documents.stamp_field;
  if (!stamp.empty()) fields.push_back(stamp);
  return fields;
}

DeleteGuardOptions GuardSettings(const PipelineConfig& pipeline, bool allow_deletes) {
  DeleteGuardOptions guard;
  guard.share.reset();
  if (pipeline.sync.delete_guard.has_value() && !allow_deletes) {
    guard.share = pipeline.sync.delete_guard->value;
  }
  return guard;
}

}  // namespace spillway
