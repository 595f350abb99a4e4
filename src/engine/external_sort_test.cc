#include "engine/external_sort.h"

#include <gtest/gtest.h>

#include <random>

namespace spillway {
namespace {

std::string Path() {
  return testing::TempDir() + "/external_sort_test/spill";
}

std::vector<uint64_t> Sorted(const std::vector<uint64_t>& values, uint64_t memory, size_t& runs) {
  ExternalSort<uint64_t> sort(Path(), memory);
  for (const uint64_t value : values) EXPECT_TRUE(sort.Add(value).ok());
  EXPECT_TRUE(sort.StartReading().ok());
  runs = sort.runs_spilled();
  std::vector<uint64_t> sorted;
  while (true) {
    const auto next = sort.Next();
    EXPECT_TRUE(next.ok());
    if (!next.ok() || !next->has_value()) return sorted;
    sorted.push_back(**next);
  }
}

TEST(ExternalSort, GivesBackInOrderWhatFitsAndWhatDoesNot) {
  std::mt19937_64 random(1);
  for (const size_t count : {0, 1, 255, 256, 257, 10'000, 100'003}) {
    std::vector<uint64_t> values;
    for (size_t i = 0; i < count; ++i) values.push_back(random() % 5'000);
    std::vector<uint64_t> expected = values;
    std::sort(expected.begin(), expected.end());
    size_t runs = 0;
    EXPECT_EQ(Sorted(values, 16'384, runs), expected) << count;
    EXPECT_EQ(runs > 0, count > 2'048) << count;
    EXPECT_EQ(Sorted(values, 16 << 20, runs), expected) << count;
    EXPECT_EQ(runs, 0u);
  }
}

TEST(ExternalSort, LeavesNoFileBehind) {
  size_t runs = 0;
  Sorted(std::vector<uint64_t>(10'000, 7), 1, runs);
  EXPECT_GT(runs, 0u);
  EXPECT_FALSE(SpillFile::Open("/proc/none/spill").ok());
  EXPECT_EQ((*SpillFile::Open(Path()))->size(), 0u) << "opening made it anew";
  EXPECT_TRUE((*SpillFile::Open(Path()))->Remove().ok());
}

}  // namespace
}  // namespace spillway
