// ChangesFixture: where tests of runs of changes begin: a table, a container and a state, all of
// this test alone, and the load that comes before.
#ifndef SPILLWAY_CHANGES_TESTING_CHANGES_FIXTURE_H_
#define SPILLWAY_CHANGES_TESTING_CHANGES_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "changes/change_run.h"
#include "engine/testing/memory_destination.h"
#include "engine/testing/memory_source.h"
#include "engine/testing/memory_table.h"
#include "engine/testing/scaled_clock.h"

namespace spillway {

class ChangesFixture : public testing::Test {
 protected:
  // A table of `rows` rows, of which a batch holds `batch_rows`.
  explicit ChangesFixture(uint32_t rows, uint32_t batch_rows = 7)
      : source_(batch_rows), destination_(clock_, 1), table_(source_, 7, rows) {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    store_ = *OpenSqliteStore((folder_ / "state.db").string(), clock_);
    documents_.id_columns = {"id"};
    documents_.partition_key_paths = {"/category"};
    documents_.filter = "value >= 0";
    options_.pipeline = "p";
    options_.lanes_max = 4;
    options_.settle = std::chrono::milliseconds(1'000);
    options_.lease = std::chrono::minutes(30);
    options_.spill_folder = (folder_ / "spill").string();
    options_.delete_guard.share.reset();
  }
  ~ChangesFixture() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  LoadParts Parts() { return {source_, destination_, *store_, clock_}; }
  // As the changes are run, with all the memory that there is.
  LoadOptions LoadingOptions() const {
    LoadOptions load{options_};
    load.memory_bytes_max = RunOptions().memory_bytes_max;
    return load;
  }
  void Load(const LoadOptions& load) {
    const auto loaded = RunLoad(Parts(), documents_, load, {}, {});
    ASSERT_TRUE(loaded.ok()) << loaded.status().ToString();
  }
  void Load() { Load(LoadingOptions()); }
  Result<ChangeSummary> Run(const CallContext& ctx = {}) {
    return RunChanges(Parts(), documents_, options_, {}, ctx);
  }
  void ExpectEqualToTheTable() {
    EXPECT_EQ(destination_.Contents(), table_.Documents());
    EXPECT_THAT(destination_.Violations(), testing::IsEmpty());
    EXPECT_EQ(Stored().documents, table_.Documents().size());
    EXPECT_TRUE(Stored().counts.AddsUp());
  }
  Checkpoint Stored() { return **store_->LoadCheckpoint("p"); }
  std::string SomeId() { return table_.rows().begin()->first; }

  ScaledClock clock_{100};
  std::filesystem::path folder_;
  MemorySource source_;
  MemoryDestination destination_;
  MemoryTable table_;
  std::unique_ptr<StateStore> store_;
  DocumentOptions documents_;
  ChangeOptions options_;
};

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_TESTING_CHANGES_FIXTURE_H_
