#include "advice/key_tally.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>

#include "advice/testing_layout.h"

namespace spillway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr double kWindowBytes = 10'000;

std::string Key(int value) {
  return "[" + std::to_string(value) + "]";
}

TEST(KeyTally, IsExactOfRangesWhateverTheNumberOfKeys) {
  const auto layout = TestingLayout::Make(4);
  KeyTally tally(layout, kWindowBytes);
  std::vector<double> units(4);
  for (int i = 0; i < 20'000; ++i) {
    const double cost = 5 + i % 7;
    units[layout->range_of_part()[*layout->FindPart(Key(i))]] += cost;
    ASSERT_TRUE(tally.Add({.text = Key(i)}, 100, cost).ok());
  }
  const KeyFigures figures = tally.Figures();
  const double total = std::accumulate(units.begin(), units.end(), 0.0);
  ASSERT_EQ(figures.range_shares.size(), 4u);
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(figures.range_shares[i], units[i] / total, 1e-12);
  EXPECT_NEAR(figures.reachable, total / (4 * *std::max_element(units.begin(), units.end())), 1e-9);
  EXPECT_FALSE(figures.distinct_exact);
  EXPECT_NEAR(figures.distinct, 20'000, 20'000 * 4 * DistinctCounter::kStandardError);
  EXPECT_LE(figures.largest_bytes, 100);
  EXPECT_LE(figures.largest_bytes_max, 100 + figures.bytes / kHeavyKeysMax);
  EXPECT_THAT(figures.hot_keys, IsEmpty());
}

TEST(KeyTally, OneKeyReachesTheShareOfOneRange) {
  KeyTally tally(TestingLayout::Make(8), kWindowBytes);
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(tally.Add({.text = "[\"x\"]"}, 300, 6).ok());
  const KeyFigures figures = tally.Figures();
  EXPECT_EQ(figures.distinct, 1);
  EXPECT_TRUE(figures.distinct_exact);
  EXPECT_DOUBLE_EQ(figures.reachable, 1.0 / 8);
  EXPECT_DOUBLE_EQ(figures.reachable_in_order, 1.0 / 8);
  EXPECT_DOUBLE_EQ(figures.reachable_grown, 1.0 / 32);
  EXPECT_EQ(figures.largest_bytes, 300'000);
  EXPECT_EQ(figures.largest_bytes_max, 300'000);
  EXPECT_EQ(figures.largest_key, "[\"x\"]");
  ASSERT_EQ(figures.hot_keys.size(), 1u);
  EXPECT_DOUBLE_EQ(figures.hot_keys[0].share, 1);
}

TEST(KeyTally, NamesTheHottestByCostNotBySize) {
  KeyTally tally(TestingLayout::Make(2), kWindowBytes);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(tally.Add({.text = "[\"small\"]"}, 10, 6).ok());
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(tally.Add({.text = "[\"large\"]"}, 1000, 20).ok());
  const KeyFigures figures = tally.Figures();
  ASSERT_EQ(figures.hot_keys.size(), 2u);
  EXPECT_EQ(figures.hot_keys[0].key, "[\"small\"]");
  EXPECT_DOUBLE_EQ(figures.hot_keys[0].share, 0.75);
  EXPECT_EQ(figures.largest_key, "[\"large\"]");
}

// The same rows: sorted by key they come to one range after the other.
TEST(KeyTally, TheOrderOfRowsCounts) {
  const auto layout = TestingLayout::Make(4);
  KeyTally sorted(layout, kWindowBytes);
  KeyTally mixed(layout, kWindowBytes);
  constexpr int kKeys = 64;
  constexpr int kRowsPerKey = 200;
  for (int i = 0; i < kKeys * kRowsPerKey; ++i) {
    ASSERT_TRUE(sorted.Add({.text = Key(i / kRowsPerKey)}, 100, 6).ok());
    ASSERT_TRUE(mixed.Add({.text = Key(i % kKeys)}, 100, 6).ok());
  }
  EXPECT_DOUBLE_EQ(sorted.Figures().reachable, mixed.Figures().reachable);
  EXPECT_NEAR(sorted.Figures().reachable_in_order, 1.0 / 4, 0.01);
  EXPECT_GT(mixed.Figures().reachable_in_order, 0.9 * mixed.Figures().reachable);
}

TEST(KeyTally, CountsNullsAbsentAndTooLongValues) {
  KeyTally tally(TestingLayout::Make(2), kWindowBytes);
  ASSERT_TRUE(tally.Add({.text = "[null]", .has_null = true}, 1, 1).ok());
  ASSERT_TRUE(tally.Add({.text = "[{}]", .is_missing = true}, 1, 1).ok());
  ASSERT_TRUE(tally.Add({.text = "[\"aaa\"]", .too_long = true}, 1, 1).ok());
  const KeyFigures figures = tally.Figures();
  EXPECT_EQ(figures.documents, 3u);
  EXPECT_EQ(figures.with_null, 1u);
  EXPECT_EQ(figures.with_missing, 1u);
  EXPECT_EQ(figures.too_long, 1u);
  EXPECT_EQ(figures.distinct, 3);
}

TEST(KeyTally, OfNothingIsNothing) {
  const KeyFigures figures = KeyTally(TestingLayout::Make(2), kWindowBytes).Figures();
  EXPECT_EQ(figures.documents, 0u);
  EXPECT_EQ(figures.reachable, 0);
  EXPECT_EQ(figures.largest_bytes_max, 0);
  EXPECT_THAT(figures.range_shares, ElementsAre(0, 0));
}

TEST(KeyTally, PassesOnThatAKeyCannotBe) {
  KeyTally tally(TestingLayout::Make(2), kWindowBytes);
  EXPECT_EQ(tally.Add({.text = "nonsense"}, 1, 1).code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace spillway
