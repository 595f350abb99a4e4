// Overflow: documents of lanes that are far behind the others, on disk until their lanes have room.
// Without it the rows of one slow range of the destination fill the memory, and the rows of all
// other ranges wait behind them.
#ifndef SPILLWAY_ENGINE_OVERFLOW_H_
#define SPILLWAY_ENGINE_OVERFLOW_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/batch_in_flight.h"
#include "engine/batch_parts.h"
#include "engine/spill_file.h"

namespace spillway {

// Thread-safe. The file takes as much of the disk as was ever waiting at a time, and is gone with
// this object, or with the process: what it held belongs to rows that are not settled, and is read
// again.
class Overflow {
 public:
  // The file is made when it is first needed.
  Overflow(std::string path, uint32_t lanes, OpenBatches& batches);

  // Whether documents of the lane wait here.
  bool holds(uint32_t lane) const { return waiting_[lane].load(std::memory_order_relaxed) > 0; }
  uint64_t documents() const { return documents_.load(std::memory_order_relaxed); }

  // Copies the documents to the end of what waits for the lane; they are one part of their batch.
  // `of` says which batch: its split and first row. kUnavailable when the disk is full.
  Status Put(uint32_t lane, const EncodedBatch& of, std::span<const Document* const> documents,
             std::shared_ptr<BatchParts> parts);

  // The part that has waited longest for the lane, open again; nullptr when none does. For the lane
  // itself, which holds one of them at a time in memory that no budget counts: less than a batch.
  Result<BatchInFlight*> Take(uint32_t lane);

 private:
  struct Waiting {
    uint64_t offset = 0;
    uint64_t bytes = 0;
    uint32_t documents = 0;
    uint32_t split = 0;
    uint64_t first_row = 0;
    std::shared_ptr<BatchParts> parts;
  };

  Status Append(const std::string& bytes, uint64_t& offset);
  Result<std::shared_ptr<EncodedBatch>> Read(const Waiting& waiting);
  void Forget(const Waiting& waiting);

  const std::string path_;
  OpenBatches& batches_;
  std::mutex mutex_;  // of what follows, but for the counters
  std::unique_ptr<SpillFile> file_;
  std::vector<std::deque<Waiting>> lanes_;
  uint32_t on_disk_ = 0;  // parts that wait or are being read
  std::vector<std::atomic<uint32_t>> waiting_;
  std::atomic<uint64_t> documents_{0};
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_OVERFLOW_H_
