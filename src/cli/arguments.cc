#include "cli/arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <functional>
#include <memory>
#include <set>
#include <sstream>
#include <utility>

#include "cli/exit_code.h"
#include "config/units.h"

namespace spillway {
namespace {

constexpr std::string_view kRunPrefix = "run:";

// CLI11 keeps what an option excludes by its address; a reader has it by name, each time the same.
class StableFormatter : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text = CLI::Formatter::make_option_opts(option);
    const std::set<CLI::Option*> excluded = option->get_excludes();
    if (excluded.empty()) return text;
    std::set<std::string> names;
    for (const CLI::Option* other : excluded) names.insert(other->get_name());
    return fmt::format("{} Excludes: {}", text.substr(0, text.rfind(" Excludes:")),
                       fmt::join(names, " "));
  }
};

// The parser and the arguments it fills: one object, because CLI11 keeps references.
class Parser {
 public:
  Parser() {
    app_.formatter(std::make_shared<StableFormatter>());  // before the commands, who inherit it
    app_.require_subcommand(1);
    app_.set_help_all_flag("--help-all", "The help of every command");
    app_.failure_message(&CLI::FailureMessage::simple);
    app_.footer(
        "A first run:\n"
        "  spillway init             writes a commented spillway.yaml\n"
        "  spillway plan products    says what a load would do\n"
        "  spillway sync products    loads\n"
        "  spillway verify products  compares source and destination\n");
    AddProjectCommands();
    AddRunCommands();
    AddHistoryCommands();
    AddOtherCommands();
  }

  ArgumentsOutcome Parse(std::vector<std::string> words) {
    std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
    try {
      app_.parse(std::move(words));
    } catch (const CLI::ParseError& error) {
      return Refusal(error);
    }
    arguments_.json = output_ == "json";
    arguments_.log_level = ParseLogLevel(log_level_).value_or(LogLevel::kOff);
    for (const auto& [command, take] : commands_) {
      if (!command->parsed()) continue;
      arguments_.name = command->get_name();
      if (std::string problem = take(); !problem.empty()) {
        return {std::nullopt, kExitUsage, "spillway: " + problem + "\n"};
      }
    }
    return {arguments_, kExitDone, {}};
  }

  std::string Reference() {
    std::string out =
        "# Commands\n\nGenerated from the program by `spillway docs`.\n\n"
        "The result goes to standard output, progress and errors to standard error. `--output "
        "json` "
        "makes the result one JSON value. Without a terminal, or with `NO_COLOR` set, there is no "
        "colour and no cursor movement.\n\n";
    for (const auto& [command, take] : commands_) {
      if (command->get_group().empty()) continue;
      out += fmt::format("## `spillway {}`\n\n```text\n{}```\n\n", command->get_name(),
                         command->help("spillway"));
      for (const CLI::App* part : command->get_subcommands({})) {
        if (part->get_name().empty()) continue;  // a group of options, shown with its command
        out += fmt::format("### `spillway {} {}`\n\n```text\n{}```\n\n", command->get_name(),
                           part->get_name(), part->help("spillway " + command->get_name()));
      }
    }
    out += "## Exit codes\n\n| code | meaning |\n|---|---|\n";
    for (const ExitCodeMeaning& code : ExitCodes()) {
      out += fmt::format("| {} | {} |\n", code.code, code.meaning);
    }
    return out;
  }

 private:
  // Puts a command's arguments into the variant; a message when they contradict each other.
  using Take = std::function<std::string()>;

  template <typename T>
  CLI::App* Add(const std::string& name, const std::string& doc, T& target) {
    CLI::App* command = app_.add_subcommand(name, doc);
    command->footer("");
    commands_.emplace_back(command, [this, &target] {
      arguments_.command = target;
      return std::string();
    });
    return command;
  }

  void AddOutput(CLI::App* command) {
    command->add_option("--output", output_, "text or json")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
  }

  void AddCommon(CLI::App* command) {
    AddOutput(command);
    command->add_option("--config", arguments_.config,
                        "The spillway.yaml; left out: the one of this folder or the nearest above");
    command->add_flag("--allow-inline-secrets", arguments_.allow_inline_secrets,
                      "Take secrets that stand in the spillway.yaml itself: for trying things out");
    command
        ->add_option(
            "--log-level", log_level_,
            "Tell what is done: off, error, warning, info, debug, or trace (every request)")
        ->check(CLI::IsMember({"off", "error", "warning", "info", "debug", "trace"}))
        ->type_name("LEVEL")
        ->envname("SPILLWAY_LOG_LEVEL");
    command
        ->add_option("--log-file", arguments_.log_file,
                     "Append that to this file; left out: standard error")
        ->type_name("PATH")
        ->envname("SPILLWAY_LOG_FILE");
  }

  // One option for both: digits are a version, anything else a time; with `run`, "run:12" too.
  void AddPoint(CLI::App* command, const std::string& name, const std::string& doc,
                std::string& text, VersionSelector& at, std::optional<int64_t>* run = nullptr) {
    command->add_option(name, text, doc)->type_name("VERSION|TIMESTAMP");
    Take& take = commands_.back().second;
    take = [&text, &at, name, run, then = std::move(take)] {
      if (text.empty()) return then();
      if (run != nullptr && text.starts_with(kRunPrefix)) {
        const char* const first = text.data() + kRunPrefix.size();
        const auto [end, error] = std::from_chars(first, text.data() + text.size(), run->emplace());
        const bool number = error == std::errc() && end == text.data() + text.size();
        return number ? then() : name + ": a run is named by its number: run:12";
      }
      const auto [end, error] =
          std::from_chars(text.data(), text.data() + text.size(), at.version.emplace());
      if (error == std::errc() && end == text.data() + text.size()) return then();
      at.version.reset();
      const Result<int64_t> time = ParseTimestampMs(text);
      if (!time.ok()) return name + ": " + std::string(time.status().message());
      at.timestamp_ms = *time;
      return then();
    };
  }

  void AddVersion(CLI::App* command, VersionSelector& at,
                  const std::string& doc = "This version of the table") {
    command->add_option("--version", at.version, doc)->check(CLI::NonNegativeNumber);
    command
        ->add_option("--timestamp", timestamp_,
                     "The last version at or before this time: 2026-03-01 or 2026-03-01T12:00:00Z")
        ->excludes("--version");
    Take& take = commands_.back().second;
    take = [this, &at, then = std::move(take)] {
      if (!timestamp_.empty()) {
        const Result<int64_t> time = ParseTimestampMs(timestamp_);
        if (!time.ok()) return "--timestamp: " + std::string(time.status().message());
        at.timestamp_ms = *time;
      }
      return then();
    };
  }

  void AddProjectCommands() {
    CLI::App* init =
        Add("init", "Write a commented spillway.yaml and its schema for editors", init_);
    init->add_option("folder", init_.folder, "Where")->capture_default_str();
    init->add_flag("--force", init_.force, "Replace a spillway.yaml that is there");
    AddOutput(init);

    CLI::App* inspect = Add(
        "inspect", "Show a table: version, schema, features, size, rows, change feed", inspect_);
    inspect->add_option("table", inspect_.target, "A path, a URL, a pipeline, or CONNECTION/TABLE")
        ->required();
    AddVersion(inspect, inspect_.at);
    AddCommon(inspect);

    CLI::App* check = Add("check",
                          "Check the configuration; nothing is written (doctor takes a failure "
                          "apart)",
                          check_);
    check->add_flag("--connect", check_.connect, "Try source and destination too");
    AddCommon(check);

    CLI::App* doctor = Add("doctor",
                           "Try every link between source and destination one by one (names, TLS, "
                           "token, role, container, clock, disk, table, change feed), and say how "
                           "to mend what is broken; nothing is written",
                           doctor_);
    doctor->add_option("pipeline", doctor_.pipeline, "Its name in spillway.yaml; left out: all");
    AddCommon(doctor);
  }

  void AddRunCommands() {
    AddPlan();

    CLI::App* sync = Add(
        "sync", "Load the table into the destination, then apply what has changed since", sync_);
    sync->add_option("pipeline", sync_.pipeline,
                     "Its name in spillway.yaml, or a file of `plan -o`: that very run")
        ->required();
    sync->add_flag("--continuous", sync_.continuous, "Follow the table until stopped");
    AddPoint(sync, "--until", "Apply nothing after it", until_, sync_.until);
    AddPoint(sync, "--from", "Take the destination as holding it already, and go on from there",
             from_, sync_.from);
    sync->add_flag("--resume", sync_.resume,
                   "Go on from the version that a rollback has left the destination at");
    sync->add_flag("--full", sync_.full, "Forget the progress and load again");
    sync->add_flag("--resync", sync_.resync,
                   "Load again, then take away the documents that the table does not have");
    sync->add_flag("--allow-deletes", sync_.allow_deletes,
                   "Delete however many documents the table has lost, this once");
    sync->add_flag("--yes", sync_.yes,
                   "Agree to what the throughput of the load costs, without being asked");
    sync->add_option("--metrics-file", sync_.metrics_file,
                     "Keep how the run goes in this file, in the Prometheus text format")
        ->type_name("PATH");
    AddVersion(sync, sync_.at, "Load this version of the table, and nothing after it");
    sync->add_flag("--replan", sync_.replan,
                   "Of a saved plan that is out of date: do what is due now");
    sync->add_option("--readers", sync_.readers, "Files read at the same time")
        ->check(CLI::Range(1, 64));
    sync->add_option("--lanes", sync_.lanes, "Requests in flight, at most")
        ->check(CLI::Range(1, 256));
    AddCommon(sync);

    AddSwitch();
    AddThrottle();

    CLI::App* verify =
        Add("verify", "Compare source and destination, document by document", verify_);
    verify->add_option("pipeline", verify_.pipeline, "Its name in spillway.yaml")->required();
    AddVersion(verify, verify_.at);
    verify
        ->add_option("--differences", verify_.differences, "List at most so many; all are counted")
        ->check(CLI::Range(0, 10'000))
        ->capture_default_str();
    CLI::Option* sample =
        verify->add_option("--sample", verify_.sample, "Compare so many documents, drawn at random")
            ->check(CLI::Range(1, 1'000'000));
    verify->add_option("--seed", verify_.seed, "Draw the same sample again")->needs(sample);
    verify
        ->add_option("--report", verify_.report,
                     "Write every difference to this file, as JSON lines (.jsonl) or .parquet")
        ->excludes(sample);
    AddReadLimit(verify, verify_.limit);
    AddCommon(verify);
    AddRepair();
    AddRollback();
  }

  void AddRepair() {
    CLI::App* repair = Add("repair",
                           "Make the destination equal to the table again: write exactly the "
                           "documents that differ",
                           repair_);
    repair->add_option("pipeline", repair_.pipeline, "Its name in spillway.yaml")->required();
    CLI::Option* dry_run =
        repair->add_flag("--dry-run", repair_.dry_run, "Show what it would do; nothing is written");
    repair->add_flag("--yes", repair_.yes, "Do not ask")->excludes(dry_run);
    repair->add_flag("--allow-deletes", repair_.allow_deletes,
                     "Delete however many documents the table does not have, this once");
    repair
        ->add_option("--differences", repair_.differences, "List at most so many; all are repaired")
        ->check(CLI::Range(0, 10'000))
        ->capture_default_str();
    AddReadLimit(repair, repair_.limit);
    AddCommon(repair);
  }

  void AddRollback() {
    CLI::App* rollback =
        Add("rollback",
            "Make the destination what the table was at an earlier version, and hold it there",
            rollback_);
    rollback->add_option("pipeline", rollback_.pipeline, "Its name in spillway.yaml")->required();
    AddPoint(rollback, "--to", "The version, the last one at or before a time, or a run: run:12",
             rollback_.text, rollback_.to.at, &rollback_.to.run);
    rollback->get_option("--to")->required()->type_name("VERSION|TIMESTAMP|run:ID");
    CLI::Option* dry_run = rollback->add_flag("--dry-run", rollback_.dry_run,
                                              "Show what it would do; nothing is written");
    rollback->add_flag("--yes", rollback_.yes, "Do not ask")->excludes(dry_run);
    rollback->add_flag("--allow-deletes", rollback_.allow_deletes,
                       "Delete however many documents that version does not have, this once");
    rollback
        ->add_option("--differences", rollback_.differences,
                     "List at most so many; all are taken back")
        ->check(CLI::Range(0, 10'000))
        ->capture_default_str();
    AddReadLimit(rollback, rollback_.limit);
    AddCommon(rollback);
  }

  void AddReadLimit(CLI::App* command, ThroughputLimit& limit) {
    command
        ->add_option("--ru", limit.units_per_second,
                     "Read the destination with at most so many request units a second")
        ->check(CLI::Range(1.0, 1e9));
  }

  void AddPlan() {
    CLI::App* plan =
        Add("plan",
            "Say what a sync would do and take: rows, bytes, request units, duration, partitions",
            plan_);
    plan->add_option("pipeline", plan_.pipeline, "Its name in spillway.yaml")->required();
    AddVersion(plan, plan_.at);
    CLI::Option* full = plan->add_flag("--full", plan_.full, "Of `sync --full`: a load anew");
    CLI::Option* resync =
        plan->add_flag("--resync", plan_.resync, "Of `sync --resync`")->excludes(full);
    CLI::Option* measure =
        plan->add_flag("--measure", plan_.measure,
                       "Write some rows to a container made for it and removed again, and take"
                       " what they really cost; it says before what that takes");
    CLI::Option* file =
        plan->add_option("-o,--save", plan_.file, "Save the plan: `sync FILE` does exactly that")
            ->type_name("FILE");
    CLI::Option* exit_code = plan->add_flag("--exit-code", plan_.exit_code,
                                            "Leave with 4 when there is something to load");
    CLI::Option* advise =
        plan->add_flag("--advise-partition-key", plan_.advise_partition_key,
                       "Read the whole table and say which partition key would serve it best");
    for (CLI::Option* other : {full, resync, measure, file, exit_code}) advise->excludes(other);
    plan->add_option("--candidate", plan_.candidates,
                     "Judge this key too: /tenant, or levels: /tenant,/user; may be repeated")
        ->type_name("PATH")
        ->allow_extra_args(false)
        ->needs(advise);
    AddCommon(plan);
  }

  void AddSwitch() {
    CLI::App* command = Add("switch",
                            "Where readers of a pipeline with `strategy: switch` are, and where "
                            "they go: docs/switch.md",
                            switch_);
    command->add_option("pipeline", switch_.pipeline, "Its name in spillway.yaml")->required();
    CLI::Option_group* what = command->add_option_group("what");
    const auto add = [&](const std::string& name, SwitchVerb verb, const std::string& doc) {
      what->add_flag_callback(
          name, [this, verb] { switch_.verb = verb; }, doc);
    };
    add("--status", SwitchVerb::kStatus, "The container that is read, and those beside it");
    add("--abort", SwitchVerb::kAbort, "Give up the container that is being built; readers stay");
    add("--back", SwitchVerb::kBack,
        "Readers read the container before again; nothing is written until you decide");
    add("--release", SwitchVerb::kRelease, "After --back: go on from the container that is read");
    what->require_option(0, 1);
    AddCommon(command);
  }

  void AddThrottle() {
    CLI::App* throttle = Add(
        "throttle",
        "Limit what a pipeline spends, now: a run that goes on keeps it within two seconds, and so"
        " does every later one, until it is set anew",
        throttle_);
    throttle->add_option("pipeline", throttle_.pipeline, "Its name in spillway.yaml")->required();
    CLI::Option_group* how = throttle->add_option_group("limit");
    how->add_option("--ru", throttle_.units_per_second, "Request units a second")
        ->check(CLI::Range(1, 1'000'000'000));
    how->add_option("--share", throttle_.share, "A share of what the container admits: 30%");
    how->add_flag("--reset", throttle_.reset, "What spillway.yaml says");
    how->add_flag("--restore", throttle_.restore,
                  "Set throughput and index policy back that a load has left behind");
    how->require_option(1);
    AddCommon(throttle);
  }

  void AddHistoryCommands() {
    AddCommon(Add("status", "Where every pipeline stands", status_));

    CLI::App* runs = Add("runs", "What happened: the runs, newest first", runs_);
    runs->add_option("pipeline", runs_.pipeline, "Of this pipeline alone");
    runs->add_option("--count", runs_.count, "At most so many")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    AddCommon(runs);

    CLI::App* rows =
        Add("rows", "The history of one key: versions, runs, rejections, the document", rows_);
    rows->add_option("pipeline", rows_.pipeline, "Its name in spillway.yaml")->required();
    rows->add_option("key", rows_.id, "The id of the document")->required();
    rows->add_option("--partition-key", rows_.partition_key,
                     "Of this partition key alone: a text, or a JSON array")
        ->type_name("KEY");
    rows->add_option("--after", rows_.after,
                     "Look at the versions behind this one; left out: at the latest 100")
        ->check(CLI::NonNegativeNumber);
    AddCommon(rows);

    AddRejects();
    AddStateCommands();
  }

  // `rejects PIPELINE [--show]`, or a word for what is to be done first.
  void AddRejects() {
    CLI::App* rejects = Add("rejects", "The rows that were refused, and why", rejects_);
    rejects->require_subcommand(0, 1);
    AddRejectsOptions(rejects, false);
    rejects->add_flag_callback(
        "--show", [this] { rejects_.action = RejectsAction::kShow; },
        "Every row with its key and message");
    AddRejectsAction(rejects, "list", "How many there are, by reason", RejectsAction::kList);
    AddRejectsAction(rejects, "show", "Every row with its key and message", RejectsAction::kShow);
    CLI::App* out = AddRejectsAction(rejects, "export", "All of them as JSON lines or Parquet",
                                     RejectsAction::kExport);
    out->add_option("--file", rejects_.file,
                    "Where: Parquet if it ends with .parquet; left out: standard output");
    AddRejectsAction(rejects, "retry",
                     "Try them again, each as it is now; what is newer is never overwritten",
                     RejectsAction::kRetry);
    Take& take = commands_.back().second;
    take = [this, then = std::move(take)] {
      return rejects_.pipeline.empty() ? std::string("pipeline is required") : then();
    };
  }

  void AddRejectsOptions(CLI::App* command, bool required) {
    command->add_option("pipeline", rejects_.pipeline, "Of this pipeline")->required(required);
    command->add_option("--run", rejects_.run, "Of this run alone")->check(CLI::PositiveNumber);
    command->add_option("--key", rejects_.key, "Of this id alone");
    command->add_option("--reason", rejects_.reason, "Of this reason alone");
    command->add_option("--count", rejects_.count, "Show at most so many")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    AddCommon(command);
  }

  CLI::App* AddRejectsAction(CLI::App* rejects, const std::string& name, const std::string& doc,
                             RejectsAction action) {
    CLI::App* command = rejects->add_subcommand(name, doc);
    command->footer("");
    command->callback([this, action] { rejects_.action = action; });
    AddRejectsOptions(command, true);
    return command;
  }

  // A command of several words; the reference page shows each of them.
  void AddStateCommands() {
    CLI::App* state =
        Add("state", "What is kept between runs: look at it, carry it elsewhere", state_);
    state->require_subcommand(1);
    CLI::App* show = AddStateAction(
        state, "show", "Positions, begun windows, leases, rejected rows", StateAction::kShow);
    show->add_option("pipeline", state_.pipeline, "Of this pipeline alone");
    CLI::App* out =
        AddStateAction(state, "export", "Write the state of a pipeline as one JSON document",
                       StateAction::kExport);
    out->add_option("pipeline", state_.pipeline, "Its name in spillway.yaml")->required();
    out->add_option("--file", state_.file, "Where; left out: standard output");
    CLI::App* in = AddStateAction(state, "import",
                                  "Take over an exported state; the pipeline goes on from there",
                                  StateAction::kImport);
    in->add_option("pipeline", state_.pipeline, "Its name in spillway.yaml")->required();
    in->add_option("--file", state_.file, "The exported state")->required();
    in->add_flag("--force", state_.force,
                 "Replace a position that is newer, or of another table or mapping");
  }

  CLI::App* AddStateAction(CLI::App* state, const std::string& name, const std::string& doc,
                           StateAction action) {
    CLI::App* command = state->add_subcommand(name, doc);
    command->footer("");
    command->callback([this, action] { state_.action = action; });
    AddCommon(command);
    return command;
  }

  void AddOtherCommands() {
    CLI::App* query = Add("query", "Ask the destination a question in its own SQL", query_);
    query->add_option("target", query_.target, "CONNECTION/CONTAINER, or a pipeline")->required();
    query->add_option("sql", query_.sql, "The query")->required();
    AddCommon(query);

    CLI::App* emulator = Add(
        "emulator", "Run the local Cosmos DB server (see `spillway emulator --help`)", emulator_);
    emulator->set_help_flag();
    emulator->prefix_command();
    Take& take = commands_.back().second;
    take = [this, emulator, then = std::move(take)] {
      emulator_.rest = emulator->remaining();
      return then();
    };

    AddOutput(Add("version", "Show the version", version_));
    CLI::App* docs = Add("docs", "Write the reference pages", docs_);
    docs->group("");
    docs->add_option("--output-folder", docs_.folder, "Where")->capture_default_str();
  }

  ArgumentsOutcome Refusal(const CLI::ParseError& error) {
    std::ostringstream out, err;
    const int code = app_.exit(error, out, err);
    if (code == 0) return {std::nullopt, kExitDone, out.str()};
    return {std::nullopt, kExitUsage, "spillway: " + err.str()};
  }

  CLI::App app_{"Moves Delta Lake tables into the stores that applications read.", "spillway"};
  std::vector<std::pair<CLI::App*, Take>> commands_;
  Arguments arguments_;
  std::string output_ = "text";
  std::string log_level_ = "off";
  std::string timestamp_;
  std::string until_;
  std::string from_;
  InitArguments init_;
  InspectArguments inspect_;
  CheckArguments check_;
  DoctorArguments doctor_;
  PlanArguments plan_;
  SyncArguments sync_;
  SwitchArguments switch_;
  ThrottleArguments throttle_;
  StatusArguments status_;
  RunsArguments runs_;
  RowsArguments rows_;
  RejectsArguments rejects_;
  StateArguments state_;
  VerifyArguments verify_;
  RepairArguments repair_;
  RollbackArguments rollback_;
  QueryArguments query_;
  EmulatorArguments emulator_;
  VersionArguments version_;
  DocsArguments docs_;
};

}  // namespace

ArgumentsOutcome ParseArguments(std::vector<std::string> words) {
  return Parser().Parse(std::move(words));
}

std::string CommandReference() {
  return Parser().Reference();
}

}  // namespace spillway
