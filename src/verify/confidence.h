// What a random sample says of the whole.
#ifndef SPILLWAY_VERIFY_CONFIDENCE_H_
#define SPILLWAY_VERIFY_CONFIDENCE_H_

#include <cstdint>

namespace spillway {

inline constexpr double kConfidence = 0.95;

// The share of a population that differs is below this, with 95 % confidence, when `differing` of
// `drawn` members drawn at random do: the upper bound of Clopper and Pearson, one-sided. 1 when
// nothing was drawn.
double DifferingShareMax(uint64_t drawn, uint64_t differing);

}  // namespace spillway

#endif  // SPILLWAY_VERIFY_CONFIDENCE_H_
