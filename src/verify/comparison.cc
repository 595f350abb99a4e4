#include "verify/comparison.h"

#include <fmt/format.h>

#include <algorithm>

#include "changes/column_policy.h"
#include "connector/place_reading.h"
#include "engine/load_plan.h"
#include "engine/worker_group.h"

namespace spillway {
namespace {

constexpr uint32_t kThreads = 2;  // that read, on either side
constexpr std::chrono::milliseconds kTick{250};
// Of which the first page is read for an estimate.
constexpr size_t kPartsLookedAtMax = 4;
// Each side's records take this part of the knob before they are spilled: little, so that a large
// table needs no more than a small one.
constexpr uint64_t kSideShare = 32;

bool IsDocument(const VerifyRecord& record) {
  return (record.place & kIsDocument) != 0;
}

}  // namespace

std::vector<std::string> KnownLateColumns(const std::vector<std::string>& late_columns,
                                          const Snapshot& snapshot) {
  std::vector<std::string> known;
  for (const ColumnInfo& column : snapshot.info().columns) {
    const bool late =
        std::find(late_columns.begin(), late_columns.end(), column.name) != late_columns.end();
    if (late) known.push_back(column.name);
  }
  return known;
}

Comparison::Comparison(const LoadParts& parts, const DocumentOptions& documents,
                       const ComparisonOptions& options, ReadPace* pace, RunStop& stop)
    : parts_(parts),
      documents_(documents),
      options_(options),
      pace_(pace),
      stop_(stop),
      ctx_{.stop = stop.token()},
      reading_(ReadingBytesMax(options.memory_bytes_max)),
      source_(options.spill_prefix + "-source.spill", options.memory_bytes_max / kSideShare),
      destination_(options.spill_prefix + "-destination.spill",
                   options.memory_bytes_max / kSideShare) {}

Status Comparison::Open(const VersionSelector& at, const std::vector<std::string>& late_columns) {
  ASSIGN_OR_RETURN(snapshot_, OpenMapped(parts_.source, documents_, at,
                                         BatchBytesTarget(options_.memory_bytes_max), ctx_));
  late_columns_ = KnownLateColumns(late_columns, *snapshot_);
  ASSIGN_OR_RETURN(encoder_, DocumentEncoder::Make(WithLateColumns(documents_, late_columns_),
                                                   snapshot_->schema()->get(),
                                                   parts_.destination.capabilities()));
  return Status::Ok();
}

Status Comparison::Read(uint64_t documents, const std::function<void(uint64_t)>& on_progress) {
  const auto report = [&] {
    if (on_progress) on_progress(source_.documents() + destination_.documents());
  };
  if (options_.crew != nullptr) return ReadByCrew(documents, report);
  RETURN_IF_ERROR(ReadSource(report));
  return ReadDestination(report);
}

Status Comparison::ReadByCrew(uint64_t documents, const std::function<void()>& on_tick) {
  ASSIGN_OR_RETURN(keys_, KeyFile::Create(options_.spill_prefix + "-keys.spill"));
  VerifyCrewWork work{.table_id = snapshot_->info().table_id,
                      .version = snapshot_->info().version,
                      .late_columns = late_columns_,
                      .splits = snapshot_->splits(),
                      .documents = documents};
  if (auto* places = dynamic_cast<PlaceReading*>(&parts_.destination); places != nullptr) {
    ASSIGN_OR_RETURN(const auto reader, places->OpenReaderOfPart(0, 1, ctx_));
    work.divisible = reader != nullptr;
  }
  options_.crew->Do(
      work, kTick, stop_, [this](VerifyOutcome outcome) { return Take(std::move(outcome)); },
      on_tick);
  RETURN_IF_ERROR(stop_.cause());
  counts_.source_documents = source_.documents();
  counts_.destination_documents = destination_.documents();
  counts_.rejected = rejected_;
  RETURN_IF_ERROR(source_.StartReading());
  return destination_.StartReading();
}

Status Comparison::Take(VerifyOutcome outcome) {
  if (outcome.side == VerifyOutcome::Side::kSource) {
    rejected_ += outcome.rejected;
    return source_.Add(outcome.records, outcome.others);
  }
  counts_.cost += outcome.cost;
  ASSIGN_OR_RETURN(const uint64_t begin, keys_->AppendBytes(outcome.keys));
  for (VerifyRecord& record : outcome.records) record.place += begin;
  return destination_.Add(outcome.records, 0);
}

Status Comparison::ReadSource(const std::function<void()>& on_tick) {
  const auto task = [this](uint32_t split) {
    return AddSplit(*snapshot_, *encoder_, {.split = split}, options_.ignored_fields, reading_,
                    source_, rejected_, ctx_)
        .WithContext(fmt::format("reading {}", snapshot_->splits()[split].key));
  };
  RETURN_IF_ERROR(RunWorkers(static_cast<uint32_t>(snapshot_->splits().size()), kThreads, task,
                             stop_, parts_.clock, kTick, on_tick));
  counts_.source_documents = source_.documents();
  counts_.rejected = rejected_;
  return source_.StartReading();
}

Status Comparison::OpenDestination() {
  if (keys_ != nullptr) return Status::Ok();
  ASSIGN_OR_RETURN(keys_, KeyFile::Create(options_.spill_prefix + "-keys.spill"));
  ASSIGN_OR_RETURN(readers_, parts_.destination.OpenReaders(ctx_));
  for (const auto& reader : readers_) paced_.emplace_back(*reader, pace_);
  return Status::Ok();
}

Result<ReadEstimate> Comparison::Estimate(uint64_t documents) {
  RETURN_IF_ERROR(OpenDestination());
  ReadEstimate estimate{.documents = documents};
  uint64_t seen = 0;
  const size_t step = std::max<size_t>(paced_.size() / kPartsLookedAtMax, 1);
  for (size_t i = 0; i < paced_.size(); i += step) {
    Result<std::span<const StoredDocument>> page = paced_[i].ReadAhead(ctx_);
    if (!page.ok()) return std::move(page).status().WithContext("reading the destination");
    seen += page->size();
    for (const StoredDocument& document : *page) {
      estimate.bytes += static_cast<double>(document.body.size());
    }
    estimate.cost += readers_[i]->cost();
  }
  const double scale =
      seen == 0 ? 0 : static_cast<double>(std::max(documents, seen)) / static_cast<double>(seen);
  estimate.documents = std::max(documents, seen);
  estimate.cost *= scale;
  estimate.bytes *= scale;
  return estimate;
}

Status Comparison::ReadDestination(const std::function<void()>& on_tick) {
  RETURN_IF_ERROR(OpenDestination());
  const auto task = [&](uint32_t index) {
    return AddDocuments(paced_[index], options_.ignored_fields, documents_.soft_delete,
                        destination_, *keys_, ctx_)
        .WithContext("reading the destination");
  };
  RETURN_IF_ERROR(RunWorkers(static_cast<uint32_t>(readers_.size()), kThreads, task, stop_,
                             parts_.clock, kTick, on_tick));
  for (const auto& reader : readers_) counts_.cost += reader->cost();
  paced_.clear();
  readers_.clear();
  counts_.destination_documents = destination_.documents();
  return destination_.StartReading();
}

Status Comparison::Merge(const std::function<Status(const Mismatch&)>& on_mismatch) {
  ASSIGN_OR_RETURN(std::optional<VerifyRecord> ours, source_.Next());
  ASSIGN_OR_RETURN(std::optional<VerifyRecord> theirs, destination_.Next());
  while (ours.has_value() || theirs.has_value()) {
    RETURN_IF_ERROR(ctx_.CheckNotStopped());
    const bool take_ours =
        ours.has_value() && (!theirs.has_value() || ours->identity <= theirs->identity);
    const bool take_theirs =
        theirs.has_value() && (!ours.has_value() || theirs->identity <= ours->identity);
    RETURN_IF_ERROR(
        Judge(take_ours ? &*ours : nullptr, take_theirs ? &*theirs : nullptr, on_mismatch));
    if (take_ours) {
      ASSIGN_OR_RETURN(ours, source_.Next());
    }
    if (take_theirs) {
      ASSIGN_OR_RETURN(theirs, destination_.Next());
    }
  }
  counts_.duplicates = source_.duplicates();
  return Status::Ok();
}

// A row that is refused leaves its document as it was: it is listed, and no reason to delete it.
Status Comparison::Judge(const VerifyRecord* ours, const VerifyRecord* theirs,
                         const std::function<Status(const Mismatch&)>& on_mismatch) {
  if (ours != nullptr && !IsDocument(*ours)) {
    if (theirs != nullptr) ++counts_.rejected_kept;
    return Status::Ok();
  }
  Mismatch mismatch;
  if (ours != nullptr) {
    mismatch.identity = ours->identity;
    mismatch.expected = ours->content;
    mismatch.row_place = ours->place;
  }
  if (theirs != nullptr) {
    mismatch.identity = theirs->identity;
    mismatch.found = theirs->content;
    mismatch.key_place = theirs->place;
  }
  if (theirs == nullptr) {
    ++counts_.missing;
  } else if (ours != nullptr && ours->content == theirs->content) {
    ++counts_.equal;
    return Status::Ok();
  } else if (ours != nullptr) {
    ++counts_.different;
    mismatch.kind = DifferenceKind::kDifferent;
  } else if ((theirs->place & kMarked) != 0) {
    ++counts_.soft_deleted;
    return Status::Ok();
  } else {
    ++counts_.extra;
    mismatch.kind = DifferenceKind::kExtra;
  }
  return on_mismatch(mismatch);
}

}  // namespace spillway
