#include "engine/load_run.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/testing/memory_destination.h"
#include "engine/testing/memory_source.h"
#include "engine/testing/scaled_clock.h"

namespace spillway {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

class LoadRunTest : public testing::Test {
 protected:
  LoadRunTest() : destination_(clock_, 1) {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    auto store = OpenSqliteStore((folder_ / "state.db").string(), clock_);
    EXPECT_TRUE(store.ok()) << store.status().ToString();
    store_ = *std::move(store);
    options_.pipeline = "p";
    options_.lanes_max = 4;
    options_.settle = milliseconds(1'000);
    options_.lease = std::chrono::minutes(30);  // 18 s by the machine's clock
    options_.spill_folder = (folder_ / "spill").string();
  }
  ~LoadRunTest() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  // `rows` rows per split, with ids that differ between splits.
  static MemorySplits Table(uint32_t splits, uint32_t rows, int64_t value = 1) {
    MemorySplits table(splits);
    for (uint32_t split = 0; split < splits; ++split) {
      for (uint32_t row = 0; row < rows; ++row) {
        table[split].push_back(
            {fmt::format("{}-{}", split, row), fmt::format("c{}", row % 7), value});
      }
    }
    return table;
  }

  Result<LoadSummary> Run(const CallContext& ctx = {}) {
    const LoadParts parts{source_, destination_, *store_, clock_};
    return RunLoad(
        parts, documents_, options_,
        [this](const LoadProgressReport& report) { last_report_ = report; }, ctx);
  }
  uint64_t stored() { return destination_.Contents().size(); }

  ScaledClock clock_{100};
  std::filesystem::path folder_;
  MemorySource source_;
  MemoryDestination destination_;
  std::unique_ptr<StateStore> store_;
  DocumentOptions documents_;
  LoadOptions options_;
  LoadProgressReport last_report_;
};

TEST_F(LoadRunTest, BringsEveryRowOfTheSnapshotAndCountsIt) {
  source_.SetVersion(3, Table(5, 430));
  const auto summary = Run();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_EQ(summary->outcome, LoadOutcome::kLoaded);
  EXPECT_EQ(summary->totals.counts.upserted, 5u * 430);
  EXPECT_TRUE(summary->totals.counts.AddsUp());
  EXPECT_EQ(summary->latest_version, 3);
  EXPECT_EQ(stored(), 5u * 430);
  EXPECT_THAT(destination_.Violations(), testing::IsEmpty());
  const auto checkpoint = *store_->LoadCheckpoint("p");
  ASSERT_TRUE(checkpoint.has_value());
  EXPECT_EQ(checkpoint->phase, LoadPhase::kLoaded);
  EXPECT_EQ(checkpoint->counts, summary->totals.counts);
  EXPECT_EQ((*store_->Runs("p", 1))[0].state, RunState::kSucceeded);
  EXPECT_EQ(last_report_.splits_done, 5u);
}

}  // namespace
}  // namespace spillway
