// What every command gets, and the commands: one function each, in a file of its own name. A
// command prints its result and returns why it failed; main turns that into words and an exit code.
#ifndef SPILLWAY_CLI_COMMAND_H_
#define SPILLWAY_CLI_COMMAND_H_

#include <memory>
#include <string>

#include "app/project.h"
#include "base/call_context.h"
#include "base/status.h"
#include "cli/arguments.h"
#include "cli/console.h"

namespace spillway {

struct CommandContext {
  Console& console;
  CallContext call;    // stopped by signals
  std::string config;  // --config
  bool allow_inline_secrets = false;
  std::string program;  // how this program was started, for finding its neighbours
  int exit_code = 0;    // a command may leave with another code than its status says
};

// The project of --config, or the nearest spillway.yaml.
Result<std::unique_ptr<Project>> OpenProject(const CommandContext& context);

Status RunInit(const InitArguments& arguments, CommandContext& context);
Status RunInspect(const InspectArguments& arguments, CommandContext& context);
Status RunCheck(const CheckArguments& arguments, CommandContext& context);
Status RunDoctor(const DoctorArguments& arguments, CommandContext& context);
Status RunPlan(const PlanArguments& arguments, CommandContext& context);
Status RunSync(const SyncArguments& arguments, CommandContext& context);
Status RunThrottle(const ThrottleArguments& arguments, CommandContext& context);
Status RunStatus(const StatusArguments& arguments, CommandContext& context);
Status RunRuns(const RunsArguments& arguments, CommandContext& context);
Status RunRejects(const RejectsArguments& arguments, CommandContext& context);
Status RunStateCommand(const StateArguments& arguments, CommandContext& context);
Status RunVerifyCommand(const VerifyArguments& arguments, CommandContext& context);
Status RunRepairCommand(const RepairArguments& arguments, CommandContext& context);
Status RunRollbackCommand(const RollbackArguments& arguments, CommandContext& context);
Status RunQuery(const QueryArguments& arguments, CommandContext& context);
Status RunEmulator(const EmulatorArguments& arguments, CommandContext& context);
Status RunVersion(const VersionArguments& arguments, CommandContext& context);
Status RunDocs(const DocsArguments& arguments, CommandContext& context);

}  // namespace spillway

#endif  // SPILLWAY_CLI_COMMAND_H_
