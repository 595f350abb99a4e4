#include "verify/confidence.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

// From tables of the one-sided 95 % bound.
TEST(Confidence, IsThatOfClopperAndPearson) {
  EXPECT_NEAR(DifferingShareMax(10'000, 0), 0.00029953, 1e-7);
  EXPECT_NEAR(DifferingShareMax(10, 0), 0.258866, 1e-5);
  EXPECT_NEAR(DifferingShareMax(10, 1), 0.394163, 1e-5);
  EXPECT_NEAR(DifferingShareMax(10, 3), 0.606624, 1e-5);
  EXPECT_NEAR(DifferingShareMax(100, 5), 0.102253, 1e-5);
}

TEST(Confidence, NothingDrawnSaysNothing) {
  EXPECT_EQ(DifferingShareMax(0, 0), 1);
  EXPECT_EQ(DifferingShareMax(7, 7), 1);
}

TEST(Confidence, HoldsForLargeSamples) {
  EXPECT_NEAR(DifferingShareMax(1'000'000, 500'000), 0.500823, 1e-5);
}

}  // namespace
}  // namespace spillway
