// DrawRows: rows of a table drawn at random by their position, each as likely as any other.
#ifndef SPILLWAY_VERIFY_ROW_DRAW_H_
#define SPILLWAY_VERIFY_ROW_DRAW_H_

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "base/result.h"
#include "model/table.h"

namespace spillway {

struct RowDraw {
  uint64_t rows_total = 0;
  std::map<uint32_t, std::vector<uint64_t>> rows;  // by split, ascending
};

// `count` different rows, or all when there are fewer. The same seed draws the same rows.
// kUnsupported: a split does not say how many rows it has.
Result<RowDraw> DrawRows(std::span<const Split> splits, uint64_t count, uint64_t seed);

}  // namespace spillway

#endif  // SPILLWAY_VERIFY_ROW_DRAW_H_
