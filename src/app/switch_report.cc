#include "app/switch_report.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "app/switch_place.h"
#include "app/switcher.h"
#include "generations/generation_state.h"

namespace spillway {
namespace {

Status CheckSwitches(const PipelineConfig& pipeline) {
  if (pipeline.sync.strategy == StrategyKind::kSwitch) return Status::Ok();
  return InvalidArgument(
             fmt::format("pipeline {} does not switch: `sync.strategy` is direct", pipeline.name))
      .WithHint("set `strategy: switch`; docs/switch.md says what that means");
}

Result<std::optional<Checkpoint>> About(StateStore& state, const std::string& name,
                                        const std::string& container) {
  ASSIGN_OR_RETURN(std::optional<Checkpoint> stored, state.LoadCheckpoint(name));
  if (stored.has_value() && stored->generation != container) stored.reset();
  return stored;
}

Status LookAtState(StateStore& state, const std::string& pipeline, SwitchReport& report) {
  ASSIGN_OR_RETURN(report.live, About(state, pipeline, report.stand.live()));
  if (!report.stand.list.building.has_value()) return Status::Ok();
  const std::string& container = report.stand.list.building->container;
  ASSIGN_OR_RETURN(report.building,
                   About(state, GenerationStateName(pipeline, container), container));
  return Status::Ok();
}

}  // namespace

Result<SwitchReport> ReportSwitch(const Project& project, const PipelineConfig& pipeline,
                                  const CallContext& ctx) {
  RETURN_IF_ERROR(CheckSwitches(pipeline));
  ASSIGN_OR_RETURN(const std::unique_ptr<GenerationTable> table,
                   OpenGenerations(project, pipeline));
  SwitchReport report;
  report.pointer = table->Describe();
  ASSIGN_OR_RETURN(report.stand, table->Read(ctx));
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStore> state, OpenStateIfThere(project));
  if (state != nullptr) RETURN_IF_ERROR(LookAtState(*state, pipeline.name, report));
  return report;
}

Result<SwitchOutcome> ActOnSwitch(const Project& project, const PipelineConfig& pipeline,
                                  SwitchAction action,
                                  const std::function<void(const SwitchNews&)>& on_news,
                                  const CallContext& ctx) {
  RETURN_IF_ERROR(CheckSwitches(pipeline));
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStore> state, OpenState(project));
  ASSIGN_OR_RETURN(const std::unique_ptr<Switcher> switcher,
                   Switcher::Open(project, pipeline, *state, on_news, ctx));
  SwitchOutcome outcome;
  switch (action) {
    case SwitchAction::kAbort:
      if (switcher->stand().list.building.has_value()) {
        outcome.given_up = switcher->stand().list.building->container;
      }
      RETURN_IF_ERROR(switcher->Tidy(BuildingPolicy::kGiveUp));
      break;
    case SwitchAction::kBack: {
      // What a process left behind belongs to where readers are now.
      RETURN_IF_ERROR(switcher->Tidy(BuildingPolicy::kKeep));
      ASSIGN_OR_RETURN(outcome.switched.emplace(), switcher->FlipBack());
      RETURN_IF_ERROR(switcher->Tidy(BuildingPolicy::kKeep));
      break;
    }
    case SwitchAction::kRelease:
      RETURN_IF_ERROR(switcher->Tidy(BuildingPolicy::kKeep));
      RETURN_IF_ERROR(switcher->Release());
      break;
  }
  outcome.report.pointer = switcher->table().Describe();
  outcome.report.stand = switcher->stand();
  RETURN_IF_ERROR(LookAtState(*state, pipeline.name, outcome.report));
  return outcome;
}

}  // namespace spillway
