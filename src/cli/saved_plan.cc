#include "cli/saved_plan.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "app/apply_plan.h"
#include "base/clock.h"
#include "base/human.h"
#include "cli/run_words.h"
#include "cli/text_file.h"

namespace spillway {
namespace {

constexpr uint64_t kPlanBytesMax = 16 << 20;

Result<PlanFile> ReadPlan(const std::string& path) {
  std::error_code error;
  if (std::filesystem::file_size(path, error) > kPlanBytesMax || error) {
    return InvalidArgument(fmt::format("{} is no plan: it cannot be read, or is too large", path));
  }
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file || file.bad()) return InvalidArgument(fmt::format("{} cannot be read", path));
  Result<PlanFile> plan = ParsePlanFile(text);
  if (!plan.ok()) return std::move(plan).status().WithContext(path);
  return plan;
}

// The plan says what is done.
Status CheckOptions(const SyncArguments& arguments) {
  const bool contradicts = arguments.full || arguments.resync || arguments.continuous ||
                           arguments.at.given() || arguments.until.given() ||
                           arguments.from.given();
  if (!contradicts) return Status::Ok();
  return InvalidArgument(fmt::format("{} is a saved plan and says what is done: only "
                                     "--allow-deletes, --replan, --readers and --lanes go with it",
                                     arguments.pipeline))
      .WithHint("plan what you want instead: spillway plan PIPELINE --full -o FILE");
}

// How things are now, in the way that was planned.
Result<PlanFile> Replan(const Project& project, const PlanFile& stale, CommandContext& context) {
  ASSIGN_OR_RETURN(const PipelineConfig* pipeline, project.FindPipeline(stale.pipeline));
  PlanRequest request;
  request.full = stale.run == PlannedRun::kFull;
  request.resync = stale.run == PlannedRun::kResync;
  ASSIGN_OR_RETURN(const PipelinePlan plan,
                   PlanPipeline(project, *pipeline, request, context.call));
  return MakePlanFile(project, *pipeline, plan, UnixMillis(SystemClock().WallNow()));
}

std::string Describe(const PlanFile& plan) {
  std::string text;
  switch (plan.run) {
    case PlannedRun::kNothing:
      return "nothing was to be done";
    case PlannedRun::kChanges:
      text = fmt::format("the changes up to version {}", plan.version);
      break;
    case PlannedRun::kLoad:
      text = fmt::format("a load of version {}", plan.version);
      break;
    case PlannedRun::kFull:
      text = fmt::format("a load anew of version {}", plan.version);
      break;
    case PlannedRun::kResync:
      text = fmt::format("a resync with version {}", plan.version);
      break;
  }
  if (plan.units > 0) text += fmt::format(", about {} RU", HumanNumber(plan.units));
  return text;
}

// "+3 %"; "" where the plan said nothing.
std::string Off(double actual, double planned) {
  if (planned <= 0) return {};
  const double percent = (actual / planned - 1) * 100;
  return fmt::format(" ({:+.1f} %)", std::fabs(percent) < 0.05 ? 0.0 : percent);
}

}  // namespace

Status SavePlan(const Project& project, const PipelineConfig& pipeline, const PipelinePlan& plan,
                const std::string& path) {
  ASSIGN_OR_RETURN(const PlanFile file,
                   MakePlanFile(project, pipeline, plan, UnixMillis(SystemClock().WallNow())));
  ASSIGN_OR_RETURN(const std::string text, FormatPlanFile(file));
  return ReplaceTextFile(path, text + "\n");
}

bool NamesSavedPlan(const Project& project, const std::string& name) {
  std::error_code error;
  return !project.pipelines().contains(name) && std::filesystem::is_regular_file(name, error);
}

Result<PlanFile> PlanToApply(const Project& project, const SyncArguments& arguments,
                             CommandContext& context) {
  RETURN_IF_ERROR(CheckOptions(arguments));
  ASSIGN_OR_RETURN(PlanFile plan, ReadPlan(arguments.pipeline));
  ASSIGN_OR_RETURN(const std::vector<std::string> changes,
                   ChangesSincePlan(project, plan, context.call));
  if (!changes.empty()) {
    if (!arguments.replan) return RefuseStalePlan(plan, changes);
    for (const std::string& change : changes) context.console.Note("since the plan: " + change);
    ASSIGN_OR_RETURN(plan, Replan(project, plan, context));
  }
  context.console.Note(fmt::format("as planned at {}: {}", TimeText(plan.made_ms), Describe(plan)));
  return plan;
}

std::string PlannedBeside(const PlanFile& plan, const PlanOutcome& outcome) {
  const double seconds = std::chrono::duration<double>(outcome.elapsed).count();
  std::string text = "  planned:   ";
  text += plan.units > 0 ? fmt::format("{} RU, it took {}{}", HumanNumber(plan.units),
                                       HumanNumber(outcome.units), Off(outcome.units, plan.units))
                         : std::string("a cost that was not known");
  if (plan.seconds <= 0) return text;
  const std::chrono::duration<double> planned(plan.seconds);
  return text +
         fmt::format("; {}, it took {}{}",
                     HumanDuration(std::chrono::duration_cast<std::chrono::nanoseconds>(planned)),
                     HumanDuration(outcome.elapsed), Off(seconds, plan.seconds));
}

void WritePlanned(const PlanFile& plan, JsonWriter& json) {
  json.Key("planned").BeginObject().Field("made", TimeText(plan.made_ms));
  json.Field("run", PlannedRunName(plan.run)).Field("version", plan.version);
  json.Field("request_units", plan.units).Field("seconds", plan.seconds).EndObject();
}

}  // namespace spillway
