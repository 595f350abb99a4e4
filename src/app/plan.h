// Plan: what a run would do, before it does anything: what would be created, how many rows,
// documents and bytes, what it would cost and how long it would take. Rows come from the table's
// own statistics; bytes from a sample of real rows, sent through the real encoder; prices from the
// destination's model, or measured where the user allows it. The error of the sample is stated.
#ifndef SPILLWAY_APP_PLAN_H_
#define SPILLWAY_APP_PLAN_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/change_forecast.h"
#include "app/pipeline.h"
#include "app/plan_changes.h"
#include "app/plan_pace.h"
#include "app/plan_sample.h"
#include "app/scratch_measurement.h"
#include "connector/capacity.h"

namespace spillway {

// What `sync` would do, or is asked to do.
enum class PlannedRun : uint8_t { kNothing, kLoad, kFull, kResync, kChanges };

struct PlanRequest {
  VersionSelector at{};  // of a load of this version
  bool full = false;     // of a load although the table is loaded: `sync --full`
  bool resync = false;   // … and of what is then taken away: `sync --resync`
  bool measure = false;  // make a container, write some of the sample there, remove it
  // Told before anything is made for a measurement; may be empty.
  std::function<void(const MeasurementNotice&)> on_measure{};
};

struct PipelinePlan {
  PlannedRun run = PlannedRun::kNothing;
  std::optional<Checkpoint> checkpoint;
  // What a sync of a loaded pipeline does. Then rows, documents and bytes are of the table, the
  // cost and the pace of the changes.
  std::optional<ChangesPlan> changes;
  std::string reload_reason;  // why a loaded pipeline has to be loaded anew, which nobody asked for
  TableInfo table;
  int64_t latest_version = 0;          // of the table
  std::vector<std::string> steps;      // what would be created
  std::vector<std::string> would_set;  // of the destination, for the time of the load and after it
  std::vector<std::string> warnings;   // of how throughput is configured
  PlanSample sample;
  std::optional<double> rows;  // nullopt: neither statistics nor a whole read tell
  bool rows_exact = false;
  double documents = 0;
  double bytes = 0;
  double documents_left = 0;  // of a load: less than `documents` when a part of it is done

  double units = 0;  // request units of the run; 0: there is no cost, or it is not known
  double units_per_document = 0;
  double units_error = 0;  // half of a 95 % interval, as a share; of the sample, not of the model
  std::string cost_basis;
  std::optional<Measurement> measurement;
  uint32_t ranges = 0;  // 0: the destination has none
  std::string ranges_basis;
  double hottest_share = 0;  // of the load, in its fullest range
  PlanPace pace;
  CapacityAdvice capacity;
  std::optional<ChangeForecast> forecast;  // absent: the source tells no history
  std::vector<std::string> notes;          // what was found on the way, for people
  bool pending = true;                     // there is something to do

  bool is_load() const { return !changes.has_value(); }
};

// Writes nothing to the source, the destination's own containers or the state; only a measurement
// makes a container, which is gone at the end, and one that was left over is removed. Errors: those
// of opening both, of reading the sample, of the mapping, of the measurement.
Result<PipelinePlan> PlanPipeline(const Project& project, const PipelineConfig& pipeline,
                                  const PlanRequest& request, const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_APP_PLAN_H_
