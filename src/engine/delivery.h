// Delivery: brings the documents of one lane to the destination: forms writes, sends them, and does
// to each row what the connector judged. It is the one home of retrying, waiting and rejecting, and
// of what happens to an unsure write (I3): its key is quarantined for `settle` and then written
// again.
#ifndef SPILLWAY_ENGINE_DELIVERY_H_
#define SPILLWAY_ENGINE_DELIVERY_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "connector/destination.h"
#include "engine/batch_in_flight.h"
#include "engine/identity_set.h"
#include "engine/rejected_budget.h"
#include "engine/run_meter.h"
#include "engine/run_stop.h"
#include "engine/send_right.h"
#include "engine/waiting_documents.h"
#include "net/concurrency_limit.h"
#include "net/retry_policy.h"
#include "throughput/charge_model.h"
#include "throughput/throughput_limiter.h"

namespace spillway {

// What the deliveries of a run share; all outlive them.
struct DeliveryParts {
  Clock& clock;
  OpenBatches& batches;
  ConcurrencyLimit& concurrency;
  ThroughputLimiter& limiter;
  ChargeModel& charges;
  const SendRight* lease;  // null: none is needed
  RejectedGuard& rejected;
  RunMeter& meter;
  RunStop& stop;
};

struct DeliveryOptions {
  uint32_t rows_max = 1;                     // Capabilities
  uint64_t bytes_target = 0;                 // Capabilities
  uint32_t group = 0;                        // LanePlan
  std::vector<Hash128> section_bounds{};     // LanePlan: of the lane's sections; empty: it is one
  std::chrono::milliseconds settle{15'000};  // I3
  RetryPolicy retry{};                       // of its waits alone: how often is bounded by time
  // A row that could not be written for so long stops the run with its last failure.
  std::chrono::milliseconds row_failing_max{600'000};
  uint64_t seed = 0;  // of the jitter
};

// Used by one thread.
class Delivery {
 public:
  Delivery(DeliveryParts parts, DeliveryOptions options, std::unique_ptr<Writer> writer);

  void Add(const Slice& slice) { waiting_.Add(slice); }
  // Documents that can be sent now, more or less: quarantined keys are found on the way.
  uint64_t waiting() const { return waiting_.size(); }
  size_t sections() const { return waiting_.sections(); }
  // Whether there are enough of one section for a write.
  bool has_full_write() const { return waiting_.Has(write_rows_); }
  // Documents that one write takes now: fewer than `rows_max` where a limit makes writes small.
  uint32_t write_rows() const { return write_rows_; }
  bool empty() const { return waiting_.size() == 0 && quarantine_.empty(); }
  // So many unsure rows that no more documents should be added before they are settled.
  bool crowded() const;

  // Makes unsure rows ready again whose time has come.
  void ReleaseDue();
  // When the next of them is due; nullopt: there are none.
  std::optional<SteadyTime> NextDue() const;

  // One write of what is waiting, and everything that follows from its report, waits included. An
  // error ends the run. `oldest_first`: of the section that has waited longest, full write or not.
  Status Send(bool oldest_first = false);

 private:
  using Item = WaitingDocument;
  struct Unsure {
    Item item;
    SteadyTime due;
    std::vector<Item> held;  // newer documents of the same key, in order
  };
  struct IdentityHasher {
    size_t operator()(const Hash128& identity) const { return identity.low; }
  };
  // Counts fates batch by batch, so that a shared counter is touched once per batch and write.
  struct Tally {
    BatchInFlight* batch = nullptr;
    uint32_t documents = 0;
  };

  void Collect();
  Result<WriteReport> Write();
  Result<WriteReport> WriteAdmitted(SteadyTime asked);
  SendOutcome Learn(const Result<WriteReport>& report);
  Status Judge(const WriteReport& report);
  Status JudgeFailure(const Item& item, const RowFailure& failure);
  Status JudgeAll(const Status& failed);
  Status Retry(Item item, const Status& why);
  Status Quarantine(Item item, const Status& why);
  Status CheckNotFailingTooLong(const Item& item, const Status& why) const;
  Status Reject(const Item& item, const RowFailure& failure);
  Status SetFate(const Item& item, RowFate fate);
  Status Count(BatchInFlight* batch);
  Status FlushTally();
  Status BackOff();

  const DeliveryParts parts_;
  const DeliveryOptions options_;
  const std::unique_ptr<Writer> writer_;
  std::minstd_rand random_;

  WaitingDocuments waiting_;
  std::unordered_map<Hash128, Unsure, IdentityHasher> quarantine_;

  // Of the write at hand; members, so that their memory is kept.
  std::vector<Item> items_;
  std::vector<Document> documents_;
  double units_ = 0;  // that it is expected to cost
  uint32_t write_rows_;
  IdentitySet identities_;
  std::vector<Item> again_;
  std::chrono::milliseconds retry_after_{0};
  bool only_throttled_ = true;  // of the rows to be sent again
  Tally tally_;
  uint32_t settled_ = 0;
  uint32_t failures_in_a_row_ = 0;  // writes that settled nothing
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_DELIVERY_H_
