#include "app/charge_fit.h"

#include <gtest/gtest.h>

#include <cmath>

namespace spillway {
namespace {

TEST(ChargeFit, ALineIsFound) {
  ChargeFit fit;
  for (const double bytes : {300.0, 4'000.0, 9'000.0, 50'000.0}) fit.Add(bytes, 5 + bytes / 1'000);
  EXPECT_NEAR(fit.UnitsOf(20'000), 25, 1e-9);
  EXPECT_NEAR(fit.error(), 0, 1e-6);
}

TEST(ChargeFit, DocumentsOfOneSizeHaveTheirMean) {
  ChargeFit fit;
  fit.Add(1'000, 8);
  EXPECT_EQ(fit.UnitsOf(1'000), 8);
  fit.Add(1'000, 10);
  EXPECT_EQ(fit.UnitsOf(1'000), 9);
  EXPECT_EQ(fit.UnitsOf(9'000), 9);
}

// A price in steps of 1 KB: over sizes like those measured the line loses nothing.
TEST(ChargeFit, StepsAreMetOnAverage) {
  const auto price = [](double bytes) { return 5 + 0.45 * (std::ceil(bytes / 1'024) - 1); };
  ChargeFit fit;
  double actual = 0;
  double fitted = 0;
  for (double bytes = 300; bytes < 20'000; bytes += 371) fit.Add(bytes, price(bytes));
  for (double bytes = 310; bytes < 20'000; bytes += 37) {
    actual += price(bytes);
    fitted += fit.UnitsOf(bytes);
  }
  EXPECT_NEAR(fitted / actual, 1, 0.005);
  EXPECT_GT(fit.error(), 0);
  EXPECT_LT(fit.error(), 0.02);
}

TEST(ChargeFit, ChanceDoesNotMakeLargeDocumentsCheap) {
  ChargeFit fit;
  fit.Add(1'000, 10);
  fit.Add(2'000, 9);
  EXPECT_EQ(fit.UnitsOf(50'000), 9.5);
}

}  // namespace
}  // namespace spillway
