// Plan: what a run would do, before it does anything: what would be created, how many rows,
// documents and bytes, what it would cost and how long it would take. Rows come from the table's
// own statistics; bytes from a sample of real rows, sent through the real encoder; the error of the
// sample is stated.
#ifndef SPILLWAY_APP_PLAN_H_
#define SPILLWAY_APP_PLAN_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/pipeline.h"
#include "app/plan_changes.h"

namespace spillway {

struct PlanSample {
  uint32_t splits = 0;
  uint64_t rows = 0;
  uint64_t documents = 0;
  uint64_t filtered = 0;
  uint64_t rejected = 0;
  double bytes_mean = 0;   // per document
  double bytes_error = 0;  // half of the 95 % interval of the mean, as a share of it
  std::vector<std::string> rejected_reasons;  // distinct, at most 5, with the first message of each
};

// With `strategy: switch`, a load goes into a new container.
struct SwitchPlan {
  std::string from;  // what readers read now; empty: nothing
  std::string to;
  std::string why;
};

struct PipelinePlan {
  std::optional<SwitchPlan> switching;
  std::optional<Checkpoint> checkpoint;
  // What a sync of a loaded pipeline does. Then the rest, which is of a load, is empty.
  std::optional<ChangesPlan> changes;
  std::string reload_reason;  // why a loaded pipeline has to be loaded anew
  TableInfo table;
  std::vector<std::string> steps;  // what would be created
  PlanSample sample;
  std::optional<double> rows;  // nullopt: neither statistics nor a whole read tell
  bool rows_exact = false;
  double documents = 0;
  double bytes = 0;
  double units = 0;  // request units; 0 when the destination does not measure
  double units_per_document = 0;
  std::optional<double> units_per_second;
  std::string cost_basis;
  std::optional<std::chrono::nanoseconds> duration;
  bool pending = true;  // there is something to do
};

// Writes nothing, to neither side. With a version in `at`: of a load of that one. Errors: those of
// opening both, of reading the sample, of the mapping.
Result<PipelinePlan> PlanPipeline(const Project& project, const PipelineConfig& pipeline,
                                  const VersionSelector& at, const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_APP_PLAN_H_
