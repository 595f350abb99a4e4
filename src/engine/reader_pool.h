// ReaderPool: the threads that read splits, encode their rows and hand the documents to the lanes.
// The memory that encoded batches take is asked for here, so a slow destination holds the reading
// back.
#ifndef SPILLWAY_ENGINE_READER_POOL_H_
#define SPILLWAY_ENGINE_READER_POOL_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "connector/source.h"
#include "engine/batch_in_flight.h"
#include "engine/budget.h"
#include "engine/lane.h"
#include "engine/rejected_budget.h"
#include "engine/run_meter.h"
#include "engine/run_stop.h"
#include "transforms/document_encoder.h"

namespace spillway {

// A split to read, after its first `skip_rows` live rows; with `only_rows` (ascending ordinals,
// none before skip_rows) just the documents of these are written.
struct SplitWork {
  uint32_t split = 0;
  uint64_t skip_rows = 0;
  std::vector<uint64_t> only_rows;
};

// What so many rows of a split have in its compressed bytes, in proportion; 0 when its rows are
// unknown.
uint64_t BytesOfRows(const Split& split, uint64_t rows);

// All outlive the pool.
struct ReaderParts {
  const Snapshot& snapshot;
  const DocumentEncoder& encoder;
  Intent intent = Intent::kUpsert;
  Budget& memory;
  Budget& places;
  Budget& reading;  // bytes that readers hold besides their batches
  OpenBatches& batches;
  LaneSet& lanes;
  Overflow* overflow = nullptr;  // nullptr: the rows of slow lanes keep all others waiting
  Budget* reserve = nullptr;     // memory for the rows of the others; with an overflow
  RejectedGuard& rejected;
  RunMeter& meter;
  RunStop& stop;
  Clock& clock;
};

class ReaderPool {
 public:
  // A split was read to its end: it has so many live rows. Not called for work with `only_rows`.
  using OnSplitRead = std::function<void(uint32_t split, uint64_t rows)>;

  // Starts `readers` threads, which take the work in order; the last to end closes the lanes'
  // input. The first failure stops the run. The destructor joins.
  ReaderPool(ReaderParts parts, std::vector<SplitWork> work, uint32_t readers,
             OnSplitRead on_split_read);

 private:
  Status ReadAll();
  Status ReadSplit(const SplitWork& work);
  void CountBytesTo(uint64_t bytes, uint64_t& bytes_counted);
  Status Admit(const SplitWork& work, std::shared_ptr<EncodedBatch> encoded);
  Status AdmitParts(std::shared_ptr<EncodedBatch> encoded, Budget::Share place);
  Status Open(const std::shared_ptr<EncodedBatch>& encoded, BatchShares shares,
              std::shared_ptr<BatchParts> parts = nullptr);

  const ReaderParts parts_;
  const std::vector<SplitWork> work_;
  const OnSplitRead on_split_read_;
  std::atomic<size_t> next_{0};
  std::atomic<uint32_t> running_;
  std::vector<std::jthread> threads_;  // last: they use the rest
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_READER_POOL_H_
