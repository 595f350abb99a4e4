#include "app/plan.h"

#include <fmt/format.h>

#include "base/human.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/plan_advice.h"
#include "cli/plan_text.h"
#include "cli/saved_plan.h"

namespace spillway {
namespace {

// Before anything is made: it costs something.
void SayMeasurement(const MeasurementNotice& notice, Console& console) {
  console.Note(fmt::format("measuring: {} of the sample into {}; about {} RU; it is removed again",
                           HumanPlural(notice.documents, "document"), notice.place,
                           HumanCount(static_cast<uint64_t>(notice.units))));
}

}  // namespace

Status RunPlan(const PlanArguments& arguments, CommandContext& context) {
  if (arguments.advise_partition_key) return RunPlanAdvice(arguments, context);
  Console& console = context.console;
  ASSIGN_OR_RETURN(const std::unique_ptr<Project> project, OpenProject(context));
  ASSIGN_OR_RETURN(const PipelineConfig* pipeline, project->FindPipeline(arguments.pipeline));
  const PlanRequest request{
      .at = arguments.at,
      .full = arguments.full,
      .resync = arguments.resync,
      .measure = arguments.measure,
      .on_measure = [&](const MeasurementNotice& notice) { SayMeasurement(notice, console); }};
  ASSIGN_OR_RETURN(const PipelinePlan plan,
                   PlanPipeline(*project, *pipeline, request, context.call));
  if (!arguments.file.empty()) {
    RETURN_IF_ERROR(SavePlan(*project, *pipeline, plan, arguments.file));
  }
  if (console.json()) {
    PrintPlanJson(arguments.pipeline, plan, console);
  } else {
    PrintPlanText(arguments.pipeline, plan, console);
  }
  if (!arguments.file.empty()) {
    console.Note(fmt::format("the plan is in {}; to do exactly that: spillway sync {}",
                             arguments.file, arguments.file));
  }
  if (arguments.exit_code && plan.pending) context.exit_code = kExitChangesPending;
  return Status::Ok();
}

}  // namespace spillway
