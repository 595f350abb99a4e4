#include "generations/generation_state.h"

#include <fmt/format.h>

#include <optional>
#include <vector>

namespace spillway {
namespace {

Status Copy(StateStore& state, std::string_view from, const Checkpoint& checkpoint,
            std::string_view to) {
  ASSIGN_OR_RETURN(const std::vector<SplitProgress> progress, state.LoadProgress(from));
  ASSIGN_OR_RETURN(const std::vector<RejectedRecord> rejected,
                   state.Rejected(from, std::nullopt, UINT32_MAX));
  return state.Restore(to, checkpoint, progress, rejected);
}

// From one name to another; what is not there is not moved. Cut off between the two, both have it.
Status MoveTuning(StateStore& state, std::string_view from, std::string_view to) {
  ASSIGN_OR_RETURN(const std::optional<std::string> tuning, state.TuningOf(from));
  if (!tuning.has_value()) return Status::Ok();
  RETURN_IF_ERROR(state.SetTuning(to, tuning));
  return state.SetTuning(from, std::nullopt);
}

}  // namespace

std::string GenerationStateName(std::string_view pipeline, std::string_view container) {
  return fmt::format("{}@{}", pipeline, container);
}

Result<bool> StateIsAbout(StateStore& state, std::string_view name, std::string_view container) {
  ASSIGN_OR_RETURN(const std::optional<Checkpoint> stored, state.LoadCheckpoint(name));
  return stored.has_value() && !container.empty() && stored->generation == container;
}

Result<Alignment> AlignState(StateStore& state, std::string_view pipeline,
                             std::string_view container) {
  ASSIGN_OR_RETURN(const std::optional<Checkpoint> present, state.LoadCheckpoint(pipeline));
  const std::string name = GenerationStateName(pipeline, container);
  if (present.has_value() && present->generation == container) {
    RETURN_IF_ERROR(MoveTuning(state, name, pipeline));
    return Alignment::kAligned;
  }
  ASSIGN_OR_RETURN(const std::optional<Checkpoint> other, state.LoadCheckpoint(name));
  if (!other.has_value() || other->generation != container) return Alignment::kUnknown;
  // What is replaced is kept first: cut off between the two, both are there.
  if (present.has_value() && !present->generation.empty()) {
    const std::string kept = GenerationStateName(pipeline, present->generation);
    RETURN_IF_ERROR(Copy(state, pipeline, *present, kept));
    RETURN_IF_ERROR(MoveTuning(state, pipeline, kept));
  }
  RETURN_IF_ERROR(Copy(state, name, *other, pipeline));
  RETURN_IF_ERROR(MoveTuning(state, name, pipeline));
  RETURN_IF_ERROR(state.Forget(name));
  return Alignment::kMoved;
}

}  // namespace spillway
