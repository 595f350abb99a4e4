#include "app/switch_decision.h"

#include <fmt/format.h>

#include "app/plan_changes.h"
#include "app/switch_place.h"
#include "app/switch_steps.h"
#include "config/units.h"

namespace spillway {
namespace {

Result<uint64_t> TableBytes(const OpenedPipeline& opened, const CallContext& ctx) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Snapshot> snapshot,
                   opened.source->OpenSnapshot(SnapshotRequest{}, ctx));
  return snapshot->info().bytes;
}

// What cannot be planned is for the run to tell.
Result<bool> ChangesAreLarge(const Project& project, const PipelineConfig& pipeline,
                             const std::string& live, const Checkpoint& stored,
                             const CallContext& ctx) {
  const std::optional<Share>& share = pipeline.sync.switching.changes_over;
  // What was begun has to be finished where it was begun.
  if (!share.has_value() || stored.begun_through > stored.version) return false;
  ASSIGN_OR_RETURN(const OpenedPipeline opened, OpenPipelineAt(project, pipeline, {live, {}}));
  const WriteCosts no_costs(nullptr);
  const Result<ChangesPlan> plan = PlanChanges(project, opened, stored, {.writes = &no_costs}, ctx);
  if (!plan.ok() || plan->ranges.empty()) return false;
  ASSIGN_OR_RETURN(const uint64_t table_bytes, TableBytes(opened, ctx));
  return IsLarge(*plan, stored.documents, table_bytes, share);
}

}  // namespace

Result<std::string> WhyBuild(const Project& project, const PipelineConfig& pipeline,
                             const SwitchStand& stand, StateStore* state, bool weigh_changes,
                             const CallContext& ctx) {
  if (stand.list.building.has_value()) {
    return fmt::format("a load into {} was cut off: it goes on", stand.list.building->container);
  }
  if (stand.live().empty()) return std::string("nothing is read yet");
  std::optional<Checkpoint> stored;
  if (state != nullptr) {
    ASSIGN_OR_RETURN(stored, state->LoadCheckpoint(pipeline.name));
  }
  if (!stored.has_value() || stored->generation != stand.live()) {
    return fmt::format("the state does not know how far {} is", stand.live());
  }
  if (!weigh_changes) return std::string();
  ASSIGN_OR_RETURN(const bool large,
                   ChangesAreLarge(project, pipeline, stand.live(), *stored, ctx));
  if (!large) return std::string();
  return fmt::format("more than {} of the documents change",
                     FormatShare(*pipeline.sync.switching.changes_over));
}

Result<std::optional<SwitchPlan>> PlanSwitch(const Project& project, const PipelineConfig& pipeline,
                                             StateStore* state, const SwitchQuestion& question,
                                             const CallContext& ctx) {
  if (pipeline.sync.strategy != StrategyKind::kSwitch) return std::optional<SwitchPlan>();
  ASSIGN_OR_RETURN(const std::unique_ptr<GenerationTable> table,
                   OpenGenerations(project, pipeline));
  ASSIGN_OR_RETURN(const SwitchStand stand, table->Read(ctx));
  SwitchPlan plan;
  plan.why = "asked for";
  if (!question.anew) {
    ASSIGN_OR_RETURN(plan.why,
                     WhyBuild(project, pipeline, stand, state, question.weigh_changes, ctx));
  }
  if (plan.why.empty()) return std::optional<SwitchPlan>();
  plan.from = stand.live();
  plan.to = stand.list.building && !question.anew
                ? stand.list.building->container
                : GenerationName(BaseContainer(project, pipeline), stand.list.last + 1);
  return std::optional<SwitchPlan>(std::move(plan));
}

}  // namespace spillway
