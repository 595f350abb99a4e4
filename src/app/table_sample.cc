#include "app/table_sample.h"

#include <algorithm>
#include <memory>
#include <optional>

namespace spillway {

Result<uint32_t> ReadSample(const Snapshot& snapshot,
                            const std::function<Status(const Batch&)>& visit,
                            const CallContext& ctx) {
  const auto splits = static_cast<uint32_t>(snapshot.splits().size());
  const uint32_t count = std::min(splits, kSampleSplitsMax);
  for (uint32_t i = 0; i < count; ++i) {
    const auto index = static_cast<uint32_t>(uint64_t{i} * splits / count);
    ASSIGN_OR_RETURN(const std::unique_ptr<SplitReader> reader, snapshot.OpenSplit(index, 0, ctx));
    for (uint64_t rows = 0; rows < kSampleRowsPerSplit;) {
      ASSIGN_OR_RETURN(const std::optional<Batch> batch, reader->Next(ctx));
      if (!batch) break;
      rows += static_cast<uint64_t>(batch->rows());
      RETURN_IF_ERROR(visit(*batch));
    }
  }
  return count;
}

}  // namespace spillway
