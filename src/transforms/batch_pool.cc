#include "transforms/batch_pool.h"

#include <utility>

namespace spillway {
namespace {

size_t BytesOf(const EncodedBatch& batch) {
  return batch.bytes.capacity() + batch.documents.capacity() * sizeof(Document);
}

// Keeps the memory of the text and the documents, and nothing of what they said.
void Clear(EncodedBatch& batch) {
  EncodedBatch empty;
  batch.documents.clear();
  std::swap(empty.bytes, batch.bytes);
  std::swap(empty.documents, batch.documents);
  batch = std::move(empty);
}

}  // namespace

std::shared_ptr<EncodedBatch> BatchPool::Take() {
  std::unique_ptr<EncodedBatch> batch;
  {
    std::lock_guard lock(mutex_);
    if (!spares_.empty()) {
      batch = std::move(spares_.back());
      spares_.pop_back();
      spare_bytes_ -= BytesOf(*batch);
    }
  }
  if (batch == nullptr) batch = std::make_unique<EncodedBatch>();
  return {batch.release(), [pool = shared_from_this()](EncodedBatch* done) {
            pool->GiveBack(std::unique_ptr<EncodedBatch>(done));
          }};
}

void BatchPool::GiveBack(std::unique_ptr<EncodedBatch> batch) {
  Clear(*batch);
  const size_t bytes = BytesOf(*batch);
  std::lock_guard lock(mutex_);
  if (spare_bytes_ + bytes > kSpareBytesMax) return;
  spare_bytes_ += bytes;
  spares_.push_back(std::move(batch));
}

size_t BatchPool::spare_bytes() const {
  std::lock_guard lock(mutex_);
  return spare_bytes_;
}

}  // namespace spillway
