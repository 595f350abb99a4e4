// BatchParts: a batch of which some documents go to their lanes later than the others (see
// overflow.h). Each part is a BatchInFlight of its own; together they are settled as one batch.
#ifndef SPILLWAY_ENGINE_BATCH_PARTS_H_
#define SPILLWAY_ENGINE_BATCH_PARTS_H_

#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "engine/budget.h"
#include "model/document.h"
#include "model/intent_counts.h"

namespace spillway {

// Thread-safe.
class BatchParts {
 public:
  struct Whole {
    uint64_t rows = 0;
    IntentCounts counts;
    std::vector<RejectedRow> rejected;
    Budget::Share place;
  };

  // `rows` that the parts have together; `place`: of the one batch that they are.
  BatchParts(uint32_t parts, uint64_t rows, Budget::Share place);

  // What a settled part has come to. The last one gets what all of them have; others nullopt.
  std::optional<Whole> Add(const IntentCounts& counts, std::vector<RejectedRow> rejected);

 private:
  std::mutex mutex_;
  uint32_t open_;
  Whole whole_;
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_BATCH_PARTS_H_
