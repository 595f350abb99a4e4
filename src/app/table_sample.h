// ReadSample: a few rows of a table, spread evenly over its files.
#ifndef SPILLWAY_APP_TABLE_SAMPLE_H_
#define SPILLWAY_APP_TABLE_SAMPLE_H_

#include <cstdint>
#include <functional>

#include "base/call_context.h"
#include "base/result.h"
#include "connector/source.h"

namespace spillway {

inline constexpr uint32_t kSampleSplitsMax = 8;
inline constexpr uint64_t kSampleRowsPerSplit = 2'000;  // and what else their last batch has
inline constexpr uint64_t kSampleBatchBytes = 1 << 20;  // for SnapshotRequest::batch_bytes_target

// Visits batches of up to kSampleSplitsMax splits, from the beginning of each; returns how many.
Result<uint32_t> ReadSample(const Snapshot& snapshot,
                            const std::function<Status(const Batch&)>& visit,
                            const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_APP_TABLE_SAMPLE_H_
