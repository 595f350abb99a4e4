#include "app/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <utility>

#include "app/table_sample.h"
#include "app/tuning_plan.h"
#include "app/write_costs.h"
#include "engine/load_plan.h"
#include "transforms/document_encoder.h"

namespace spillway {
namespace {

// What a mode makes of a row of a load whose document is not there yet.
WriteKind KindOfLoad(WriteMode mode) {
  switch (mode) {
    case WriteMode::kDelete:
    case WriteMode::kDeleteIfNotModified:
      return WriteKind::kRemove;
    case WriteMode::kUpdate:
    case WriteMode::kPatch:
    case WriteMode::kPatchIfExists:
      return WriteKind::kReplace;
    case WriteMode::kMirror:
    case WriteMode::kUpsert:
    case WriteMode::kAppend:
    case WriteMode::kUpsertIfNotModified:
    case WriteMode::kMergeFields:
    case WriteMode::kSoftDelete:
      return WriteKind::kInsert;
  }
  return WriteKind::kInsert;
}

class Planner {
 public:
  Planner(const Project& project, const OpenedPipeline& opened, const PlanRequest& request,
          const CallContext& ctx)
      : project_(project),
        opened_(opened),
        config_(*opened.config),
        mode_(config_.sync.mode.write()),
        request_(request),
        ctx_(ctx) {}

  Result<PipelinePlan> Plan() {
    RETURN_IF_ERROR(ReadState());
    RETURN_IF_ERROR(OpenScratch());
    RETURN_IF_ERROR(ReadTable());
    RETURN_IF_ERROR(AskDestination());
    if (request_.measure) RETURN_IF_ERROR(Measure());
    if (changes_are_due_) {
      RETURN_IF_ERROR(PlanOfChanges());
    } else {
      PlanOfLoad();
    }
    RETURN_IF_ERROR(PlanOfTuning());
    RETURN_IF_ERROR(Forecast());
    Advise();
    return std::move(plan_);
  }

 private:
  Status ReadState() {
    ASSIGN_OR_RETURN(state_, OpenStateIfThere(project_));
    if (state_ == nullptr) return Status::Ok();
    ASSIGN_OR_RETURN(plan_.checkpoint, state_->LoadCheckpoint(config_.name));
    ASSIGN_OR_RETURN(limit_set_, LimitSetFor(*state_, config_.name));
    const bool asks = request_.at.given() || request_.full || request_.resync;
    if (asks || !plan_.checkpoint || plan_.checkpoint->phase != LoadPhase::kLoaded) {
      return Status::Ok();
    }
    const std::string mapping = MappingHash(config_.documents, mode_, TargetOf(project_, config_));
    changes_are_due_ = plan_.checkpoint->mapping_hash == mapping;
    if (!changes_are_due_) {
      plan_.reload_reason =
          "the mapping, the mode or the destination has changed since the table was loaded";
    }
    return Status::Ok();
  }

  // Also takes away what a killed plan has left: it costs money.
  Status OpenScratch() {
    const ConnectorType& type = *config_.destination_connection->type;
    if (!type.open_scratch) {
      if (!request_.measure) return Status::Ok();
      return InvalidArgument(fmt::format(
          "--measure: a destination of type {} charges nothing that could be measured", type.name));
    }
    const EndpointSettings settings{config_.destination_connection->options.get(),
                                    config_.destination.get(), project_.folder()};
    ASSIGN_OR_RETURN(scratch_, type.open_scratch(settings, config_.documents));
    const auto removed = RemoveAbandonedPlaces(*scratch_, SystemClock(), ctx_);
    if (!removed.ok()) {
      plan_.notes.push_back(fmt::format(
          "whether an earlier measurement has left a container behind cannot be told: {}",
          removed.status().message()));
      return ctx_.CheckNotStopped();
    }
    for (const std::string& name : *removed) {
      plan_.notes.push_back(
          fmt::format("removed container {}, which a plan that was killed had left", name));
    }
    return Status::Ok();
  }

  Status ReadTable() {
    SnapshotRequest wanted;
    wanted.at = request_.at;
    wanted.batch_bytes_target = kSampleBatchBytes;
    ASSIGN_OR_RETURN(wanted.columns, DocumentEncoder::ColumnsToRead(config_.documents));
    ASSIGN_OR_RETURN(wanted.filter, DocumentEncoder::Filter(config_.documents));
    // A load that was begun stays at its version.
    if (!wanted.at.given() && IsBegun()) wanted.at.version = plan_.checkpoint->version;
    ASSIGN_OR_RETURN(snapshot_, opened_.source->OpenSnapshot(wanted, ctx_));
    plan_.table = snapshot_->info();
    plan_.latest_version = plan_.table.version;
    if (wanted.at.given()) {
      ASSIGN_OR_RETURN(const std::unique_ptr<Snapshot> latest,
                       opened_.source->OpenSnapshot({}, ctx_));
      plan_.latest_version = latest->info().version;
    }
    ASSIGN_OR_RETURN(const std::unique_ptr<DocumentEncoder> encoder,
                     DocumentEncoder::Make(config_.documents, snapshot_->schema()->get(),
                                           opened_.destination->capabilities()));
    if (!changes_are_due_) {
      ASSIGN_OR_RETURN(const Preparation preparation, opened_.destination->Prepare(true, ctx_));
      plan_.steps = preparation.steps;
    }
    ASSIGN_OR_RETURN(plan_.sample, TakeSample(*snapshot_, *encoder, ctx_));
    Extrapolate();
    return Status::Ok();
  }

  bool IsBegun() const {
    return plan_.checkpoint && plan_.checkpoint->phase == LoadPhase::kLoading && !request_.full &&
           !request_.resync;
  }

  // The sample is the whole table when it was read to the end; else its shares are carried over.
  void Extrapolate() {
    const PlanSample& sample = plan_.sample;
    if (plan_.table.rows) {
      plan_.rows = static_cast<double>(*plan_.table.rows);
    } else if (snapshot_->splits().empty()) {
      plan_.rows = 0;
    } else if (sample.whole) {
      plan_.rows = static_cast<double>(sample.rows);
    }
    plan_.rows_exact = plan_.rows.has_value();
    const double share =
        sample.rows == 0 ? 0
                         : static_cast<double>(sample.documents) / static_cast<double>(sample.rows);
    plan_.documents = plan_.rows.value_or(0) * share;
    plan_.bytes = plan_.documents * sample.bytes_mean;
  }

  // A destination without ranges has no costs to tell of either.
  Status AskDestination() {
    auto opened = opened_.destination->OpenPartitioning(plan_.bytes, ctx_);
    if (opened.status().code() == StatusCode::kInvalidArgument) return Status::Ok();
    if (!opened.ok()) return std::move(opened).status();
    partitioning_ = *std::move(opened);
    costs_ = WriteCosts(partitioning_.get());
    plan_.ranges = partitioning_->facts().ranges;
    plan_.ranges_basis = partitioning_->facts().ranges_basis;
    return FindHottestRange();
  }

  Status FindHottestRange() {
    const auto layout = partitioning_->LayoutFor(config_.documents.partition_key_paths);
    if (!layout.ok()) return layout.status();
    std::vector<std::pair<uint32_t, double>> found;
    const PlanSample& sample = plan_.sample;
    for (size_t i = 0; i < sample.keys.size(); ++i) {
      const Result<uint32_t> part = (*layout)->FindPart(sample.keys[i]);
      if (!part.ok()) continue;
      found.emplace_back((*layout)->range_of_part()[*part],
                         UnitsOf(WriteKind::kInsert, sample.sizes[i]));
    }
    plan_.ranges = (*layout)->ranges();
    plan_.hottest_share = HottestShare(found, plan_.ranges, sample.whole, plan_.documents);
    return Status::Ok();
  }

  double UnitsOf(WriteKind kind, const SampledSize& size) const {
    return costs_.UnitsOf(kind, size.bytes, size.fields);
  }

  Status Measure() {
    if (plan_.sample.kept.empty()) {
      plan_.notes.push_back("nothing was measured: the sample has no document");
      return Status::Ok();
    }
    const MeasureRequest request{.mode = mode_};
    const auto on_begin = [this](const MeasurementNotice& notice) {
      if (request_.on_measure) request_.on_measure(notice);
    };
    ASSIGN_OR_RETURN(plan_.measurement, MeasureWrites(*scratch_, plan_.sample, costs_, request,
                                                      on_begin, SystemClock(), ctx_));
    const Measurement& measured = *plan_.measurement;
    if (measured.insert.count() > 0) costs_.SetMeasured(WriteKind::kInsert, measured.insert);
    if (measured.replace.count() > 0) costs_.SetMeasured(WriteKind::kReplace, measured.replace);
    if (measured.remove.count() > 0) costs_.SetMeasured(WriteKind::kRemove, measured.remove);
    return Status::Ok();
  }

  // Of a document like those of the sample.
  double MeanUnits(WriteKind kind, double* error) const {
    std::vector<double> units;
    double sum = 0;
    for (const SampledSize& size : plan_.sample.sizes) {
      units.push_back(UnitsOf(kind, size));
      sum += units.back();
    }
    if (units.empty()) return 0;
    const double of_sample = plan_.sample.whole ? 0 : ErrorOfMean(units);
    if (error != nullptr) *error = std::hypot(of_sample, costs_.error(kind));
    return sum / static_cast<double>(units.size());
  }

  void PlanOfLoad() {
    const std::optional<Checkpoint>& checkpoint = plan_.checkpoint;
    plan_.run = request_.resync ? PlannedRun::kResync
                : request_.full ? PlannedRun::kFull
                                : PlannedRun::kLoad;
    const bool again = request_.full || request_.resync || !plan_.reload_reason.empty();
    plan_.pending = again || !checkpoint || checkpoint->phase == LoadPhase::kLoading ||
                    checkpoint->version != plan_.table.version;
    if (!plan_.pending) plan_.run = PlannedRun::kNothing;
    plan_.documents_left = plan_.documents;
    if (IsBegun() && plan_.rows.value_or(0) > 0) {
      const double settled = static_cast<double>(checkpoint->counts.settled());
      plan_.documents_left *= std::max(0.0, 1 - settled / *plan_.rows);
    }
    CostOfLoad(again && checkpoint && plan_.steps.empty()
                   ? static_cast<double>(checkpoint->documents)
                   : 0);
  }

  // Of which so many documents are there already.
  void CostOfLoad(double there) {
    WriteKind kind = KindOfLoad(mode_);
    double error = 0;
    plan_.units_per_document = MeanUnits(kind, &error);
    plan_.cost_basis = costs_.Basis(kind);
    if (kind == WriteKind::kInsert && there > 0 && plan_.documents > 0) {
      const double share = std::min(1.0, there / plan_.documents);
      plan_.units_per_document +=
          share * (MeanUnits(WriteKind::kReplace, &error) - plan_.units_per_document);
      plan_.cost_basis += "; replacing what is there";
    } else if (kind == WriteKind::kInsert) {
      plan_.cost_basis += "; of new documents";
    }
    plan_.units_error = error;
    plan_.units = plan_.units_per_document * plan_.documents_left;
  }

  Status PlanOfChanges() {
    const ChangeCosts costs{&costs_, plan_.sample.bytes_mean, plan_.sample.fields_mean};
    ASSIGN_OR_RETURN(plan_.changes, PlanChanges(project_, opened_, *plan_.checkpoint, costs, ctx_));
    const ChangesPlan& changes = *plan_.changes;
    plan_.pending = !changes.ranges.empty() || changes.versions() > 0 || plan_.checkpoint->sweep ||
                    plan_.checkpoint->begun_through > plan_.checkpoint->version;
    plan_.run = plan_.pending ? PlannedRun::kChanges : PlannedRun::kNothing;
    plan_.latest_version = changes.latest_version;
    plan_.units = changes.units;
    const double writes = changes.upserts + changes.deletes;
    plan_.units_per_document = writes > 0 ? changes.units / writes : 0;
    plan_.cost_basis = costs_.Basis(WriteKind::kReplace);
    plan_.units_error = costs_.error(WriteKind::kReplace);
    return Status::Ok();
  }

  // What a load sets and sets back. Changes touch neither.
  Status PlanOfTuning() {
    ASSIGN_OR_RETURN(const TuningPlan tuning,
                     PlanTuning(config_, *opened_.destination, state_.get(),
                                plan_.is_load() && plan_.pending, ctx_));
    plan_.would_set = tuning.Steps();
    plan_.warnings = tuning.warnings;
    return Status::Ok();
  }

  // Of the days before now, whatever version is planned.
  Status Forecast() {
    const int64_t now_ms = UnixMillis(SystemClock().WallNow());
    const auto days = std::chrono::milliseconds(std::chrono::days(kForecastDays));
    ASSIGN_OR_RETURN(
        const TableHistory history,
        opened_.source->ReadHistory(
            {.through = plan_.latest_version, .since_ms = now_ms - days.count()}, ctx_));
    if (history.from_ms == 0 || !costs_.known()) return Status::Ok();
    const bool removes = PropagatesDeletes(mode_);
    const bool only_new = mode_ == WriteMode::kAppend;
    const WriteKind as_removed =
        mode_ == WriteMode::kSoftDelete ? WriteKind::kReplace : WriteKind::kRemove;
    const ChangeUnits units{.insert = MeanUnits(KindOfLoad(mode_), nullptr),
                            .update = only_new ? 0 : MeanUnits(WriteKind::kReplace, nullptr),
                            .remove = removes ? MeanUnits(as_removed, nullptr) : 0};
    plan_.forecast = ForecastChanges(history, now_ms, units, plan_.documents);
    return Status::Ok();
  }

  void Advise() {
    if (partitioning_ == nullptr) return;
    CapacityQuestion question{.documents_bytes = plan_.bytes,
                              .load_units = plan_.is_load() ? plan_.units : 0};
    if (plan_.forecast && plan_.forecast->units > 0) {
      question.changes_by_hour = plan_.forecast->units_by_hour;
    }
    plan_.capacity = partitioning_->AdviseCapacity(question);
    const Partitioning::Facts& facts = partitioning_->facts();
    PaceQuestion pace{.pipeline = config_.name,
                      .units = plan_.units,
                      .admitted = facts.units_per_second,
                      .admitted_basis = facts.units_basis,
                      .limit = limit_set_.value_or(config_.throughput.limit),
                      .limit_is_set = limit_set_.has_value(),
                      .ranges = plan_.ranges,
                      .hottest_share = plan_.hottest_share,
                      .doubled = plan_.capacity.doubled};
    if (const auto& raised = config_.throughput.initial_load; raised && plan_.is_load()) {
      const std::optional<uint32_t> units = raised->manual ? raised->manual : raised->autoscale;
      if (units) {
        pace.admitted = *units;
        pace.admitted_basis = "what throughput.initial_load sets it to";
      }
    }
    // Which keys change is not which keys there are.
    if (plan_.changes && plan_.ranges > 0) {
      pace.hottest_share =
          HottestShareByChance(plan_.ranges, plan_.changes->upserts + plan_.changes->deletes);
    }
    plan_.pace = PaceOf(pace);
    if (plan_.units <= 0) plan_.pace.duration.reset();
  }

  const Project& project_;
  const OpenedPipeline& opened_;
  const PipelineConfig& config_;
  const WriteMode mode_;
  const PlanRequest& request_;
  const CallContext& ctx_;
  PipelinePlan plan_;
  std::unique_ptr<StateStore> state_;  // null: nothing was ever run
  bool changes_are_due_ = false;
  std::optional<ThroughputLimit> limit_set_;
  std::unique_ptr<ScratchSpace> scratch_;
  std::unique_ptr<Snapshot> snapshot_;
  std::unique_ptr<Partitioning> partitioning_;
  WriteCosts costs_{nullptr};
};

}  // namespace

Result<PipelinePlan> PlanPipeline(const Project& project, const PipelineConfig& pipeline,
                                  const PlanRequest& request, const CallContext& ctx) {
  ASSIGN_OR_RETURN(const OpenedPipeline opened, OpenPipeline(project, pipeline));
  return Planner(project, opened, request, ctx).Plan();
}

}  // namespace spillway
