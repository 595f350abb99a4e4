// BatchPool: encoded batches that are done with, kept for the next ones. New memory costs more than
// the writing into it: the system clears each page at its first touch.
#ifndef SPILLWAY_TRANSFORMS_BATCH_POOL_H_
#define SPILLWAY_TRANSFORMS_BATCH_POOL_H_

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "model/document.h"

namespace spillway {

// A spare is taken before a new batch is made, so batches in use and spares together are never more
// than were in use at once. Thread-safe; lives as long as one of its batches does.
class BatchPool : public std::enable_shared_from_this<BatchPool> {
 public:
  // Spares beyond this are freed: in bytes of text and documents.
  static constexpr size_t kSpareBytesMax = 16 << 20;

  // An empty batch but for `bytes`, which has the text of an earlier batch: to be written over, see
  // JsonBuffer. It comes back here when its last owner lets go of it.
  std::shared_ptr<EncodedBatch> Take();

  size_t spare_bytes() const;

 private:
  void GiveBack(std::unique_ptr<EncodedBatch> batch);

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<EncodedBatch>> spares_;
  size_t spare_bytes_ = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_TRANSFORMS_BATCH_POOL_H_
