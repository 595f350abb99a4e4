// PlanFile: a plan to be applied later, exactly as it was made: which run, of which version, from
// where, under which settings. `spillway plan -o FILE` writes it, `spillway sync FILE` applies it.
// It holds no credentials and no rows; names of tables, containers and settings are in it.
#ifndef SPILLWAY_APP_PLAN_FILE_H_
#define SPILLWAY_APP_PLAN_FILE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "app/plan.h"
#include "app/project.h"
#include "base/result.h"

namespace spillway {

inline constexpr int64_t kPlanFileFormat = 1;

struct PlanFile {
  std::string pipeline;
  int64_t made_ms = 0;  // UTC
  PlannedRun run = PlannedRun::kNothing;
  std::string location;  // of the table
  std::string table_id;
  int64_t version = 0;         // to be loaded, or the last whose changes are applied
  int64_t latest_version = 0;  // of the table, when the plan was made
  std::string mapping_hash;
  std::string target;
  std::optional<Checkpoint> checkpoint;         // where the pipeline stood
  std::map<std::string, std::string> settings;  // PipelineConfig::settings
  // What it was expected to take; 0: not known.
  double documents = 0;
  double units = 0;
  double seconds = 0;
};

// kInvalidArgument: the plan leaves open how a table is to be loaded anew.
Result<PlanFile> MakePlanFile(const Project& project, const PipelineConfig& pipeline,
                              const PipelinePlan& plan, int64_t now_ms);

Result<std::string> FormatPlanFile(const PlanFile& file);
// kInvalidArgument: not a plan, cut off or changed by hand; kUnsupported: of a newer format.
Result<PlanFile> ParsePlanFile(std::string_view text);

// "load", "full", "resync", "changes", "nothing".
std::string_view PlannedRunName(PlannedRun run);

}  // namespace spillway

#endif  // SPILLWAY_APP_PLAN_FILE_H_
