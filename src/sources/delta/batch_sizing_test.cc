#include "sources/delta/batch_sizing.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

constexpr uint64_t kMiB = 1 << 20;

TEST(BatchSizing, KnownWidthsGiveTheWishedBytesAtOnce) {
  EXPECT_EQ(BatchSizing(4 * kMiB, 1000, 1000 * 1024, true).rows(), 4096u);
}

TEST(BatchSizing, NeverBelowOneRowNorAboveTheLimit) {
  EXPECT_EQ(BatchSizing(100, 10, 10 * kMiB, true).rows(), 1u);
  EXPECT_EQ(BatchSizing(0, 10, 100, true).rows(), 1u);
  EXPECT_EQ(BatchSizing(4 * kMiB, 1'000'000, 0, true).rows(), BatchSizing::kRowsMax);
  EXPECT_EQ(BatchSizing(4 * kMiB, 0, 0, true).rows(), BatchSizing::kRowsMax);
}

TEST(BatchSizing, GuessedWidthsBeginWithAProbe) {
  EXPECT_EQ(BatchSizing(4 * kMiB, 1'000'000, 1'000'000, false).rows(), BatchSizing::kProbeRows);
}

TEST(BatchSizing, AProbeThatWasNarrowGrowsWhereManyRowsFollow) {
  BatchSizing sizing(4 * kMiB, 1'000'000, 1'000'000, false);
  EXPECT_TRUE(sizing.Observe(1024, 1024 * 100, 999'000));
  EXPECT_EQ(sizing.rows(), 4 * kMiB / 100);
}

TEST(BatchSizing, AProbeStaysWhereFewRowsFollow) {
  BatchSizing sizing(4 * kMiB, 5000, 5000, false);
  EXPECT_FALSE(sizing.Observe(1024, 1024 * 100, 4000));
  EXPECT_EQ(sizing.rows(), BatchSizing::kProbeRows);
}

TEST(BatchSizing, ABatchFarTooLargeShrinksTheNext) {
  BatchSizing sizing(4 * kMiB, 1'000'000, 1'000'000, false);
  EXPECT_TRUE(sizing.Observe(1024, 1024 * 100'000, 10));
  EXPECT_EQ(sizing.rows(), 4 * kMiB / 100'000);
}

TEST(BatchSizing, SmallDeviationsChangeNothing) {
  BatchSizing sizing(4 * kMiB, 1000, 1000 * 1024, true);
  EXPECT_FALSE(sizing.Observe(4096, 6 * kMiB, 1'000'000));
  EXPECT_FALSE(sizing.Observe(4096, 2 * kMiB, 1'000'000));
  EXPECT_FALSE(sizing.Observe(0, 0, 1'000'000));
  EXPECT_EQ(sizing.rows(), 4096u);
}

TEST(BatchSizing, OneRowThatIsTooLargeIsNotShrunkFurther) {
  BatchSizing sizing(100, 10, 10 * kMiB, true);
  EXPECT_FALSE(sizing.Observe(1, kMiB, 9));
}

}  // namespace
}  // namespace spillway
