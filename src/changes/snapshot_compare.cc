#include "changes/snapshot_compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/memory.h"
#include "engine/held_memory.h"
#include "engine/worker_group.h"

namespace spillway {
namespace {

constexpr std::chrono::milliseconds kTick{250};

// Shares of the knob.
constexpr uint64_t HashesMemory(uint64_t memory_bytes_max) {
  return memory_bytes_max / 8;
}
constexpr uint64_t ChangedMemory(uint64_t memory_bytes_max) {
  return memory_bytes_max / 64;
}

constexpr uint64_t kRowMask = ImageRecord::kRowsMax - 1;
constexpr uint64_t kPlacesAtOnce = 8'192;

uint32_t SplitOf(uint64_t place) {
  return static_cast<uint32_t>(place >> ImageRecord::kRowBits) & (ImageRecord::kSplitsMax - 1);
}

}  // namespace

SnapshotCompare::SnapshotCompare(const CompareParts& parts, const CompareOptions& options,
                                 ChangeWindow& window)
    : parts_(parts),
      options_(options),
      window_(window),
      hashes_(std::make_unique<ExternalSort<RowHash>>(options.spill_prefix + "-hashes.spill",
                                                      HashesMemory(options.memory_bytes_max))),
      changed_places_(options.spill_prefix + "-places.spill",
                      ChangedMemory(options.memory_bytes_max)),
      changed_rows_(options.spill_prefix + "-rows.spill", ChangedMemory(options.memory_bytes_max)) {
}

Status SnapshotCompare::ReadAll(uint32_t tasks,
                                const std::function<Status(uint32_t, const CallContext&)>& task) {
  RunStop reading(parts_.stop.token());  // of its own: a read that fails may be tried again
  const CallContext ctx{.stop = reading.token()};
  return RunWorkers(
      tasks, options_.readers_max, [&](uint32_t index) { return task(index, ctx); }, reading,
      parts_.clock, kTick, [] {});
}

Status SnapshotCompare::ReadSplit(uint32_t split, uint64_t skip_rows, const UseBatch& use,
                                  const CallContext& ctx) {
  HeldMemory held;
  ASSIGN_OR_RETURN(const std::unique_ptr<SplitReader> reader,
                   parts_.snapshot.OpenSplit(split, skip_rows, ctx));
  RETURN_IF_ERROR(held.Take(parts_.reading, reader->held_bytes(), ctx.stop));
  while (true) {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    ASSIGN_OR_RETURN(const std::optional<Batch> batch, reader->Next(ctx));
    if (!batch.has_value()) break;
    if (batch->first_row + static_cast<uint64_t>(batch->rows()) > ImageRecord::kRowsMax) {
      return TooLarge(fmt::format("a file of more than {} rows", ImageRecord::kRowsMax));
    }
    ASSIGN_OR_RETURN(const bool more, use(*batch));
    if (!more) break;
  }
  parts_.meter.bytes_read += parts_.snapshot.splits()[split].bytes;
  return Status::Ok();
}

Status SnapshotCompare::ReadHashes() {
  const auto splits = static_cast<uint32_t>(parts_.snapshot.splits().size());
  return ReadAll(splits, [this](uint32_t split, const CallContext& ctx) {
    const auto use = [this](const Batch& batch) -> Result<bool> {
      ASSIGN_OR_RETURN(const std::shared_ptr<EncodedBatch> encoded,
                       parts_.encoder.Encode(batch, Intent::kUpsert));
      RETURN_IF_ERROR(AddHashes(*encoded));
      return true;
    };
    return ReadSplit(split, 0, use, ctx);
  });
}

Status SnapshotCompare::AddHashes(EncodedBatch& encoded) {
  std::vector<RowHash> rows;
  rows.reserve(encoded.documents.size() + encoded.rejected.size());
  const auto place = [&](ImageKind kind, uint32_t row) {
    return ImageRecord::Place(kind, encoded.split, encoded.first_row + row);
  };
  for (const Document& document : encoded.documents) {
    rows.push_back({document.identity, Murmur3x64_128(document.body),
                    place(ImageKind::kUpsert, document.row)});
  }
  for (const RejectedRow& rejected : encoded.rejected) {
    if (!rejected.identity.has_value()) continue;
    rows.push_back({*rejected.identity, {}, place(ImageKind::kRefused, rejected.row)});
  }
  std::lock_guard lock(mutex_);
  window_.counts.read += encoded.rows_filtered + encoded.rejected.size();
  window_.counts.filtered += encoded.rows_filtered;
  window_.counts.rejected += encoded.rejected.size();
  for (RejectedRow& rejected : encoded.rejected) {
    const uint64_t row = encoded.first_row + rejected.row;
    window_.refused.push_back({encoded.split, row, std::move(rejected)});
  }
  for (const RowHash& row : rows) RETURN_IF_ERROR(hashes_->Add(row));
  return Status::Ok();
}

Result<std::optional<SnapshotCompare::RowHash>> SnapshotCompare::NextIdentity(
    Duplicate& duplicate) {
  if (!ahead_.has_value()) return std::optional<RowHash>();
  RowHash row = *ahead_;
  while (true) {
    ASSIGN_OR_RETURN(ahead_, hashes_->Next());
    if (!ahead_.has_value() || ahead_->identity != row.identity) break;
    if (!row.refused() && !ahead_->refused()) {
      if (duplicate.rows++ == 0) {
        duplicate.split = SplitOf(ahead_->place);
        duplicate.row = ahead_->place & kRowMask;
      }
      ++window_.counts.read;
      ++window_.counts.superseded;
    }
    row = *ahead_;
  }
  return std::optional<RowHash>(row);
}

Result<SnapshotCompare::Duplicate> SnapshotCompare::Compare(IndexCursor& index) {
  Duplicate duplicate;
  RETURN_IF_ERROR(hashes_->StartReading());
  ASSIGN_OR_RETURN(ahead_, hashes_->Next());
  ASSIGN_OR_RETURN(std::optional<RowHash> row, NextIdentity(duplicate));
  ASSIGN_OR_RETURN(const IndexEntry* old, index.Next());
  const CallContext ctx{.stop = parts_.stop.token()};
  for (uint64_t compared = 0; row.has_value() || old != nullptr; ++compared) {
    if (compared % kPlacesAtOnce == 0) RETURN_IF_ERROR(ctx.CheckNotStopped());
    const bool use_row = row.has_value() && (old == nullptr || row->identity <= old->identity);
    const bool use_old = old != nullptr && (!row.has_value() || old->identity <= row->identity);
    RETURN_IF_ERROR(CompareOne(use_row ? &*row : nullptr, use_old ? old : nullptr));
    if (use_row) {
      ASSIGN_OR_RETURN(row, NextIdentity(duplicate));
    }
    if (use_old) {
      ASSIGN_OR_RETURN(old, index.Next());
    }
  }
  window_.documents = documents_;
  hashes_.reset();
  ReturnFreeMemory();
  RETURN_IF_ERROR(SortChanged());
  return duplicate;
}

// A row that was refused leaves the document as it was: it is listed, and no reason to delete it.
Status SnapshotCompare::CompareOne(const RowHash* row, const IndexEntry* old) {
  if (row == nullptr) return AddOld(*old);
  if (row->refused()) {
    documents_ += old == nullptr ? 0 : 1;
    return Status::Ok();
  }
  ++documents_;
  const bool known = old != nullptr && old->content != Hash128{};
  if (known && old->content == row->content) {
    ++window_.counts.read;
    ++window_.counts.unchanged;
    return Status::Ok();
  }
  if (old != nullptr && options_.rules.old_images_delete) RETURN_IF_ERROR(AddOld(*old));
  return changed_places_.Add(row->place);
}

// Where nothing is ever deleted, what vanished stays, and there may be a lot of it.
Status SnapshotCompare::AddOld(const IndexEntry& old) {
  if (!options_.rules.old_images_delete) {
    ++window_.counts.read;
    ++window_.counts.filtered;
    ++documents_;
    return Status::Ok();
  }
  Document key;
  key.identity = old.identity;
  key.partition_key = old.partition_key;
  key.id = old.id;
  const auto split = static_cast<uint32_t>(window_.splits.size() - 1);  // stands for the index
  return window_.images->AddOld(key, old.content, split, window_.through);
}

Status SnapshotCompare::SortChanged() {
  RETURN_IF_ERROR(changed_places_.StartReading());
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<uint64_t> place, changed_places_.Next());
    if (!place.has_value()) return Status::Ok();
    const uint32_t split = SplitOf(*place);
    if (changed_.empty() || changed_.back().split != split) {
      changed_.push_back({.split = split, .first = changed_rows_.size(), .count = 0});
    }
    ++changed_.back().count;
    RETURN_IF_ERROR(changed_rows_.Append(*place & kRowMask));
  }
}

Status SnapshotCompare::ReadChanged() {
  return ReadAll(static_cast<uint32_t>(changed_.size()),
                 [this](uint32_t index, const CallContext& ctx) {
                   return ReadChangedOf(changed_[index], ctx);
                 });
}

Status SnapshotCompare::ReadChangedOf(const Changed& changed, const CallContext& ctx) {
  ASSIGN_OR_RETURN(const std::vector<uint64_t> first, changed_rows_.Read(changed.first, 1));
  uint64_t next = changed.first;  // in changed_rows_
  const auto use = [&](const Batch& batch) -> Result<bool> {
    const uint64_t end = batch.first_row + static_cast<uint64_t>(batch.rows());
    RETURN_IF_ERROR(AddChangedOf(batch, end, changed, next));
    return next < changed.first + changed.count;
  };
  RETURN_IF_ERROR(ReadSplit(changed.split, first.front(), use, ctx));
  if (next == changed.first + changed.count) return Status::Ok();
  return DataLoss(fmt::format("{} ended before a row that it had when it was read first",
                              parts_.snapshot.splits()[changed.split].key));
}

Status SnapshotCompare::AddChangedOf(const Batch& batch, uint64_t end, const Changed& changed,
                                     uint64_t& next) {
  std::vector<uint32_t> rows;
  for (bool more = true; more;) {
    const uint64_t count = std::min(kPlacesAtOnce, changed.first + changed.count - next);
    ASSIGN_OR_RETURN(const std::vector<uint64_t> places, changed_rows_.Read(next, count));
    const auto in_batch =
        static_cast<uint64_t>(std::lower_bound(places.begin(), places.end(), end) - places.begin());
    for (uint64_t i = 0; i < in_batch; ++i) {
      rows.push_back(static_cast<uint32_t>(places[i] - batch.first_row));
    }
    next += in_batch;
    more = in_batch == count && count == kPlacesAtOnce;
  }
  if (rows.empty()) return Status::Ok();
  ASSIGN_OR_RETURN(const std::shared_ptr<EncodedBatch> encoded,
                   parts_.encoder.EncodeRows(batch, Intent::kUpsert, rows));
  if (encoded->documents.size() != rows.size()) {
    return Internal("a row is a document at the first reading and not at the second");
  }
  return window_.images->AddNew(*encoded, changed.split, window_.through);
}

}  // namespace spillway
