#include "app/tuning_plan.h"

#include <fmt/format.h>

#include <utility>

#include "base/human.h"
#include "engine/lease_keeper.h"

namespace spillway {
namespace {

constexpr std::chrono::milliseconds kLease{30'000};

template <typename Section>
std::optional<ProvisionedThroughput> ProvisionedOf(const Section& section) {
  if (section.manual) return ProvisionedThroughput{false, *section.manual};
  if (section.autoscale) return ProvisionedThroughput{true, *section.autoscale};
  return std::nullopt;
}

std::string At(const PipelineConfig& pipeline, std::string_view key) {
  return fmt::format("pipelines.{}.throughput.{}", pipeline.name, key);
}

Status CheckWanted(const PipelineConfig& pipeline, const TuningOptions& wanted,
                   const Destination& destination, const Tuning* tuning) {
  if (!wanted.is_set()) return Status::Ok();
  if (tuning == nullptr || !destination.capabilities().measures_cost) {
    return InvalidArgument(fmt::format("{}: a destination of type {} has no throughput that could"
                                       " be set",
                                       At(pipeline, wanted.changes ? "changes" : "initial_load"),
                                       pipeline.destination_connection->type->name))
        .WithHint("leave out throughput.initial_load and throughput.changes");
  }
  if (wanted.initial_load) {
    RETURN_IF_ERROR(
        tuning->CheckProvisioned(*wanted.initial_load).WithContext(At(pipeline, "initial_load")));
  }
  if (!wanted.changes) return Status::Ok();
  return tuning->CheckProvisioned(*wanted.changes).WithContext(At(pipeline, "changes"));
}

void Price(const Tuning& tuning, TuningPlan& plan) {
  if (!plan.wanted.initial_load && !plan.wanted.changes) return;
  if (!plan.before) {
    plan.costs_more = true;
    return;
  }
  const ProvisionedThroughput during = plan.wanted.initial_load.value_or(*plan.before);
  const ProvisionedThroughput after = plan.wanted.changes.value_or(*plan.before);
  // A load that goes on after a kill was agreed to when it began.
  const TuningRecord::Provisioned wanted{*plan.before, during, after};
  const bool agreed = plan.left_over && plan.left_over->provisioned == wanted;
  plan.costs_more = !agreed && (CostsMore(*plan.before, during) || CostsMore(*plan.before, after));
  const uint32_t least = tuning.LeastAfter(during, after.autoscale);
  if (least > after.units_per_second) plan.least_after = least;
}

Status ReadBefore(Tuning& tuning, TuningPlan& plan, const CallContext& ctx) {
  if (plan.left_over && plan.left_over->provisioned) {
    plan.before = plan.left_over->provisioned->before;
    return Status::Ok();
  }
  const Result<ProvisionedState> state = tuning.ReadProvisioned(ctx);
  if (state.ok()) plan.before = state->now;
  return state.ok() || state.status().code() == StatusCode::kNotFound ? Status::Ok()
                                                                      : state.status();
}

// A warning is no reason to fail: what cannot be read is not warned of.
void AddWarnings(const PipelineConfig& pipeline, Destination& destination, Tuning& tuning,
                 TuningPlan& plan, const CallContext& ctx) {
  const Result<std::vector<std::string>> warnings = tuning.Warnings(ctx);
  if (warnings.ok()) plan.warnings = *warnings;
  const std::optional<double> limit = pipeline.throughput.limit.units_per_second;
  if (!limit.has_value()) return;
  if (plan.wanted.initial_load) {
    std::string warning = WarnOfLimit(pipeline.name, pipeline.throughput.limit,
                                      plan.wanted.initial_load->units_per_second);
    if (!warning.empty()) plan.warnings.push_back(std::move(warning));
    return;
  }
  const Result<AdmittedThroughput> admitted = destination.ReadThroughput({}, ctx);
  if (!admitted.ok() || !admitted->units_per_second) return;
  std::string warning =
      WarnOfLimit(pipeline.name, pipeline.throughput.limit, *admitted->units_per_second);
  if (!warning.empty()) plan.warnings.push_back(std::move(warning));
}

}  // namespace

TuningOptions TuningOptionsOf(const PipelineConfig& pipeline) {
  TuningOptions options;
  const ThroughputSection& section = pipeline.throughput;
  if (section.initial_load) {
    options.initial_load = ProvisionedOf(*section.initial_load);
    options.light_indexing = section.initial_load->light_indexing;
  }
  if (section.changes) options.changes = ProvisionedOf(*section.changes);
  options.allowed = !section.ask;
  return options;
}

std::vector<std::string> TuningPlan::Steps() const {
  std::vector<std::string> steps;
  const std::string now = before ? DescribeProvisioned(*before) : "what it is made with";
  if (wanted.initial_load && wanted.initial_load != before) {
    steps.push_back(fmt::format("throughput for the load: {} (from {})",
                                DescribeProvisioned(*wanted.initial_load), now));
  }
  if (wanted.light_indexing) steps.push_back("index policy light for the load, then as it is now");
  const bool returns = wanted.initial_load && wanted.initial_load != before;
  if (wanted.changes && (wanted.changes != before || returns)) {
    steps.push_back(
        fmt::format("throughput after the load: {}", DescribeProvisioned(*wanted.changes)));
  } else if (returns) {
    steps.push_back(fmt::format("throughput after the load: {}", now));
  }
  if (least_after) {
    steps.push_back(
        fmt::format("after that load the service allows no less than {} RU/s", *least_after));
  }
  return steps;
}

Result<TuningPlan> PlanTuning(const PipelineConfig& pipeline, Destination& destination,
                              StateStore* state, bool load_is_due, const CallContext& ctx) {
  TuningPlan plan;
  TuningOptions wanted = TuningOptionsOf(pipeline);
  Tuning* const tuning = destination.tuning();
  RETURN_IF_ERROR(CheckWanted(pipeline, wanted, destination, tuning));
  if (tuning == nullptr) return plan;
  if (load_is_due) plan.wanted = wanted;
  AddWarnings(pipeline, destination, *tuning, plan, ctx);
  if (state != nullptr) {
    ASSIGN_OR_RETURN(plan.left_over, ReadTuning(*state, pipeline.name));
  }
  if (!plan.wanted.initial_load && !plan.wanted.changes) return plan;
  Status read = ReadBefore(*tuning, plan, ctx);
  if (!read.ok()) {
    return std::move(read).WithContext(
        At(pipeline, plan.wanted.initial_load ? "initial_load" : "changes"));
  }
  Price(*tuning, plan);
  return plan;
}

std::string WarnOfLimit(const std::string& pipeline, const ThroughputLimit& limit,
                        double admitted) {
  if (!limit.units_per_second || *limit.units_per_second <= admitted) return {};
  return fmt::format(
      "throughput.limit is {} RU/s and the container admits {}: the container is the limit, and"
      " nothing is left for others; spillway throttle {} --share 80%, or give it more:"
      " throughput: {{initial_load: {{manual: {:.0f}}}}}",
      HumanNumber(*limit.units_per_second), HumanNumber(admitted), pipeline,
      *limit.units_per_second);
}

Result<std::optional<TuningReport>> RestoreTuning(LoadTuning& tuning, StateStore& state,
                                                  Clock& clock, const std::string& pipeline,
                                                  const CallContext& ctx) {
  ASSIGN_OR_RETURN(const std::optional<TuningRecord> left, ReadTuning(state, pipeline));
  if (!left.has_value()) return std::optional<TuningReport>();
  RunStop stop(ctx.stop);
  ASSIGN_OR_RETURN(const std::unique_ptr<LeaseKeeper> lease,
                   LeaseKeeper::Acquire(state, clock, pipeline, kLease, stop));
  tuning.Leave();
  return std::optional(tuning.report());
}

}  // namespace spillway
