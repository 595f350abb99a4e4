#include "app/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "app/switch_decision.h"
#include "app/switch_place.h"
#include "app/table_sample.h"
#include "engine/load_plan.h"
#include "transforms/document_encoder.h"

namespace spillway {
namespace {

constexpr size_t kReasonsMax = 5;

// Mean and spread of document sizes, in one pass (Welford).
class SizeStatistics {
 public:
  void Add(double size) {
    ++count_;
    const double delta = size - mean_;
    mean_ += delta / static_cast<double>(count_);
    squares_ += delta * (size - mean_);
  }
  double mean() const { return mean_; }
  // Half of the 95 % interval of the mean, as a share of the mean.
  double error() const {
    if (count_ < 2 || mean_ <= 0) return 0;
    const double variance = squares_ / static_cast<double>(count_ - 1);
    return 1.96 * std::sqrt(variance / static_cast<double>(count_)) / mean_;
  }

 private:
  uint64_t count_ = 0;
  double mean_ = 0;
  double squares_ = 0;
};

class Sampler {
 public:
  Sampler(const Snapshot& snapshot, const DocumentEncoder& encoder)
      : snapshot_(snapshot), encoder_(encoder) {}

  Result<PlanSample> Take(const CallContext& ctx) {
    const auto visit = [&](const Batch& batch) -> Status {
      ASSIGN_OR_RETURN(const std::shared_ptr<EncodedBatch> encoded,
                       encoder_.Encode(batch, Intent::kUpsert));
      Add(*encoded);
      return Status::Ok();
    };
    ASSIGN_OR_RETURN(sample_.splits, ReadSample(snapshot_, visit, ctx));
    sample_.bytes_mean = sizes_.mean();
    sample_.bytes_error = sizes_.error();
    return std::move(sample_);
  }

 private:
  void Add(const EncodedBatch& encoded) {
    sample_.rows += encoded.rows_read;
    sample_.documents += encoded.documents.size();
    sample_.filtered += encoded.rows_filtered;
    sample_.rejected += encoded.rejected.size();
    for (const Document& document : encoded.documents) {
      sizes_.Add(static_cast<double>(document.body.size()));
    }
    for (const RejectedRow& row : encoded.rejected) {
      const std::string prefix = row.reason + ": ";
      const bool known =
          std::any_of(sample_.rejected_reasons.begin(), sample_.rejected_reasons.end(),
                      [&](const std::string& reason) { return reason.starts_with(prefix); });
      if (known || sample_.rejected_reasons.size() >= kReasonsMax) continue;
      sample_.rejected_reasons.push_back(fmt::format("{}{} {}", prefix, row.key, row.message));
    }
  }

  const Snapshot& snapshot_;
  const DocumentEncoder& encoder_;
  PlanSample sample_;
  SizeStatistics sizes_;
};

// The sample is the whole table when it was read to the end; else its shares are carried over.
void Extrapolate(const Snapshot& snapshot, PipelinePlan& plan) {
  const PlanSample& sample = plan.sample;
  const bool whole = sample.splits == snapshot.splits().size() &&
                     plan.table.rows.value_or(UINT64_MAX) == sample.rows;
  if (plan.table.rows) {
    plan.rows = static_cast<double>(*plan.table.rows);
    plan.rows_exact = true;
  } else if (snapshot.splits().empty()) {
    plan.rows = 0;
    plan.rows_exact = true;
  }
  const double share =
      sample.rows == 0 ? 0
                       : static_cast<double>(sample.documents) / static_cast<double>(sample.rows);
  plan.documents = plan.rows.value_or(0) * share;
  plan.bytes = plan.documents * sample.bytes_mean;
  if (whole) plan.sample.bytes_error = 0;
}

void EstimateCost(const Project& project, const PipelineConfig& pipeline, size_t fields,
                  PipelinePlan& plan) {
  const ConnectorType& type = *pipeline.destination_connection->type;
  if (!type.estimate_cost) return;
  const EndpointSettings settings{pipeline.destination_connection->options.get(),
                                  pipeline.destination.get(), project.folder()};
  const CostEstimate cost =
      type.estimate_cost(settings, plan.sample.bytes_mean, static_cast<double>(fields));
  plan.units_per_document = cost.units_per_document;
  plan.units = cost.units_per_document * plan.documents;
  plan.units_per_second = cost.units_per_second;
  plan.cost_basis = cost.basis;
  if (plan.units_per_second && *plan.units_per_second > 0) {
    plan.duration = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(plan.units / *plan.units_per_second));
  }
}

}  // namespace

namespace {

Status PlanLoad(const Project& project, const OpenedPipeline& opened, const VersionSelector& at,
                const CallContext& ctx, PipelinePlan& plan) {
  const PipelineConfig& pipeline = *opened.config;
  SnapshotRequest request;
  request.at = at;
  request.batch_bytes_target = kSampleBatchBytes;
  ASSIGN_OR_RETURN(request.columns, DocumentEncoder::ColumnsToRead(pipeline.documents));
  ASSIGN_OR_RETURN(request.filter, DocumentEncoder::Filter(pipeline.documents));
  ASSIGN_OR_RETURN(const std::unique_ptr<Snapshot> snapshot,
                   opened.source->OpenSnapshot(request, ctx));
  ASSIGN_OR_RETURN(const std::unique_ptr<DocumentEncoder> encoder,
                   DocumentEncoder::Make(pipeline.documents, snapshot->schema()->get(),
                                         opened.destination->capabilities()));
  plan.table = snapshot->info();
  ASSIGN_OR_RETURN(const Preparation preparation, opened.destination->Prepare(true, ctx));
  plan.steps = preparation.steps;
  ASSIGN_OR_RETURN(plan.sample, Sampler(*snapshot, *encoder).Take(ctx));
  Extrapolate(*snapshot, plan);
  EstimateCost(project, pipeline, static_cast<size_t>(snapshot->schema()->get().n_children), plan);
  plan.pending = !plan.checkpoint || plan.checkpoint->phase == LoadPhase::kLoading ||
                 plan.checkpoint->version != plan.table.version || !plan.reload_reason.empty();
  return Status::Ok();
}

Result<std::optional<SwitchPlan>> PlanSwitch(const Project& project, const PipelineConfig& pipeline,
                                             StateStore* state, const CallContext& ctx) {
  ASSIGN_OR_RETURN(const std::unique_ptr<GenerationTable> table,
                   OpenGenerations(project, pipeline));
  ASSIGN_OR_RETURN(const SwitchStand stand, table->Read(ctx));
  SwitchPlan plan;
  ASSIGN_OR_RETURN(plan.why, WhyBuild(project, pipeline, stand, state, true, ctx));
  if (plan.why.empty()) return std::optional<SwitchPlan>();
  plan.from = stand.live();
  plan.to = stand.list.building
                ? stand.list.building->container
                : GenerationName(BaseContainer(project, pipeline), stand.list.last + 1);
  return std::optional<SwitchPlan>(std::move(plan));
}

}  // namespace

Result<PipelinePlan> PlanPipeline(const Project& project, const PipelineConfig& pipeline,
                                  const VersionSelector& at, const CallContext& ctx) {
  PipelinePlan plan;
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStore> state, OpenStateIfThere(project));
  if (pipeline.sync.strategy == StrategyKind::kSwitch) {
    ASSIGN_OR_RETURN(plan.switching, PlanSwitch(project, pipeline, state.get(), ctx));
  }
  if (plan.switching) {
    ASSIGN_OR_RETURN(const OpenedPipeline beside,
                     OpenPipelineAt(project, pipeline, {plan.switching->to, plan.switching->from}));
    RETURN_IF_ERROR(PlanLoad(project, beside, at, ctx, plan));
    return plan;
  }
  ASSIGN_OR_RETURN(const OpenedPipeline opened, OpenPipeline(project, pipeline, ctx));
  if (state != nullptr) {
    ASSIGN_OR_RETURN(plan.checkpoint, state->LoadCheckpoint(pipeline.name));
  }
  const bool asks = at.version.has_value() || at.timestamp_ms.has_value();
  if (!asks && plan.checkpoint && plan.checkpoint->phase == LoadPhase::kLoaded) {
    const std::string mapping =
        MappingHash(pipeline.documents, pipeline.sync.mode.write(), TargetOf(project, pipeline));
    if (plan.checkpoint->mapping_hash == mapping) {
      ASSIGN_OR_RETURN(plan.changes, PlanChanges(project, opened, *plan.checkpoint, ctx));
      plan.pending = !plan.changes->ranges.empty() || plan.changes->versions() > 0 ||
                     plan.checkpoint->sweep ||
                     plan.checkpoint->begun_through > plan.checkpoint->version;
      return plan;
    }
    plan.reload_reason =
        "the mapping, the mode or the destination has changed since the table was loaded";
  }
  RETURN_IF_ERROR(PlanLoad(project, opened, at, ctx, plan));
  return plan;
}

}  // namespace spillway
