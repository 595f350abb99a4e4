// The command line as plain values. arguments.cc is the one file that meets CLI11.
#ifndef SPILLWAY_CLI_ARGUMENTS_H_
#define SPILLWAY_CLI_ARGUMENTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/log.h"
#include "connector/source.h"
#include "throughput/throughput_limit.h"

namespace spillway {

struct InitArguments {
  std::string folder = ".";
  bool force = false;
};
struct InspectArguments {
  std::string target;
  VersionSelector at;
};
struct CheckArguments {
  bool connect = false;
};
struct DoctorArguments {
  std::string pipeline;  // empty: all
};
struct PlanArguments {
  std::string pipeline;
  VersionSelector at;
  bool exit_code = false;
  bool full = false;
  bool resync = false;
  bool measure = false;
  std::string file;  // the plan is saved there; empty: nowhere
  bool advise_partition_key = false;
  std::vector<std::string> candidates;  // keys to judge besides
};
struct SyncArguments {
  std::string pipeline;  // or a saved plan
  bool replan = false;
  VersionSelector at;
  VersionSelector until;
  VersionSelector from;
  bool full = false;
  bool resync = false;
  bool continuous = false;
  bool resume = false;
  bool allow_deletes = false;
  bool yes = false;
  std::string metrics_file;
  std::optional<uint32_t> readers;
  std::optional<uint32_t> lanes;
};
enum class SwitchVerb : uint8_t { kStatus, kAbort, kBack, kRelease };
struct SwitchArguments {
  std::string pipeline;
  SwitchVerb verb = SwitchVerb::kStatus;
};
struct ThrottleArguments {
  std::string pipeline;
  std::optional<uint64_t> units_per_second;
  std::string share;
  bool reset = false;
  bool restore = false;
};
struct StatusArguments {};
struct RunsArguments {
  std::string pipeline;
  uint32_t count = 20;
};
struct RowsArguments {
  std::string pipeline;
  std::string id;
  std::string partition_key;     // JSON array, or one text; empty: whatever it is
  std::optional<int64_t> after;  // versions behind it
};
enum class RejectsAction : uint8_t { kList, kShow, kExport, kRetry };
struct RejectsArguments {
  std::string pipeline;
  RejectsAction action = RejectsAction::kList;
  std::optional<int64_t> run;
  std::string key;     // an id
  std::string reason;  // as kList names it
  uint32_t count = 20;
  std::string file;  // kExport: empty is standard output
};
enum class StateAction : uint8_t { kShow, kExport, kImport };
struct StateArguments {
  StateAction action = StateAction::kShow;
  std::string pipeline;  // empty, for kShow: all
  std::string file;      // kExport: empty is standard output
  bool force = false;
};
// Where a rollback goes: a version of the table, or what a run left behind.
struct RollbackTarget {
  VersionSelector at;
  std::optional<int64_t> run;
};
struct VerifyArguments {
  std::string pipeline;
  VersionSelector at;
  uint32_t differences = 20;
  std::optional<uint64_t> sample;
  std::optional<uint64_t> seed;  // of the sample
  std::string report;            // a path; empty: none
  ThroughputLimit limit;         // of reading the destination
};
struct RepairArguments {
  std::string pipeline;
  bool dry_run = false;
  bool yes = false;
  bool allow_deletes = false;
  uint32_t differences = 20;
  ThroughputLimit limit;  // of reading the destination
};
struct RollbackArguments {
  std::string pipeline;
  std::string text;  // of --to
  RollbackTarget to;
  bool dry_run = false;
  bool yes = false;
  bool allow_deletes = false;
  uint32_t differences = 20;
  ThroughputLimit limit;  // of reading the destination
};
struct QueryArguments {
  std::string target;
  std::string sql;
};
struct EmulatorArguments {
  std::vector<std::string> rest;  // handed to spillway-emulator as they are
};
struct VersionArguments {};
struct DocsArguments {
  std::string folder = "docs/reference";
};

using CommandArguments =
    std::variant<InitArguments, InspectArguments, CheckArguments, DoctorArguments, PlanArguments,
                 SyncArguments, SwitchArguments, ThrottleArguments, StatusArguments, RunsArguments,
                 RowsArguments, RejectsArguments, StateArguments, VerifyArguments, RepairArguments,
                 RollbackArguments, QueryArguments, EmulatorArguments, VersionArguments,
                 DocsArguments>;

struct Arguments {
  std::string config;  // --config; empty: searched
  bool json = false;   // --output json
  bool allow_inline_secrets = false;
  LogLevel log_level = LogLevel::kOff;
  std::string log_file;  // appended to; empty: standard error
  std::string name;      // of the command, as it was typed
  CommandArguments command;
};

// Either arguments, or what to print and the code to leave with (help, usage errors).
struct ArgumentsOutcome {
  std::optional<Arguments> arguments;
  int exit_code = 0;
  std::string text;
};

ArgumentsOutcome ParseArguments(std::vector<std::string> words);

// The help of every command as Markdown: docs/reference/cli.md.
std::string CommandReference();

}  // namespace spillway

#endif  // SPILLWAY_CLI_ARGUMENTS_H_
