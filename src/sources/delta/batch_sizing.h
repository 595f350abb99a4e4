// BatchSizing: how many rows make a batch of about the wished bytes. Decides from what the file's
// footer says, and corrects itself by what the batches turn out to be: a dictionary can hide values
// of any width behind a few bytes.
#ifndef SPILLWAY_SOURCES_DELTA_BATCH_SIZING_H_
#define SPILLWAY_SOURCES_DELTA_BATCH_SIZING_H_

#include <cstdint>

namespace spillway {

class BatchSizing {
 public:
  static constexpr uint64_t kRowsMax = 65'536;
  // The first batch while the width of rows is only guessed.
  static constexpr uint64_t kProbeRows = 1'024;
  // Going over to larger batches decodes a page of every column twice: worth it only when at least
  // this many batches of the current size are left.
  static constexpr uint64_t kBatchesLeftMin = 32;

  // `decoded_bytes` of `rows` rows, as far as the footer tells; `exact` when it tells it truly.
  BatchSizing(uint64_t bytes_target, uint64_t rows, uint64_t decoded_bytes, bool exact);

  uint64_t rows() const { return rows_; }

  // Takes note of a batch; `rows_left` follow in the file. True when rows() has changed so much
  // that the reader should go on with it.
  bool Observe(uint64_t rows, uint64_t bytes, uint64_t rows_left);

 private:
  uint64_t RowsFor(uint64_t rows, uint64_t bytes) const;

  const uint64_t bytes_target_;
  uint64_t rows_;
};

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_BATCH_SIZING_H_
