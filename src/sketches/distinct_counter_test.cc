#include "sketches/distinct_counter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "base/hash.h"

namespace spillway {
namespace {

uint64_t HashOf(uint64_t seed, uint64_t value) {
  return Murmur3x64_128(std::to_string(value), seed).high;
}

TEST(DistinctCounter, IsEmptyAtFirst) {
  EXPECT_EQ(DistinctCounter().Estimate(), 0);
}

TEST(DistinctCounter, CountsAValueOnce) {
  DistinctCounter counter;
  for (int i = 0; i < 1000; ++i) counter.Add(HashOf(1, 7));
  EXPECT_NEAR(counter.Estimate(), 1, 0.01);
}

// Four standard errors: missed once in 16,000 seeds, so a fault shows.
TEST(DistinctCounter, KeepsItsErrorFromFewToMillions) {
  for (const uint64_t count : {10, 1'000, 20'000, 60'000, 300'000, 3'000'000}) {
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      DistinctCounter counter;
      for (uint64_t i = 0; i < count; ++i) counter.Add(HashOf(seed, i));
      const double error = counter.Estimate() / static_cast<double>(count) - 1;
      EXPECT_LT(std::abs(error), 4 * DistinctCounter::kStandardError)
          << count << " values, seed " << seed;
    }
  }
}

TEST(DistinctCounter, IsUnbiasedOverSeeds) {
  constexpr uint64_t kCount = 50'000;
  constexpr uint64_t kSeeds = 30;
  double sum = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    DistinctCounter counter;
    for (uint64_t i = 0; i < kCount; ++i) counter.Add(HashOf(seed, i));
    sum += counter.Estimate() / kCount - 1;
  }
  const double mean = sum / kSeeds;
  EXPECT_LT(std::abs(mean), 4 * DistinctCounter::kStandardError / std::sqrt(double{kSeeds}));
}

}  // namespace
}  // namespace spillway
