// A plan as people read it, and as programs do.
#ifndef SPILLWAY_CLI_PLAN_TEXT_H_
#define SPILLWAY_CLI_PLAN_TEXT_H_

#include <string>

#include "app/plan.h"
#include "cli/console.h"

namespace spillway {

void PrintPlanText(const std::string& pipeline, const PipelinePlan& plan, Console& console);
// One JSON object.
void PrintPlanJson(const std::string& pipeline, const PipelinePlan& plan, Console& console);

// The command that does what is planned, without a plan file; empty: there is nothing to do.
std::string CommandOf(const std::string& pipeline, const PipelinePlan& plan);

}  // namespace spillway

#endif  // SPILLWAY_CLI_PLAN_TEXT_H_
