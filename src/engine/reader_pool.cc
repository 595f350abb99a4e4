#include "engine/reader_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "engine/held_memory.h"

namespace spillway {
namespace {

uint64_t BytesOf(const Document& document) {
  return document.body.size() + document.id.size() + document.partition_key.size() +
         document.etag.size();
}

// The batch as it is read, with these of its documents and no room for others.
EncodedBatch CopyOf(const EncodedBatch& batch, const std::vector<const Document*>& documents) {
  EncodedBatch copy;
  copy.rejected = batch.rejected;
  copy.rows_read = batch.rows_read;
  copy.rows_filtered = batch.rows_filtered;
  copy.split = batch.split;
  copy.first_row = batch.first_row;
  size_t bytes = 0;
  for (const Document* document : documents) bytes += BytesOf(*document);
  copy.bytes.reserve(bytes);  // it does not move from here on
  copy.documents.reserve(documents.size());
  const auto copied = [&copy](std::string_view text) {
    const size_t begin = copy.bytes.size();
    copy.bytes.append(text);
    return std::string_view(copy.bytes).substr(begin);
  };
  for (const Document* document : documents) {
    Document& taken = copy.documents.emplace_back(*document);
    taken.body = copied(document->body);
    taken.id = copied(document->id);
    taken.partition_key = copied(document->partition_key);
    taken.etag = copied(document->etag);
  }
  return copy;
}

void KeepOnly(EncodedBatch& batch, const std::vector<uint64_t>& rows) {
  std::erase_if(batch.documents, [&](const Document& document) {
    return !std::binary_search(rows.begin(), rows.end(), batch.first_row + document.row);
  });
  batch.rejected.clear();
}

}  // namespace

uint64_t BytesOfRows(const Split& split, uint64_t rows) {
  if (split.rows.value_or(0) == 0) return 0;
  const double share = static_cast<double>(rows) / static_cast<double>(*split.rows);
  return static_cast<uint64_t>(std::min(share, 1.0) * static_cast<double>(split.bytes));
}

ReaderPool::ReaderPool(ReaderParts parts, std::vector<SplitWork> work, uint32_t readers,
                       OnSplitRead on_split_read)
    : parts_(parts),
      work_(std::move(work)),
      on_split_read_(std::move(on_split_read)),
      running_(std::max(readers, 1u)) {
  for (uint32_t reader = running_; reader > 0; --reader) {
    threads_.emplace_back([this] {
      Status ended = ReadAll();
      if (!ended.ok()) parts_.stop.Stop(std::move(ended));
      if (--running_ == 0) parts_.lanes.CloseInput();
    });
  }
}

Status ReaderPool::ReadAll() {
  while (true) {
    const size_t taken = next_.fetch_add(1);
    if (taken >= work_.size()) return Status::Ok();
    const SplitWork& work = work_[taken];
    Status read = ReadSplit(work);
    if (read.code() == StatusCode::kCancelled) return read;
    const std::string& key = parts_.snapshot.splits()[work.split].key;
    if (read.code() == StatusCode::kNotFound && read.hint().empty()) {
      read = std::move(read).WithHint(
          "a clean-up (VACUUM) may have removed the file: load a newer version with --full");
    }
    RETURN_IF_ERROR(std::move(read).WithContext(fmt::format("reading {}", key)));
  }
}

Status ReaderPool::ReadSplit(const SplitWork& work) {
  const CallContext ctx{.stop = parts_.stop.token()};
  HeldMemory held;
  ASSIGN_OR_RETURN(const std::unique_ptr<SplitReader> reader,
                   parts_.snapshot.OpenSplit(work.split, work.skip_rows, ctx));
  RETURN_IF_ERROR(held.Take(parts_.reading, reader->held_bytes(), parts_.stop.token()));
  const Split& split = parts_.snapshot.splits()[work.split];
  uint64_t next_row = work.skip_rows;
  uint64_t bytes_counted = BytesOfRows(split, next_row);
  while (work.only_rows.empty() || next_row <= work.only_rows.back()) {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    ASSIGN_OR_RETURN(std::optional<Batch> batch, reader->Next(ctx));
    if (!batch.has_value()) break;
    const auto rows = static_cast<uint64_t>(batch->rows());
    if (batch->first_row != next_row || batch->split != work.split) {
      return Internal(fmt::format("the source gave row {} of split {} where row {} of {} was due",
                                  batch->first_row, batch->split, next_row, work.split));
    }
    ASSIGN_OR_RETURN(std::shared_ptr<EncodedBatch> encoded,
                     parts_.encoder.Encode(*batch, parts_.intent));
    batch.reset();  // its memory is not held while waiting for room
    next_row += rows;
    if (work.only_rows.empty()) CountBytesTo(BytesOfRows(split, next_row), bytes_counted);
    RETURN_IF_ERROR(Admit(work, std::move(encoded)));
  }
  if (!work.only_rows.empty()) return Status::Ok();
  CountBytesTo(split.bytes, bytes_counted);
  on_split_read_(work.split, next_row);
  return Status::Ok();
}

void ReaderPool::CountBytesTo(uint64_t bytes, uint64_t& bytes_counted) {
  if (bytes <= bytes_counted) return;
  parts_.meter.bytes_read += bytes - bytes_counted;
  bytes_counted = bytes;
}

Status ReaderPool::Admit(const SplitWork& work, std::shared_ptr<EncodedBatch> encoded) {
  if (!work.only_rows.empty()) {
    KeepOnly(*encoded, work.only_rows);
    if (encoded->documents.empty()) return Status::Ok();
  } else {
    parts_.rejected.CountRead(encoded->rows_read);
    parts_.meter.rows_settled += encoded->rows_read - encoded->documents.size();
  }
  const uint64_t rejected = encoded->rejected.size();
  const SteadyTime asked = parts_.clock.Now();
  BatchShares shares;
  ASSIGN_OR_RETURN(shares.place, parts_.places.Take(1, parts_.stop.token()));
  const bool may_part = parts_.overflow != nullptr && work.only_rows.empty();
  ASSIGN_OR_RETURN(std::optional<Budget::Share> memory,
                   parts_.memory.TakeUnless(
                       MemoryOf(*encoded), [&] { return may_part && parts_.lanes.uneven(); },
                       parts_.stop.token()));
  parts_.meter.readers_held_ns += (parts_.clock.Now() - asked).count();
  if (memory.has_value()) {
    shares.memory = *std::move(memory);
    RETURN_IF_ERROR(Open(encoded, std::move(shares)));
  } else {
    RETURN_IF_ERROR(AdmitParts(std::move(encoded), std::move(shares.place)));
  }
  return parts_.rejected.CountRejected(rejected);
}

// The documents of lanes that are far behind go to the overflow; the others go on, with memory that
// is kept for them.
Status ReaderPool::AdmitParts(std::shared_ptr<EncodedBatch> encoded, Budget::Share place) {
  const std::vector<uint32_t> lane_of = parts_.lanes.Route(*encoded);
  // Asked once of each lane: two rows of one key go the same way.
  std::vector<bool> behind(parts_.lanes.size());
  for (uint32_t lane = 0; lane < behind.size(); ++lane) {
    behind[lane] = parts_.lanes.far_behind(lane);
  }
  std::map<uint32_t, std::vector<const Document*>> late;
  std::vector<const Document*> at_once;
  for (size_t i = 0; i < lane_of.size(); ++i) {
    (behind[lane_of[i]] ? late[lane_of[i]] : at_once).push_back(&encoded->documents[i]);
  }
  const auto parts = std::make_shared<BatchParts>(static_cast<uint32_t>(late.size()) + 1,
                                                  encoded->rows_read, std::move(place));
  for (const auto& [lane, documents] : late) {
    RETURN_IF_ERROR(parts_.overflow->Put(lane, *encoded, documents, parts));
    RETURN_IF_ERROR(parts_.lanes.Wake(lane));
  }
  const auto left = std::make_shared<EncodedBatch>(CopyOf(*encoded, at_once));
  encoded.reset();
  BatchShares shares;
  ASSIGN_OR_RETURN(shares.memory, parts_.reserve->Take(MemoryOf(*left), parts_.stop.token()));
  return Open(left, std::move(shares), parts);
}

Status ReaderPool::Open(const std::shared_ptr<EncodedBatch>& encoded, BatchShares shares,
                        std::shared_ptr<BatchParts> parts) {
  const bool has_documents = !encoded->documents.empty();
  BatchInFlight& batch = parts_.batches.Open(encoded, std::move(shares), std::move(parts));
  return has_documents ? parts_.lanes.Push(batch, *encoded) : parts_.batches.Settle(batch, 0);
}

}  // namespace spillway
