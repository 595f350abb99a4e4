// RejectedGuard: stops a run whose share of rejected rows is over what the user allows
// (`max_rejected`).
#ifndef SPILLWAY_ENGINE_REJECTED_BUDGET_H_
#define SPILLWAY_ENGINE_REJECTED_BUDGET_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "base/status.h"
#include "engine/run_options.h"

namespace spillway {

// Thread-safe.
class RejectedGuard {
 public:
  // `read` and `rejected`: what earlier runs of the same load counted.
  RejectedGuard(const RejectedBudget& budget, std::string pipeline, uint64_t read,
                uint64_t rejected);

  void CountRead(uint64_t rows) { read_.fetch_add(rows, std::memory_order_relaxed); }
  // kRejectedOverBudget once there are too many.
  Status CountRejected(uint64_t rows);
  // The judgement at the end, when a share is one of all rows.
  Status CheckAtEnd() const;

 private:
  Status Check(uint64_t read, uint64_t rejected, bool at_end) const;

  const RejectedBudget budget_;
  const std::string pipeline_;
  std::atomic<uint64_t> read_;
  std::atomic<uint64_t> rejected_;
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_REJECTED_BUDGET_H_
