#include "verify/row_draw.h"

#include <algorithm>
#include <random>
#include <unordered_set>

namespace spillway {
namespace {

// Floyd's method: `count` different numbers below `below`, each set of them as likely.
std::vector<uint64_t> DrawNumbers(uint64_t below, uint64_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::unordered_set<uint64_t> drawn;
  drawn.reserve(count);
  for (uint64_t last = below - count; last < below; ++last) {
    const uint64_t number = std::uniform_int_distribution<uint64_t>(0, last)(random);
    if (!drawn.insert(number).second) drawn.insert(last);
  }
  std::vector<uint64_t> numbers(drawn.begin(), drawn.end());
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace

Result<RowDraw> DrawRows(std::span<const Split> splits, uint64_t count, uint64_t seed) {
  RowDraw draw;
  for (const Split& split : splits) {
    if (!split.rows.has_value()) {
      return Unsupported("the log does not say how many rows " + split.key +
                         " has, so that no row can be drawn")
          .WithHint("leave --sample out: all documents are compared then");
    }
    draw.rows_total += *split.rows;
  }
  if (draw.rows_total == 0) return draw;
  uint32_t split = 0;
  uint64_t before = 0;  // rows of the splits before this one
  for (const uint64_t number :
       DrawNumbers(draw.rows_total, std::min(count, draw.rows_total), seed)) {
    while (number >= before + *splits[split].rows) before += *splits[split++].rows;
    draw.rows[split].push_back(number - before);
  }
  return draw;
}

}  // namespace spillway
