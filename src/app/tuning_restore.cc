#include "app/tuning_restore.h"

#include <memory>
#include <string>
#include <utility>

#include "app/switch_place.h"
#include "app/tuning_plan.h"
#include "generations/generation_state.h"
#include "generations/state_view.h"

namespace spillway {
namespace {

// The container that is being built, like the one that is read; nullopt: none is.
Result<std::optional<ContainerPlace>> PlaceOfBuild(const Project& project,
                                                   const PipelineConfig& pipeline,
                                                   const CallContext& ctx) {
  if (pipeline.sync.strategy != StrategyKind::kSwitch) return std::optional<ContainerPlace>();
  ASSIGN_OR_RETURN(const std::unique_ptr<GenerationTable> table,
                   OpenGenerations(project, pipeline));
  ASSIGN_OR_RETURN(const SwitchStand stand, table->Read(ctx));
  if (!stand.list.building.has_value()) return std::optional<ContainerPlace>();
  return std::optional(ContainerPlace{stand.list.building->container, stand.live()});
}

Result<std::optional<TuningReport>> RestoreAt(const Project& project,
                                              const PipelineConfig& pipeline,
                                              const ContainerPlace& place, StateStore& state,
                                              const LoadTuning::OnStep& on_step,
                                              const CallContext& ctx) {
  ASSIGN_OR_RETURN(const OpenedPipeline opened, OpenPipelineAt(project, pipeline, place));
  if (opened.destination->tuning() == nullptr) return std::optional<TuningReport>();
  LoadTuning tuning(*opened.destination->tuning(), state, SystemClock(), pipeline.name,
                    TargetOf(project, pipeline), {}, on_step);
  return RestoreTuning(tuning, state, SystemClock(), pipeline.name, ctx);
}

// Of two containers: what is left in either is left.
std::optional<TuningReport> Joined(std::optional<TuningReport> one,
                                   std::optional<TuningReport> other) {
  if (!one.has_value()) return other;
  if (!other.has_value()) return one;
  other->steps.insert(other->steps.begin(), one->steps.begin(), one->steps.end());
  if (other->left_over.ok()) other->left_over = one->left_over;
  return other;
}

}  // namespace

Result<bool> BuildIsToRestore(const Project& project, const PipelineConfig& pipeline,
                              const CallContext& ctx) {
  ASSIGN_OR_RETURN(const std::optional<ContainerPlace> build, PlaceOfBuild(project, pipeline, ctx));
  if (!build.has_value()) return false;
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStore> state, OpenStateIfThere(project));
  if (state == nullptr) return false;
  ASSIGN_OR_RETURN(const std::optional<std::string> tuning,
                   state->TuningOf(GenerationStateName(pipeline.name, build->container)));
  return tuning.has_value();
}

Result<std::optional<TuningReport>> RestorePipeline(const Project& project,
                                                    const PipelineConfig& pipeline,
                                                    const LoadTuning::OnStep& on_step,
                                                    const CallContext& ctx) {
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStore> state, OpenStateIfThere(project));
  if (state == nullptr) return std::optional<TuningReport>();
  ASSIGN_OR_RETURN(const ContainerPlace live, LivePlace(project, pipeline, ctx));
  ASSIGN_OR_RETURN(std::optional<TuningReport> report,
                   RestoreAt(project, pipeline, live, *state, on_step, ctx));
  ASSIGN_OR_RETURN(const std::optional<ContainerPlace> build, PlaceOfBuild(project, pipeline, ctx));
  if (!build.has_value()) return report;
  const std::unique_ptr<StateStore> view =
      MakeStateView(*state, pipeline.name, GenerationStateName(pipeline.name, build->container));
  ASSIGN_OR_RETURN(std::optional<TuningReport> of_build,
                   RestoreAt(project, pipeline, *build, *view, on_step, ctx));
  return Joined(std::move(report), std::move(of_build));
}

}  // namespace spillway
