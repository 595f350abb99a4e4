// Applying a plan: whether everything is still as it was when the plan was made, and the run that
// does exactly what it says.
#ifndef SPILLWAY_APP_APPLY_PLAN_H_
#define SPILLWAY_APP_APPLY_PLAN_H_

#include <string>
#include <vector>

#include "app/plan_file.h"
#include "app/sync_pipeline.h"

namespace spillway {

// What is not as it was: settings, destination, position, table; sentences for people. Reads the
// state and the table's newest version. Errors: those of reading them; kInvalidArgument: the plan
// is of a pipeline that this project does not have.
Result<std::vector<std::string>> ChangesSincePlan(const Project& project, const PlanFile& file,
                                                  const CallContext& ctx);

// The difference between two sets of settings: "`sync.mode` was mirror and is upsert".
std::vector<std::string> SettingsThatDiffer(const std::map<std::string, std::string>& before,
                                            const std::map<std::string, std::string>& now);

// kLocked, with what has changed; OK when nothing has.
Status RefuseStalePlan(const PlanFile& file, const std::vector<std::string>& changes);

// The run of the plan: that version, and nothing after it. REQUIRES: file.run is not kNothing.
SyncRequest RequestOfPlan(const PlanFile& file);

}  // namespace spillway

#endif  // SPILLWAY_APP_APPLY_PLAN_H_
