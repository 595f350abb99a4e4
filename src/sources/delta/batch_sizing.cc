#include "sources/delta/batch_sizing.h"

#include <algorithm>

namespace spillway {

BatchSizing::BatchSizing(uint64_t bytes_target, uint64_t rows, uint64_t decoded_bytes, bool exact)
    : bytes_target_(std::max<uint64_t>(bytes_target, 1)), rows_(RowsFor(rows, decoded_bytes)) {
  if (!exact) rows_ = std::min(rows_, kProbeRows);
}

bool BatchSizing::Observe(uint64_t rows, uint64_t bytes, uint64_t rows_left) {
  if (rows == 0) return false;
  const uint64_t ideal = RowsFor(rows, bytes);
  const bool too_large = bytes / 2 > bytes_target_ && ideal < rows_;
  const bool much_too_small = ideal / 4 >= rows_ && rows_left / kBatchesLeftMin > rows_;
  if (!too_large && !much_too_small) return false;
  rows_ = ideal;
  return true;
}

uint64_t BatchSizing::RowsFor(uint64_t rows, uint64_t bytes) const {
  const uint64_t row_bytes = rows == 0 ? 1 : std::max<uint64_t>(bytes / rows, 1);
  return std::clamp<uint64_t>(bytes_target_ / row_bytes, 1, kRowsMax);
}

}  // namespace spillway
