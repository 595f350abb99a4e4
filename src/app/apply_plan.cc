#include "app/apply_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <set>

#include "engine/load_plan.h"

namespace spillway {
namespace {

std::string Position(const std::optional<Checkpoint>& checkpoint) {
  if (!checkpoint) return "nothing was loaded";
  std::string text =
      fmt::format("version {} {}", checkpoint->version,
                  checkpoint->phase == LoadPhase::kLoaded ? "was loaded" : "was being loaded");
  if (checkpoint->phase == LoadPhase::kLoading) {
    text += fmt::format(", {} rows settled", checkpoint->counts.settled());
  }
  if (checkpoint->begun_through > checkpoint->version) {
    text += fmt::format(", changes through version {} begun", checkpoint->begun_through);
  }
  return text;
}

// What decides where a run begins; what merely counts does not.
bool SamePosition(const std::optional<Checkpoint>& a, const std::optional<Checkpoint>& b) {
  if (a.has_value() != b.has_value()) return false;
  if (!a) return true;
  return a->table_id == b->table_id && a->version == b->version && a->phase == b->phase &&
         a->mapping_hash == b->mapping_hash && a->begun_through == b->begun_through &&
         a->sweep == b->sweep && a->counts.settled() == b->counts.settled();
}

Status CheckState(const Project& project, const PlanFile& file, std::vector<std::string>& changes) {
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStore> state, OpenStateIfThere(project));
  std::optional<Checkpoint> now;
  if (state != nullptr) {
    ASSIGN_OR_RETURN(now, state->LoadCheckpoint(file.pipeline));
  }
  if (SamePosition(file.checkpoint, now)) return Status::Ok();
  const std::string then = Position(file.checkpoint);
  changes.push_back(then == Position(now)
                        ? "the pipeline was loaded anew, or another sync has run"
                        : fmt::format("the pipeline has moved: {} when it was planned, and now {}",
                                      then, Position(now)));
  return Status::Ok();
}

Status CheckTable(const OpenedPipeline& opened, const PlanFile& file, const CallContext& ctx,
                  std::vector<std::string>& changes) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Snapshot> latest, opened.source->OpenSnapshot({}, ctx));
  const TableInfo& table = latest->info();
  if (table.location != file.location) {
    changes.push_back(fmt::format("the table was {} and is {}", file.location, table.location));
  } else if (table.table_id != file.table_id) {
    changes.push_back("the table was created anew");
  } else if (table.version != file.latest_version) {
    changes.push_back(fmt::format("the table has moved: it was at version {} and is at {}",
                                  file.latest_version, table.version));
  }
  return Status::Ok();
}

}  // namespace

std::vector<std::string> SettingsThatDiffer(const std::map<std::string, std::string>& before,
                                            const std::map<std::string, std::string>& now) {
  std::set<std::string> names;
  for (const auto& [name, value] : before) names.insert(name);
  for (const auto& [name, value] : now) names.insert(name);
  std::vector<std::string> differences;
  for (const std::string& name : names) {
    const auto was = before.find(name);
    const auto is = now.find(name);
    if (was != before.end() && is != now.end() && was->second == is->second) continue;
    differences.push_back(fmt::format("`{}` was {} and is {}", name,
                                      was == before.end() ? "not set" : was->second,
                                      is == now.end() ? "not set" : is->second));
  }
  return differences;
}

Result<std::vector<std::string>> ChangesSincePlan(const Project& project, const PlanFile& file,
                                                  const CallContext& ctx) {
  const auto found = project.pipelines().find(file.pipeline);
  if (found == project.pipelines().end()) {
    return InvalidArgument(fmt::format("the plan is of another project: {} has no pipeline `{}`",
                                       project.path(), file.pipeline))
        .WithHint("go to the folder of its spillway.yaml, or name it with --config");
  }
  const PipelineConfig& pipeline = found->second;
  std::vector<std::string> changes = SettingsThatDiffer(file.settings, pipeline.settings);
  const std::string target = TargetOf(project, pipeline);
  if (target != file.target) {
    changes.push_back(fmt::format("the destination was {} and is {}", file.target, target));
  } else if (changes.empty() && MappingHash(pipeline.documents, pipeline.sync.mode.write(),
                                            target) != file.mapping_hash) {
    changes.push_back("another version of this program maps the rows in another way");
  }
  RETURN_IF_ERROR(CheckState(project, file, changes));
  ASSIGN_OR_RETURN(const OpenedPipeline opened, OpenPipeline(project, pipeline));
  RETURN_IF_ERROR(CheckTable(opened, file, ctx, changes));
  return changes;
}

Status RefuseStalePlan(const PlanFile& file, const std::vector<std::string>& changes) {
  if (changes.empty()) return Status::Ok();
  return Locked(fmt::format("the plan of pipeline {} is out of date: {}", file.pipeline,
                            fmt::join(changes, "; ")))
      .WithHint(fmt::format("plan anew (spillway plan {} -o FILE), or add --replan to do now what "
                            "is due now",
                            file.pipeline));
}

SyncRequest RequestOfPlan(const PlanFile& file) {
  SyncRequest request;
  request.full = file.run == PlannedRun::kFull;
  request.resync = file.run == PlannedRun::kResync;
  (file.run == PlannedRun::kChanges ? request.until : request.at).version = file.version;
  return request;
}

}  // namespace spillway
