#include "verify/row_fetch.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "engine/held_memory.h"
#include "engine/verify_side.h"

namespace spillway {
namespace {

// A file is opened anew at a row that stands so far behind the last batch; nearer ones are read up
// to.
constexpr uint64_t kGapRowsMin = 100'000;

// The rows of one split, given in ascending order.
class SplitFetch {
 public:
  SplitFetch(const FetchParts& parts, const RowFetch::OnDocument& on_document,
             const CallContext& ctx)
      : parts_(parts), on_document_(on_document), ctx_(ctx) {}

  Status Want(uint64_t place) {
    const uint32_t split = SplitOf(place);
    const uint64_t row = RowOf(place);
    if (reader_ == nullptr || split != split_) {
      RETURN_IF_ERROR(Finish());
      RETURN_IF_ERROR(OpenAt(split, row));
    }
    while (row >= end_) {
      RETURN_IF_ERROR(EncodeWanted());
      if (batch_.has_value() && row >= end_ + kGapRowsMin) {
        RETURN_IF_ERROR(OpenAt(split, row));
      }
      RETURN_IF_ERROR(NextBatch());
    }
    wanted_.push_back(static_cast<uint32_t>(row - batch_->first_row));
    return Status::Ok();
  }

  Status Finish() {
    RETURN_IF_ERROR(EncodeWanted());
    Close();
    return Status::Ok();
  }

 private:
  void Close() {
    batch_.reset();
    reader_.reset();
    held_.reset();
    end_ = 0;
  }

  Status OpenAt(uint32_t split, uint64_t row) {
    Close();
    split_ = split;
    held_.emplace();
    ASSIGN_OR_RETURN(reader_, parts_.snapshot.OpenSplit(split, row, ctx_));
    return held_->Take(parts_.reading, reader_->held_bytes(), ctx_.stop);
  }

  Status NextBatch() {
    RETURN_IF_ERROR(ctx_.CheckNotStopped());
    Result<std::optional<Batch>> batch = reader_->Next(ctx_);
    if (!batch.ok()) {
      return std::move(batch).status().WithContext(
          fmt::format("reading {}", parts_.snapshot.splits()[split_].key));
    }
    if (!batch->has_value()) {
      return DataLoss(fmt::format("{} ended before a row that it had when it was read first",
                                  parts_.snapshot.splits()[split_].key));
    }
    batch_ = *std::move(batch);
    end_ = batch_->first_row + static_cast<uint64_t>(batch_->rows());
    return Status::Ok();
  }

  Status EncodeWanted() {
    if (wanted_.empty()) return Status::Ok();
    ASSIGN_OR_RETURN(const std::shared_ptr<EncodedBatch> encoded,
                     parts_.encoder.EncodeRows(*batch_, Intent::kUpsert, wanted_));
    if (encoded->documents.size() != wanted_.size()) {
      return Internal("a row is a document at the first reading and not at the second");
    }
    for (const Document& document : encoded->documents) {
      RETURN_IF_ERROR(on_document_(
          document, PackPlace(split_, batch_->first_row + document.row) | kIsDocument));
    }
    wanted_.clear();
    return Status::Ok();
  }

  const FetchParts& parts_;
  const RowFetch::OnDocument& on_document_;
  const CallContext& ctx_;
  uint32_t split_ = 0;
  std::optional<HeldMemory> held_;  // before the reader, which it outlives
  std::unique_ptr<SplitReader> reader_;
  std::optional<Batch> batch_;
  uint64_t end_ = 0;              // behind the batch
  std::vector<uint32_t> wanted_;  // of the batch
};

}  // namespace

Status RowFetch::Add(uint64_t place) {
  ++size_;
  return places_.Add(place);
}

Status RowFetch::Read(const FetchParts& parts, const OnDocument& on_document,
                      const CallContext& ctx) {
  RETURN_IF_ERROR(places_.StartReading());
  SplitFetch fetch(parts, on_document, ctx);
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<uint64_t> place, places_.Next());
    if (!place.has_value()) return fetch.Finish();
    RETURN_IF_ERROR(fetch.Want(*place));
  }
}

}  // namespace spillway
