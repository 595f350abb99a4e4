// A plan in a file: written by `plan -o FILE`, applied by `sync FILE`.
#ifndef SPILLWAY_CLI_SAVED_PLAN_H_
#define SPILLWAY_CLI_SAVED_PLAN_H_

#include <chrono>
#include <optional>
#include <string>

#include "app/plan_file.h"
#include "base/json_writer.h"
#include "cli/arguments.h"
#include "cli/command.h"

namespace spillway {

// Replaces a file that is there, at once or not at all.
Status SavePlan(const Project& project, const PipelineConfig& pipeline, const PipelinePlan& plan,
                const std::string& path);

// Whether `sync` was given a saved plan: there is no pipeline of that name, and a file.
bool NamesSavedPlan(const Project& project, const std::string& name);

// The saved plan of `arguments.pipeline`, checked against how things are; with --replan, and when
// something has changed, a new one of what is due now. kInvalidArgument: not a plan, of another
// project, or an option that contradicts it; kLocked: out of date.
Result<PlanFile> PlanToApply(const Project& project, const SyncArguments& arguments,
                             CommandContext& context);

// What was planned beside what it took.
struct PlanOutcome {
  double units = 0;
  std::chrono::nanoseconds elapsed{0};
};
std::string PlannedBeside(const PlanFile& plan, const PlanOutcome& outcome);
void WritePlanned(const PlanFile& plan, JsonWriter& json);

}  // namespace spillway

#endif  // SPILLWAY_CLI_SAVED_PLAN_H_
