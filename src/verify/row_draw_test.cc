#include "verify/row_draw.h"

#include <gtest/gtest.h>

#include <set>

namespace spillway {
namespace {

std::vector<Split> SplitsOf(const std::vector<uint64_t>& rows) {
  std::vector<Split> splits;
  for (const uint64_t count : rows) splits.push_back({.key = "file", .bytes = 1, .rows = count});
  return splits;
}

uint64_t CountOf(const RowDraw& draw) {
  uint64_t count = 0;
  for (const auto& [split, rows] : draw.rows) count += rows.size();
  return count;
}

TEST(RowDraw, DrawsDifferentRowsOfTheirSplits) {
  const auto splits = SplitsOf({10, 0, 1, 1'000'000});
  const auto draw = DrawRows(splits, 5'000, 7);
  ASSERT_TRUE(draw.ok());
  EXPECT_EQ(draw->rows_total, 1'000'011u);
  EXPECT_EQ(CountOf(*draw), 5'000u);
  for (const auto& [split, rows] : draw->rows) {
    EXPECT_LT(rows.back(), *splits[split].rows);
    EXPECT_EQ(std::set<uint64_t>(rows.begin(), rows.end()).size(), rows.size());
    EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end()));
  }
}

TEST(RowDraw, EveryRowIsAsLikelyAsAnyOther) {
  const auto splits = SplitsOf({3, 7});
  std::map<std::pair<uint32_t, uint64_t>, int> hits;
  for (uint64_t seed = 0; seed < 10'000; ++seed) {
    const auto draw = DrawRows(splits, 2, seed);
    for (const auto& [split, rows] : draw->rows) {
      for (const uint64_t row : rows) ++hits[{split, row}];
    }
  }
  ASSERT_EQ(hits.size(), 10u);
  for (const auto& [row, count] : hits) EXPECT_NEAR(count, 2'000, 200);
}

TEST(RowDraw, FewerRowsThanAskedForAreAllDrawn) {
  EXPECT_EQ(CountOf(*DrawRows(SplitsOf({3, 4}), 100, 1)), 7u);
  EXPECT_EQ(CountOf(*DrawRows(SplitsOf({0}), 100, 1)), 0u);
  EXPECT_EQ(CountOf(*DrawRows({}, 100, 1)), 0u);
}

TEST(RowDraw, AFileThatDoesNotTellItsRowsCannotBeDrawnFrom) {
  auto splits = SplitsOf({3});
  splits[0].rows.reset();
  EXPECT_EQ(DrawRows(splits, 1, 1).status().code(), StatusCode::kUnsupported);
}

TEST(RowDraw, TheSameSeedDrawsTheSame) {
  EXPECT_EQ(DrawRows(SplitsOf({1'000}), 10, 5)->rows, DrawRows(SplitsOf({1'000}), 10, 5)->rows);
  EXPECT_NE(DrawRows(SplitsOf({1'000}), 10, 5)->rows, DrawRows(SplitsOf({1'000}), 10, 6)->rows);
}

}  // namespace
}  // namespace spillway
