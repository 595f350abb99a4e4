#include "sketches/distinct_counter.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>

namespace spillway {
namespace {

constexpr int kIndexBits = 14;
constexpr int kRankBits = 64 - kIndexBits;
constexpr size_t kRegisters = size_t{1} << kIndexBits;

// The share of registers that were never touched, carried over to small counts.
double Sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double weight = 1;
  double sum = x;
  for (double before = -1; sum != before; weight += weight) {
    x *= x;
    before = sum;
    sum += x * weight;
  }
  return sum;
}

// The share of registers that are full, carried over to huge counts.
double Tau(double x) {
  if (x == 0 || x == 1) return 0;
  double weight = 1;
  double sum = 1 - x;
  for (double before = -1; sum != before;) {
    x = std::sqrt(x);
    before = sum;
    weight *= 0.5;
    sum -= (1 - x) * (1 - x) * weight;
  }
  return sum / 3;
}

}  // namespace

DistinctCounter::DistinctCounter() : registers_(kRegisters) {}

void DistinctCounter::Add(uint64_t hash) {
  uint8_t& reg = registers_[hash >> kRankBits];
  const int rank = std::min(std::countl_zero(hash << kIndexBits), kRankBits) + 1;
  reg = std::max(reg, static_cast<uint8_t>(rank));
}

double DistinctCounter::Estimate() const {
  std::array<uint32_t, kRankBits + 2> with_rank{};
  for (const uint8_t reg : registers_) ++with_rank[reg];
  constexpr double kCount = kRegisters;
  double z = kCount * Tau(1 - with_rank[kRankBits + 1] / kCount);
  for (int rank = kRankBits; rank >= 1; --rank) {
    z = 0.5 * (z + with_rank[static_cast<size_t>(rank)]);
  }
  z += kCount * Sigma(with_rank[0] / kCount);
  return kCount * kCount / (2 * std::numbers::ln2 * z);
}

}  // namespace spillway
