// ReadSample: a few rows of a table, spread evenly over it.
#ifndef SPILLWAY_APP_TABLE_SAMPLE_H_
#define SPILLWAY_APP_TABLE_SAMPLE_H_

#include <cstdint>
#include <functional>

#include "base/call_context.h"
#include "base/result.h"
#include "connector/source.h"

namespace spillway {

inline constexpr uint32_t kSamplePlacesMax = 8;
inline constexpr uint64_t kSampleRowsPerPlace = 2'000;  // and what else their last batch has
inline constexpr uint64_t kSampleBatchBytes = 1 << 20;  // for SnapshotRequest::batch_bytes_target
inline constexpr uint64_t kSampleBatchesPerPlace = 16;  // wide rows: fewer of them

struct SampleExtent {
  uint32_t splits = 0;  // that were read in
  bool whole = false;   // every row of the table was visited, once
};

// Visits batches from up to kSamplePlacesMax places: the beginnings of as many splits, or several
// places of each where there are few. A table that is no larger than a sample is read as a whole.
Result<SampleExtent> ReadSample(const Snapshot& snapshot,
                                const std::function<Status(const Batch&)>& visit,
                                const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_APP_TABLE_SAMPLE_H_
