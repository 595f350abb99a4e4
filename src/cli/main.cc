// spillway: reads the command line, runs one command, and leaves with the code of its class.
#include <cstdio>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/command_log.h"
#include "cli/exit_code.h"
#include "cli/signals.h"

namespace spillway {
namespace {

struct Dispatch {
  CommandContext& context;
  Status operator()(const InitArguments& a) const { return RunInit(a, context); }
  Status operator()(const InspectArguments& a) const { return RunInspect(a, context); }
  Status operator()(const CheckArguments& a) const { return RunCheck(a, context); }
  Status operator()(const DoctorArguments& a) const { return RunDoctor(a, context); }
  Status operator()(const PlanArguments& a) const { return RunPlan(a, context); }
  Status operator()(const SyncArguments& a) const { return RunSync(a, context); }
  Status operator()(const SwitchArguments& a) const { return RunSwitch(a, context); }
  Status operator()(const ThrottleArguments& a) const { return RunThrottle(a, context); }
  Status operator()(const StatusArguments& a) const { return RunStatus(a, context); }
  Status operator()(const RunsArguments& a) const { return RunRuns(a, context); }
  Status operator()(const RowsArguments& a) const { return RunRows(a, context); }
  Status operator()(const RejectsArguments& a) const { return RunRejects(a, context); }
  Status operator()(const StateArguments& a) const { return RunStateCommand(a, context); }
  Status operator()(const VerifyArguments& a) const { return RunVerifyCommand(a, context); }
  Status operator()(const RepairArguments& a) const { return RunRepairCommand(a, context); }
  Status operator()(const RollbackArguments& a) const { return RunRollbackCommand(a, context); }
  Status operator()(const QueryArguments& a) const { return RunQuery(a, context); }
  Status operator()(const EmulatorArguments& a) const { return RunEmulator(a, context); }
  Status operator()(const VersionArguments& a) const { return RunVersion(a, context); }
  Status operator()(const DocsArguments& a) const { return RunDocs(a, context); }
};

// Commands that wait for nothing need no watch; the emulator's process takes over our signals.
bool NeedsSignals(const CommandArguments& command) {
  return !std::holds_alternative<VersionArguments>(command) &&
         !std::holds_alternative<EmulatorArguments>(command);
}

int Main(int argc, char** argv) {
  const ArgumentsOutcome outcome = ParseArguments({argv + 1, argv + argc});
  if (!outcome.arguments) {
    std::fputs(outcome.text.c_str(), outcome.exit_code == kExitDone ? stdout : stderr);
    return outcome.exit_code;
  }
  const Arguments& arguments = *outcome.arguments;
  std::optional<SignalWatch> signals;
  if (NeedsSignals(arguments.command)) signals.emplace();
  Console console(arguments.json, LogsToStderr(arguments));
  CommandContext context{console, {},       arguments.config, arguments.allow_inline_secrets,
                         argv[0], kExitDone};
  if (signals) context.call.stop = signals->stop();

  Status status = OpenCommandLog(arguments);
  if (status.ok()) status = std::visit(Dispatch{context}, arguments.command);
  int code =
      status.ok() ? context.exit_code : ExitCodeOf(status, signals ? signals->received() : 0);
  LogCommandEnd(arguments, status, code);
  if (!status.ok()) console.PrintError(status, code);
  if (!console.Flush() && code == kExitDone) code = kExitFailed;
  return code;
}

}  // namespace
}  // namespace spillway

int main(int argc, char** argv) {
  return spillway::Main(argc, argv);
}
