#include "throughput/share_division.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>

namespace spillway {

// From the most modest on: who wants less than an equal part of the rest gets it, the others divide
// what is then left.
std::vector<double> DivideShares(double pool, const std::vector<std::optional<double>>& wanted) {
  const auto want = [&](size_t member) {
    return std::max(wanted[member].value_or(std::numeric_limits<double>::infinity()), kIdlePart);
  };
  std::vector<size_t> order(wanted.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t left, size_t right) { return want(left) < want(right); });
  std::vector<double> parts(wanted.size(), 0);
  double rest = std::max(pool, 0.0);
  for (size_t i = 0; i < order.size(); ++i) {
    const double equal = rest / static_cast<double>(order.size() - i);
    parts[order[i]] = std::min(want(order[i]), equal);
    rest -= parts[order[i]];
  }
  for (double& part : parts) part += rest / static_cast<double>(parts.size());
  return parts;
}

}  // namespace spillway
