// `spillway plan --advise-partition-key`.
#ifndef SPILLWAY_CLI_PLAN_ADVICE_H_
#define SPILLWAY_CLI_PLAN_ADVICE_H_

#include "base/status.h"
#include "cli/arguments.h"
#include "cli/command.h"

namespace spillway {

Status RunPlanAdvice(const PlanArguments& arguments, CommandContext& context);

}  // namespace spillway

#endif  // SPILLWAY_CLI_PLAN_ADVICE_H_
