#include "verify/confidence.h"

#include <cmath>

namespace spillway {
namespace {

// The probability that at most `differing` of `drawn` differ when each does with probability
// `share`. In logarithms: single terms are far below what a double holds.
double AtMost(uint64_t drawn, uint64_t differing, double share) {
  const auto n = static_cast<double>(drawn);
  double sum = 0;
  for (uint64_t i = 0; i <= differing; ++i) {
    const auto k = static_cast<double>(i);
    const double ways = std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1);
    sum += std::exp(ways + k * std::log(share) + (n - k) * std::log1p(-share));
  }
  return sum;
}

}  // namespace

double DifferingShareMax(uint64_t drawn, uint64_t differing) {
  if (drawn == 0 || differing >= drawn) return 1;
  if (differing == 0) return -std::expm1(std::log(1 - kConfidence) / static_cast<double>(drawn));
  constexpr int kHalvings = 60;
  double low = 0;
  double high = 1;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (low + high) / 2;
    (AtMost(drawn, differing, middle) > 1 - kConfidence ? low : high) = middle;
  }
  return high;
}

}  // namespace spillway
