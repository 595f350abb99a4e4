#include "cli/plan_text.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>
#include <vector>

#include "base/human.h"
#include "changes/change_run.h"
#include "cli/run_words.h"

namespace spillway {
namespace {

std::string Count(double number) {
  return HumanCount(static_cast<uint64_t>(std::llround(std::max(0.0, number))));
}

std::string Bytes(double bytes) {
  return HumanBytes(static_cast<uint64_t>(std::llround(std::max(0.0, bytes))));
}

std::string PlusMinus(double error) {
  return error == 0 ? std::string("exact") : fmt::format("± {}", HumanShare(error));
}

// The lines of a plan, label by label; further lines of a label have none.
class PlanPage {
 public:
  void Add(std::string label, std::string text) {
    table_.rows.push_back({std::move(label), std::move(text)});
  }
  void More(std::string text) { Add("", std::move(text)); }
  void Gap() { table_.rows.push_back({"", ""}); }
  std::string Render() const { return table_.Render(); }

 private:
  TextTable table_;
};

std::string StandText(const PipelinePlan& plan) {
  if (!plan.checkpoint) return "not loaded yet";
  return fmt::format("version {} is {}: {}", plan.checkpoint->version,
                     LoadPhaseName(plan.checkpoint->phase), FormulaOf(plan.checkpoint->counts));
}

std::string SampleText(const PlanSample& sample) {
  if (sample.whole) return "of every row";
  return fmt::format("{}, from {} of {}", PlusMinus(sample.bytes_error),
                     HumanPlural(sample.rows, "row"), HumanPlural(sample.splits, "file"));
}

void AddTable(const PipelinePlan& plan, PlanPage& page) {
  page.Add("rows", plan.rows ? Count(*plan.rows) : "unknown: a file has no statistics");
  const std::string about = plan.sample.whole ? "" : "about ";
  page.Add("documents", plan.rows ? about + Count(plan.documents) : "unknown");
  if (plan.run != PlannedRun::kNothing && plan.documents_left < plan.documents) {
    page.More(fmt::format("{} are left to write: a load was begun", Count(plan.documents_left)));
  }
  page.Add("bytes", fmt::format("{} ({} each, {})", Bytes(plan.bytes),
                                Bytes(plan.sample.bytes_mean), SampleText(plan.sample)));
}

// Of a load the sample's error is known; of changes, what was read of them.
void AddCost(const PipelinePlan& plan, PlanPage& page) {
  if (plan.units <= 0) return;
  const std::string error =
      plan.units_error > 0 ? fmt::format(", ± {}", HumanShare(plan.units_error)) : "";
  page.Add("request units",
           fmt::format("about {} ({:.1f} per {}{})", Count(plan.units), plan.units_per_document,
                       plan.is_load() ? "document" : "write", error));
  page.More(plan.cost_basis);
  if (plan.measurement) {
    const Measurement& measured = *plan.measurement;
    std::string text = fmt::format("the measurement took {} RU", Count(measured.units));
    if (measured.refused > 0) {
      text += fmt::format("; {} refused there", HumanPlural(measured.refused, "document"));
    }
    page.More(text);
  }
}

void AddPace(const PipelinePlan& plan, PlanPage& page) {
  const PlanPace& pace = plan.pace;
  if (plan.units <= 0) return;
  if (!pace.duration) {
    page.Add("duration", "unknown: " + pace.limited_by);
    page.More(fmt::format("with throughput: {{limit: 4000}} it would be {}",
                          HumanDuration(std::chrono::duration_cast<std::chrono::nanoseconds>(
                              std::chrono::duration<double>(plan.units / 4'000)))));
    return;
  }
  const std::string part =
      pace.reachable < kReachableWellMin
          ? fmt::format(", of which {} can be used", HumanShare(pace.reachable))
          : "";
  page.Add("duration", fmt::format("about {} at {} RU/s{}", HumanDuration(*pace.duration),
                                   Count(*pace.units_per_second), part));
  page.Add("  limited by", pace.limited_by);
  for (size_t i = 0; i < pace.faster.size(); ++i) {
    const PaceStep& step = pace.faster[i];
    page.Add(i == 0 ? "  faster with" : "",
             fmt::format("{}: {}", step.setting, HumanDuration(*step.duration)));
    if (!step.note.empty()) page.More("  " + step.note);
  }
}

void AddPartitions(const PipelinePlan& plan, PlanPage& page) {
  if (plan.ranges == 0) return;
  const CapacityAdvice& capacity = plan.capacity;
  page.Add("partitions", fmt::format("{}, {}", plan.ranges, plan.ranges_basis));
  std::string needed = fmt::format("at least {} to hold the documents", capacity.ranges_of_bytes);
  if (capacity.ranges_of_units) {
    needed += fmt::format(", {} to serve the throughput", *capacity.ranges_of_units);
  }
  page.More(needed);
  const double even = 1.0 / plan.ranges;
  if (plan.ranges > 1) {
    page.More(fmt::format("the fullest of them gets {} of the documents' cost; even would be {}",
                          HumanShare(std::max(even, plan.hottest_share)), HumanShare(even)));
  }
}

// A reason may have several parts: a line each.
std::vector<std::string_view> Parts(std::string_view reason) {
  std::vector<std::string_view> parts;
  for (size_t end = 0; end != std::string_view::npos;) {
    end = reason.find("; ");
    parts.push_back(reason.substr(0, end));
    if (end != std::string_view::npos) reason.remove_prefix(end + 2);
  }
  return parts;
}

void AddThroughput(const PipelinePlan& plan, PlanPage& page) {
  const CapacityAdvice& capacity = plan.capacity;
  bool first = true;
  const auto line = [&](const std::string& text) {
    page.Add(first ? "throughput" : "", text);
    first = false;
  };
  if (plan.is_load() && capacity.for_load) {
    line(fmt::format("for the load, {}", capacity.for_load->kind));
    for (const std::string_view part : Parts(capacity.for_load->reason)) {
      line(fmt::format("  {}", part));
    }
  }
  if (plan.is_load() && !capacity.loading.empty()) {
    line("the fast way, as the service's documentation has it:");
    for (size_t i = 0; i < capacity.loading.size(); ++i) {
      const CapacityStep& step = capacity.loading[i];
      line(fmt::format("  {}. {} ({})", i + 1, step.setting, step.note));
    }
  }
  if (capacity.for_changes) {
    line(fmt::format("for the changes, {} {}", capacity.for_changes->kind,
                     capacity.for_changes->setting));
    for (const std::string_view part : Parts(capacity.for_changes->reason)) {
      line(fmt::format("  {}", part));
    }
  }
}

std::string SpanText(const ChangeForecast& forecast) {
  const double days = forecast.hours_known / 24;
  const std::string span = days >= 1
                               ? HumanPlural(static_cast<uint64_t>(std::llround(days)), "day")
                               : HumanDuration(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                     std::chrono::duration<double>(forecast.hours_known * 3'600)));
  return fmt::format("of {} with changes in the last {}{}",
                     HumanPlural(forecast.versions, "version"), span,
                     forecast.complete ? "" : ", the newest alone");
}

void AddForecast(const PipelinePlan& plan, PlanPage& page) {
  if (!plan.forecast) return;
  const ChangeForecast& forecast = *plan.forecast;
  if (forecast.versions == 0) {
    return page.Add("changes", "none " + SpanText(forecast).substr(3));
  }
  page.Add("changes", fmt::format("about {} RU a day: {} rows inserted, {} updated, {} deleted",
                                  Count(forecast.units), Count(forecast.inserted),
                                  Count(forecast.updated), Count(forecast.deleted)));
  page.More(fmt::format("{} RU/s on average, {} in the busiest hour",
                        HumanNumber(forecast.units_per_second),
                        HumanNumber(forecast.units_per_second_busiest)));
  page.More(SpanText(forecast));
  if (forecast.hours_known < 24) page.More("less than a day is known: a whole day may have more");
  if (forecast.versions_at_most > 0) {
    page.More(fmt::format("{} of the versions tell only which files they rewrote: at most so much",
                          forecast.versions_at_most));
  }
  if (forecast.versions_unknown > 0) {
    page.More(fmt::format("{} of the versions do not tell how many rows they changed: left out",
                          forecast.versions_unknown));
  }
  page.Add(
      "each day",
      forecast.incremental()
          ? fmt::format("apply the changes: loading anew costs {} RU", Count(forecast.reload_units))
          : fmt::format("load anew, with --full: that costs {} RU", Count(forecast.reload_units)));
  page.More(fmt::format("loading anew pays when more than {} of the rows change in a day; {} do",
                        HumanShare(forecast.break_even_share),
                        HumanShare(forecast.rows() / std::max(1.0, plan.documents))));
}

std::string RangeText(const ChangeRange& range) {
  const std::string rows =
      range.rows ? HumanPlural(*range.rows, "image") : std::string("rows not told by the log");
  const std::string how = DescribeMethod(
      {.method = range.method, .reason = range.reason, .versions = range.versions()});
  return fmt::format("{}: {}, {}, {}",
                     range.first_version == range.last_version
                         ? std::to_string(range.first_version)
                         : fmt::format("{} to {}", range.first_version, range.last_version),
                     how, HumanPlural(range.files, "file") + ", " + HumanBytes(range.bytes), rows);
}

void AddWrites(const ChangesPlan& changes, PlanPage& page) {
  if (!changes.estimated) {
    return page.Add("estimate", fmt::format("none: the next version alone is more than {} to read",
                                            HumanBytes(kPlanReadBytesMax)));
  }
  const char* const about = changes.exact ? "" : "about ";
  page.Add("upserts",
           fmt::format("{}{} ({} new)", about, Count(changes.upserts), Count(changes.inserts)));
  page.Add("deletes", about + Count(changes.deletes));
  if (!changes.exact) {
    page.More(fmt::format("carried over from {} of {}", HumanBytes(changes.bytes_read),
                          HumanBytes(changes.bytes)));
  }
}

void AddVersions(const PipelinePlan& plan, PlanPage& page) {
  const ChangesPlan& changes = *plan.changes;
  page.Add("behind", HumanPlural(changes.versions(), "version"));
  if (plan.checkpoint->begun_through > plan.checkpoint->version) {
    page.Add("begun", fmt::format("a run was cut off on its way to version {}: that comes first",
                                  plan.checkpoint->begun_through));
  }
  if (plan.checkpoint->sweep) {
    page.Add("begun", "a resync: what the table does not have is still to go");
  }
  for (size_t i = 0; i < changes.ranges.size(); ++i) {
    page.Add(i == 0 ? "versions" : "", RangeText(changes.ranges[i]));
  }
  if (changes.ranges.empty()) return;
  const int64_t last = changes.ranges.back().last_version;
  if (last < changes.latest_version) {
    page.More(fmt::format("{} to {}: not looked at", last + 1, changes.latest_version));
  }
  AddWrites(changes, page);
}

void PrintRejected(const PlanSample& sample, Console& console) {
  if (sample.rejected == 0) return;
  console.Print(
      fmt::format("{} of the sample would be rejected:", HumanPlural(sample.rejected, "row")));
  for (const std::string& reason : sample.rejected_reasons) console.Print("  " + reason);
}

void PrintNext(const std::string& pipeline, const PipelinePlan& plan, Console& console) {
  if (!plan.reload_reason.empty()) {
    console.Print(plan.reload_reason + ": it must be loaded anew");
    return console.Print("next: spillway sync " + pipeline + " --full, or --resync");
  }
  const std::string command = CommandOf(pipeline, plan);
  if (!command.empty()) return console.Print("next: " + command);
  console.Print(plan.is_load() ? "nothing to load" : "nothing to apply");
}

}  // namespace

std::string CommandOf(const std::string& pipeline, const PipelinePlan& plan) {
  if (!plan.reload_reason.empty()) return "spillway sync " + pipeline + " --full";
  switch (plan.run) {
    case PlannedRun::kNothing:
      return {};
    case PlannedRun::kFull:
      return "spillway sync " + pipeline + " --full";
    case PlannedRun::kResync:
      return "spillway sync " + pipeline + " --resync";
    case PlannedRun::kLoad:
    case PlannedRun::kChanges:
      return "spillway sync " + pipeline;
  }
  return {};
}

void PrintPlanText(const std::string& pipeline, const PipelinePlan& plan, Console& console) {
  for (const std::string& note : plan.notes) console.Note(note);
  PlanPage page;
  page.Add("pipeline", pipeline);
  page.Add("table", fmt::format("{}, version {}", plan.table.location,
                                plan.is_load() ? plan.table.version : plan.latest_version));
  page.Add("state", StandText(plan));
  if (plan.changes) AddVersions(plan, page);
  page.Gap();
  if (plan.is_load()) AddTable(plan, page);
  AddCost(plan, page);
  AddPace(plan, page);
  page.Gap();
  AddPartitions(plan, page);
  AddForecast(plan, page);
  AddThroughput(plan, page);
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    page.Add(i == 0 ? "would create" : "", plan.steps[i]);
  }
  for (size_t i = 0; i < plan.would_set.size(); ++i) {
    page.Add(i == 0 ? "would set" : "", plan.would_set[i]);
  }
  console.Print(page.Render());
  for (const std::string& warning : plan.warnings) console.Note("warning: " + warning);
  if (plan.changes && plan.changes->warning) console.Note("warning: " + *plan.changes->warning);
  if (plan.is_load()) PrintRejected(plan.sample, console);
  PrintNext(pipeline, plan, console);
}

}  // namespace spillway
