#include "changes/sweep.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "changes/testing/changes_fixture.h"

namespace spillway {
namespace {

using testing::HasSubstr;

class SweepTest : public ChangesFixture {
 protected:
  SweepTest() : ChangesFixture(300, 50) {
    options_.lanes_max = 3;
    options_.settle = std::chrono::milliseconds(500);
    options_.memory_bytes_max = 64 << 10;
    options_.delete_guard = {};
  }

  // What it leaves over is to be swept.
  void Load() {
    LoadOptions load = LoadingOptions();
    load.restart = true;
    load.sweep = true;
    ChangesFixture::Load(load);
  }
  // A new version of the table with every other row, as one that history does not tell of.
  void LoseRows() {
    MemorySplits splits(1);
    bool keep = false;
    for (const auto& [id, row] : table_.rows()) {
      if ((keep = !keep)) splits[0].push_back(row);
      if (keep && row.value >= 0) expected_[MemoryTable::KeyOf(row)] = MemoryTable::DocumentOf(row);
    }
    source_.SetVersion(1, splits);
  }

  std::map<std::string, std::string> expected_;
};

TEST_F(SweepTest, TakesAwayWhatTheTableDoesNotHave) {
  Load();
  LoseRows();
  Load();
  EXPECT_GT(destination_.Contents().size(), expected_.size());
  EXPECT_TRUE(Stored().sweep) << "a load alone does not make them equal";
  options_.delete_guard.share.reset();
  const auto swept = RunSweep(Parts(), documents_, options_, {});
  ASSERT_TRUE(swept.ok()) << swept.status().ToString();
  EXPECT_EQ(destination_.Contents(), expected_);
  EXPECT_EQ(swept->counts.deleted, swept->documents - expected_.size());
  EXPECT_FALSE(Stored().sweep);
  EXPECT_EQ(Stored().documents, expected_.size());
  EXPECT_TRUE(Stored().counts.AddsUp());
}

TEST_F(SweepTest, MarksInsteadOfDeletingWhereTheModeSaysSo) {
  documents_.soft_delete = SoftDelete{"gone", "true"};
  options_.mode = WriteMode::kSoftDelete;
  Load();
  const std::map<std::string, std::string> before = destination_.Contents();
  LoseRows();
  Load();
  options_.delete_guard.share.reset();
  const uint64_t vanished = before.size() - expected_.size();
  for (int time = 0; time < 2; ++time) {
    const auto swept = RunSweep(Parts(), documents_, options_, {});
    ASSERT_TRUE(swept.ok()) << swept.status().ToString();
    EXPECT_EQ(swept->counts.deleted, time == 0 ? vanished : 0u) << "marked once";
    EXPECT_EQ(Stored().documents, expected_.size()) << "those whose row is there";
  }
  std::map<std::string, std::string> marked = before;
  for (auto& [key, body] : marked) {
    body = body.substr(0, body.size() - 1) + ",\"gone\":true}";
  }
  for (const auto& [key, body] : expected_) marked[key] = body;
  EXPECT_EQ(destination_.Contents(), marked);
}

TEST_F(SweepTest, TheGuardStopsItBeforeItDeletes) {
  Load();
  LoseRows();
  Load();
  const size_t documents = destination_.Contents().size();
  const auto stopped = RunSweep(Parts(), documents_, options_, {});
  EXPECT_EQ(stopped.status().code(), StatusCode::kConflict);
  EXPECT_THAT(std::string(stopped.status().hint()), HasSubstr("--allow-deletes"));
  EXPECT_EQ(destination_.Contents().size(), documents);
  EXPECT_TRUE(Stored().sweep) << "it is still to be done";
}

TEST_F(SweepTest, AnEqualDestinationIsLeftAsItIs) {
  Load();
  const uint64_t calls = destination_.calls();
  const auto swept = RunSweep(Parts(), documents_, options_, {});
  ASSERT_TRUE(swept.ok()) << swept.status().ToString();
  EXPECT_EQ(destination_.calls(), calls);
  EXPECT_FALSE(Stored().sweep);
}

TEST_F(SweepTest, FaultsDoNotKeepItFromItsEnd) {
  Load();
  LoseRows();
  Load();
  destination_.SetFaults({.throttled = 0.2,
                          .retry = 0.1,
                          .unsure_applied = 0.05,
                          .unsure_lost = 0.05,
                          .unsure_late = 0.05,
                          .late_max = std::chrono::milliseconds(400)});
  options_.delete_guard.share.reset();
  const auto swept = RunSweep(Parts(), documents_, options_, {});
  ASSERT_TRUE(swept.ok()) << swept.status().ToString();
  EXPECT_EQ(destination_.Contents(), expected_);
}

}  // namespace
}  // namespace spillway
