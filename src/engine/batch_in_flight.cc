#include "engine/batch_in_flight.h"

#include <iterator>
#include <utility>

#include "base/check.h"

namespace spillway {

uint64_t MemoryOf(const EncodedBatch& batch) {
  return batch.bytes.capacity() + batch.documents.capacity() * sizeof(Document) +
         batch.rejected.capacity() * sizeof(RejectedRow);
}

BatchInFlight::BatchInFlight(std::shared_ptr<const EncodedBatch> encoded, BatchShares shares,
                             std::shared_ptr<BatchParts> parts)
    : encoded_(std::move(encoded)),
      shares_(std::move(shares)),
      parts_(std::move(parts)),
      fates_(encoded_->documents.size(), RowFate::kOpen),
      unsettled_(documents()) {}

void BatchInFlight::Reject(uint32_t index, RejectedRow row) {
  fates_[index] = RowFate::kRejected;
  std::lock_guard lock(mutex_);
  rejected_.push_back(std::move(row));
}

IntentCounts BatchInFlight::Counts() const {
  IntentCounts counts;
  counts.read = encoded_->rows_read;
  counts.filtered = encoded_->rows_filtered;
  counts.rejected = encoded_->rejected.size();
  for (const RowFate fate : fates_) {
    counts.upserted += IsUpserted(fate);
    switch (fate) {
      case RowFate::kOpen:
      case RowFate::kUpserted:
        break;
      case RowFate::kInserted:
        ++counts.inserted;
        break;
      case RowFate::kReplaced:
        ++counts.replaced;
        break;
      case RowFate::kDeleted:
        ++counts.deleted;
        break;
      case RowFate::kNotFound:
        ++counts.delete_found_nothing;
        break;
      case RowFate::kSuppressed:
        ++counts.filtered;
        break;
      case RowFate::kRejected:
        ++counts.rejected;
        break;
    }
  }
  return counts;
}

std::vector<RejectedRow> BatchInFlight::TakeRejected() {
  std::vector<RejectedRow> rejected(encoded_->rejected);
  std::lock_guard lock(mutex_);
  rejected.insert(rejected.end(), std::make_move_iterator(rejected_.begin()),
                  std::make_move_iterator(rejected_.end()));
  rejected_.clear();
  return rejected;
}

BatchInFlight& OpenBatches::Open(std::shared_ptr<const EncodedBatch> encoded, BatchShares shares,
                                 std::shared_ptr<BatchParts> parts) {
  auto batch =
      std::make_unique<BatchInFlight>(std::move(encoded), std::move(shares), std::move(parts));
  BatchInFlight& opened = *batch;
  std::lock_guard lock(mutex_);
  batches_.emplace(&opened, std::move(batch));
  return opened;
}

Status OpenBatches::Settle(BatchInFlight& batch, uint32_t documents) {
  // acq_rel: the last one sees the fates that the others have set.
  const uint32_t before = batch.unsettled_.fetch_sub(documents, std::memory_order_acq_rel);
  SPILLWAY_CHECK(before >= documents);
  if (before != documents) return Status::Ok();
  const Status told = on_settled_(batch);
  std::lock_guard lock(mutex_);
  batches_.erase(&batch);
  return told;
}

void OpenBatches::VisitUnsettled(const std::function<void(BatchInFlight&)>& visit) {
  std::lock_guard lock(mutex_);
  for (const auto& [batch, owner] : batches_) visit(*owner);
}

}  // namespace spillway
