// BatchInFlight and OpenBatches: an encoded batch between its reader and the moment when every one
// of its documents has a fate. Lanes on several threads settle documents of the same batch; whoever
// settles the last one hands the batch over as settled.
#ifndef SPILLWAY_ENGINE_BATCH_IN_FLIGHT_H_
#define SPILLWAY_ENGINE_BATCH_IN_FLIGHT_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "engine/batch_parts.h"
#include "engine/budget.h"
#include "model/document.h"
#include "model/intent_counts.h"

namespace spillway {

// What became of a document (I4: exactly one of these).
enum class RowFate : uint8_t {
  kOpen,
  kUpserted,  // the next two are this too, and say more
  kInserted,
  kReplaced,
  kDeleted,
  kNotFound,
  kSuppressed,
  kRejected,
};
constexpr bool IsUpserted(RowFate fate) {
  return fate == RowFate::kUpserted || fate == RowFate::kInserted || fate == RowFate::kReplaced;
}

// What the readers had to ask for before the batch could go on; given back as it settles.
struct BatchShares {
  Budget::Share memory;  // bytes
  Budget::Share place;   // one of the batches that may be open at a time
};

// What the batch takes of a budget of memory.
uint64_t MemoryOf(const EncodedBatch& batch);

class BatchInFlight {
 public:
  // `parts`: when it is one of several parts of a batch.
  BatchInFlight(std::shared_ptr<const EncodedBatch> encoded, BatchShares shares,
                std::shared_ptr<BatchParts> parts = nullptr);

  const EncodedBatch& encoded() const { return *encoded_; }
  const Document& document(uint32_t index) const { return encoded_->documents[index]; }
  uint32_t documents() const { return static_cast<uint32_t>(encoded_->documents.size()); }
  RowFate fate(uint32_t index) const { return fates_[index]; }

  // The documents' indexes, those of one lane side by side. Set by the router, before lanes see it.
  std::vector<uint32_t>& order() { return order_; }

  // Once per document, by the lane that has it, before OpenBatches::Settle counts it.
  void SetFate(uint32_t index, RowFate fate) { fates_[index] = fate; }
  // The same for kRejected, with the reason.
  void Reject(uint32_t index, RejectedRow row);

  // REQUIRES: every document has its fate (of Counts), or no lane works on it any more (of both).
  IntentCounts Counts() const;
  std::vector<RejectedRow> TakeRejected();
  BatchShares TakeShares() { return std::move(shares_); }
  BatchParts* parts() const { return parts_.get(); }

 private:
  friend class OpenBatches;

  const std::shared_ptr<const EncodedBatch> encoded_;
  BatchShares shares_;
  const std::shared_ptr<BatchParts> parts_;
  std::vector<uint32_t> order_;
  std::vector<RowFate> fates_;
  std::atomic<uint32_t> unsettled_;
  std::mutex mutex_;                   // of rejected_
  std::vector<RejectedRow> rejected_;  // by the destination
};

// Owns all batches in flight of a run. Thread-safe.
class OpenBatches {
 public:
  // Called once per batch, on the thread that settled its last document; not under a lock.
  using OnSettled = std::function<Status(BatchInFlight&)>;
  explicit OpenBatches(OnSettled on_settled) : on_settled_(std::move(on_settled)) {}

  BatchInFlight& Open(std::shared_ptr<const EncodedBatch> encoded, BatchShares shares,
                      std::shared_ptr<BatchParts> parts = nullptr);
  // `documents` more of the batch have a fate. The batch may be gone when this returns.
  Status Settle(BatchInFlight& batch, uint32_t documents);
  // REQUIRES: no lane works any more. Visits the batches that did not get settled.
  void VisitUnsettled(const std::function<void(BatchInFlight&)>& visit);

 private:
  const OnSettled on_settled_;
  std::mutex mutex_;
  std::unordered_map<BatchInFlight*, std::unique_ptr<BatchInFlight>> batches_;
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_BATCH_IN_FLIGHT_H_
