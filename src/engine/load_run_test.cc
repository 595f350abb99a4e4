#include "engine/load_run.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>

#include "engine/testing/memory_destination.h"
#include "engine/testing/memory_source.h"
#include "engine/testing/scaled_clock.h"
#include "state/sqlite_database.h"

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
    documents_.id_columns = {"id"};
    documents_.partition_key_paths = {"/category"};
    documents_.filter = "value >= 0";
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
  // For a source that fails late: what it gave before has reached the destination.
  void WaitForWrites(uint64_t writes) {
    while (destination_.History().size() < writes) clock_.WaitFor(milliseconds(50), {});
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
  EXPECT_EQ(last_report_.bytes_total, 5u * 430 * 10);
  EXPECT_EQ(last_report_.bytes_read, last_report_.bytes_total);
}

TEST_F(LoadRunTest, AnEmptyTableIsLoaded) {
  source_.SetVersion(0, MemorySplits(2));
  const auto summary = Run();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_EQ(summary->totals.counts, IntentCounts{});
  EXPECT_EQ(summary->totals.splits_done, 2u);
}

TEST_F(LoadRunTest, FilteredAndRejectedRowsAreCountedAndTheRejectedAreListed) {
  MemorySplits table = Table(2, 300);
  table[0][5].value = -1;
  table[1][7].id = std::string(200, 'x');
  destination_.Refuse("0-9");
  options_.max_rejected.share = 0.5;
  source_.SetVersion(1, table);
  const auto summary = Run();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_EQ(summary->totals.counts.read, 600u);
  EXPECT_EQ(summary->totals.counts.filtered, 1u);
  EXPECT_EQ(summary->totals.counts.rejected, 2u);
  EXPECT_EQ(stored(), 597u);
  const auto rejected = *store_->Rejected("p", std::nullopt, 10);
  ASSERT_EQ(rejected.size(), 2u);
  EXPECT_EQ(rejected[0].split, "part-0");
  EXPECT_EQ(rejected[0].row, 9u);
  EXPECT_EQ(rejected[0].key, R"([["c2"],"0-9"])");
  EXPECT_EQ(rejected[0].reason, "http_413");
  EXPECT_EQ(rejected[1].split, "part-1");
  EXPECT_EQ(rejected[1].row, 7u);
}

TEST_F(LoadRunTest, TooManyRejectedRowsStopTheRunAndAreListed) {
  MemorySplits table = Table(4, 1'000);
  for (auto& row : table[1]) row.id = std::string(200, 'x');
  source_.SetVersion(1, table);
  options_.max_rejected = {.rows = 50, .share = std::nullopt};
  const auto summary = Run();
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.status().code(), StatusCode::kRejectedOverBudget);
  EXPECT_THAT(std::string(summary.status().message()), HasSubstr("max_rejected allows 50 rows"));
  EXPECT_GT((*store_->Rejected("p", std::nullopt, 10'000)).size(), 50u);
  EXPECT_EQ((*store_->LoadCheckpoint("p"))->phase, LoadPhase::kLoading);
  EXPECT_EQ((*store_->Runs("p", 1))[0].state, RunState::kFailed);

  options_.max_rejected.rows = 1'000;
  const auto again = Run();
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_TRUE(again->resumed);
  EXPECT_EQ(again->totals.counts.rejected, 1'000u);
  EXPECT_EQ((*store_->Rejected("p", std::nullopt, 10'000)).size(), 1'000u);
}

TEST_F(LoadRunTest, AShareOfRejectedRowsIsJudgedAtTheEndOfASmallTable) {
  MemorySplits table = Table(1, 100);
  table[0][3].id = std::string(200, 'x');
  source_.SetVersion(1, table);
  options_.max_rejected.share = 0.005;
  EXPECT_EQ(Run().status().code(), StatusCode::kRejectedOverBudget);
  EXPECT_EQ(stored(), 99u);
  options_.max_rejected.share = 0.01;
  EXPECT_TRUE(Run().ok()) << "a larger budget accepts what is there";
}

TEST_F(LoadRunTest, ALoadedTableIsNotLoadedAgain) {
  source_.SetVersion(1, Table(2, 50));
  ASSERT_TRUE(Run().ok());
  source_.SetVersion(2, Table(3, 50));
  const uint64_t calls = destination_.calls();
  const auto summary = Run();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_EQ(summary->outcome, LoadOutcome::kAlreadyLoaded);
  EXPECT_EQ(summary->totals.version, 1);
  EXPECT_EQ(summary->latest_version, 2);
  EXPECT_EQ(summary->totals.counts.upserted, 100u);
  EXPECT_EQ(destination_.calls(), calls);
}

TEST_F(LoadRunTest, RestartLoadsTheNewerVersion) {
  source_.SetVersion(1, Table(2, 50, 1));
  ASSERT_TRUE(Run().ok());
  source_.SetVersion(2, Table(2, 50, 2));
  options_.restart = true;
  const auto summary = Run();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_EQ(summary->totals.version, 2);
  for (const auto& [key, body] : destination_.Contents()) {
    EXPECT_THAT(body, HasSubstr(R"("value":2)"));
  }
}

TEST_F(LoadRunTest, AnotherVersionTableMappingOrDestinationIsAConflictThatNamesFull) {
  source_.SetVersion(1, Table(1, 10));
  source_.SetVersion(2, Table(1, 10));
  options_.at.version = 2;
  ASSERT_TRUE(Run().ok());
  const auto expect_conflict = [this](const std::string& why) {
    const auto refused = Run();
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.status().code(), StatusCode::kConflict);
    EXPECT_THAT(std::string(refused.status().message()), HasSubstr(why));
    EXPECT_THAT(std::string(refused.status().hint()), HasSubstr("--full"));
  };
  options_.at.version = 1;
  expect_conflict("version 1 is asked for, but version 2 is loaded");
  options_.at.version = 2;
  documents_.policy.nulls = NullPolicy::kOmit;
  expect_conflict("mapping");
  documents_.policy.nulls = NullPolicy::kKeep;
  options_.target = "elsewhere";
  expect_conflict("destination");
  options_.target.clear();
  source_.SetTableId("table-2");
  expect_conflict("created anew");
}

TEST_F(LoadRunTest, AContainerThatIsGoneIsNotTakenForLoaded) {
  destination_.SetToCreate({.steps = {"container products"}});
  source_.SetVersion(1, Table(1, 10));
  ASSERT_TRUE(Run().ok()) << "the first time it is created";
  const auto refused = Run();
  EXPECT_EQ(refused.status().code(), StatusCode::kConflict);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("container products"));
  destination_.SetToCreate({});
  EXPECT_TRUE(Run().ok());
}

TEST_F(LoadRunTest, AFailedRunGoesOnWhereItWas) {
  source_.SetVersion(1, Table(6, 500));
  options_.readers_max = 1;
  source_.OnNext([this](uint32_t split, uint64_t row) {
    if (split < 4 || row < 200) return Status::Ok();
    WaitForWrites(2'000);
    return DataLoss("the file is cut off");
  });
  const auto failed = Run();
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.status().ToString(), "data loss: reading part-4: the file is cut off");
  const IntentCounts before = (*store_->LoadCheckpoint("p"))->counts;
  EXPECT_TRUE(before.AddsUp());
  EXPECT_GT(before.upserted, 0u);

  source_.SetVersion(2, Table(1, 1));
  uint64_t batches = 0;
  source_.OnNext([&](uint32_t, uint64_t) {
    ++batches;
    return Status::Ok();
  });
  const auto resumed = Run();
  ASSERT_TRUE(resumed.ok()) << resumed.status().ToString();
  EXPECT_TRUE(resumed->resumed);
  EXPECT_EQ(resumed->table.version, 1) << "a load stays at its version";
  EXPECT_EQ(resumed->totals.counts.upserted, 3'000u);
  EXPECT_EQ(resumed->totals.run_counts.read, 3'000 - before.read);
  EXPECT_EQ(stored(), 3'000u);
  EXPECT_LE(batches, (3'000 - before.read) / 100 + 12);
  EXPECT_EQ(resumed->totals.bytes_read, resumed->totals.bytes_total);
}

TEST_F(LoadRunTest, AVersionThatCannotBeReadAnyMoreIsSaid) {
  source_.SetVersion(1, Table(2, 100));
  source_.OnNext([](uint32_t split, uint64_t) {
    return split == 1 ? Unavailable("gone for a moment") : Status::Ok();
  });
  EXPECT_EQ(Run().status().code(), StatusCode::kUnavailable);
  source_.RemoveVersion(1);
  source_.SetVersion(2, Table(2, 100));
  const auto refused = Run();
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(std::string(refused.status().message()),
              HasSubstr("version 1, which is being loaded, cannot be read any more"));
  EXPECT_THAT(std::string(refused.status().hint()), HasSubstr("--full"));
}

TEST_F(LoadRunTest, AStopDrainsCheckpointsAndIsGoneOnWith) {
  source_.SetVersion(1, Table(8, 500));
  std::stop_source stop;
  std::atomic<int> calls{0};
  destination_.OnCall([&](std::span<const Document>) {
    if (++calls == 40) stop.request_stop();
    return Status::Ok();
  });
  const auto stopped = Run({.stop = stop.get_token()});
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.status().code(), StatusCode::kCancelled);
  EXPECT_EQ((*store_->Runs("p", 1))[0].state, RunState::kStopped);
  const auto checkpoint = *store_->LoadCheckpoint("p");
  EXPECT_LT(checkpoint->counts.read, 4'000u);
  EXPECT_TRUE(checkpoint->counts.AddsUp());
  const auto resumed = Run();
  ASSERT_TRUE(resumed.ok()) << resumed.status().ToString();
  EXPECT_EQ(resumed->totals.counts.upserted, 4'000u);
  EXPECT_EQ(stored(), 4'000u);
}

TEST_F(LoadRunTest, AFatalFailureIsTheOneThatIsReported) {
  source_.SetVersion(1, Table(4, 500));
  destination_.OnCall([](std::span<const Document>) { return Unauthenticated("bad key"); });
  const auto failed = Run();
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.status().ToString(), "unauthenticated: bad key");
}

TEST_F(LoadRunTest, EveryFaultThatPassesIsOutlasted) {
  source_.SetVersion(1, Table(4, 500));
  destination_.SetFaults({.throttled = 0.05,
                          .retry = 0.02,
                          .unsure_applied = 0.01,
                          .unsure_lost = 0.01,
                          .unsure_late = 0.01,
                          .call_throttled = 0.05,
                          .call_unavailable = 0.02,
                          .call_unsure = 0.01,
                          .late_max = milliseconds(900)});
  const auto summary = Run();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_EQ(summary->totals.counts.upserted, 2'000u);
  EXPECT_EQ(stored(), 2'000u);
  EXPECT_GT(summary->totals.throttled_requests, 0u);
  EXPECT_THAT(destination_.Violations(), testing::IsEmpty());
}

TEST_F(LoadRunTest, DuplicatesFailTheRunAndAreNamed) {
  MemorySplits table = Table(3, 200);
  table[2][50] = {"0-7", "c0", 9};  // as row 7 of split 0
  source_.SetVersion(1, table);
  const auto failed = Run();
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.status().code(), StatusCode::kConflict);
  EXPECT_THAT(std::string(failed.status().message()),
              testing::AllOf(HasSubstr("1 ids are shared by 2 rows"), HasSubstr("id '0-7'"),
                             HasSubstr("the first in part-0 row 7, the last in part-2 row 50")));
  EXPECT_EQ((*store_->LoadCheckpoint("p"))->phase, LoadPhase::kLoading);

  options_.duplicates = DuplicatePolicy::kLast;
  const auto summary = Run();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_EQ(summary->totals.counts.superseded, 1u);
  EXPECT_EQ(summary->totals.counts.upserted, 599u);
  EXPECT_TRUE(summary->totals.counts.AddsUp());
  EXPECT_THAT(destination_.Contents()[R"(["c0"]/0-7)"], HasSubstr(R"("value":9)"));
}

TEST_F(LoadRunTest, DuplicatesOnBothSidesOfAnInterruptionAreFound) {
  MemorySplits table = Table(4, 200);
  table[3][150] = table[0][0];
  source_.SetVersion(1, table);
  options_.readers_max = 1;
  source_.OnNext([this](uint32_t split, uint64_t row) {
    if (split < 3 || row == 0) return Status::Ok();
    WaitForWrites(600);
    return Unavailable("later");
  });
  ASSERT_EQ(Run().status().code(), StatusCode::kUnavailable);
  ASSERT_GT((*store_->LoadCheckpoint("p"))->counts.upserted, 0u);
  source_.OnNext({});
  EXPECT_EQ(Run().status().code(), StatusCode::kConflict);
}

// As on another machine: they stay where the rows were settled.
TEST_F(LoadRunTest, AnInterruptedLoadWhoseIdentitiesAreGoneReadsTheSameVersionAgain) {
  source_.SetVersion(1, Table(4, 200));
  options_.readers_max = 1;
  source_.OnNext([this](uint32_t split, uint64_t) {
    if (split < 3) return Status::Ok();
    WaitForWrites(600);
    return Unavailable("later");
  });
  ASSERT_EQ(Run().status().code(), StatusCode::kUnavailable);
  ASSERT_GT((*store_->LoadCheckpoint("p"))->counts.upserted, 0u);
  std::filesystem::remove_all(folder_ / "spill");
  source_.OnNext({});
  source_.SetVersion(2, Table(4, 300));
  const auto summary = Run();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  const Checkpoint loaded = **store_->LoadCheckpoint("p");
  EXPECT_EQ(loaded.version, 1) << "the version whose rows may be there in part";
  EXPECT_EQ(loaded.counts.read, 800u);
  EXPECT_TRUE(loaded.counts.AddsUp());
  EXPECT_THAT(store_->Runs("p", 1)->front().message, HasSubstr("not on this machine"));
}

TEST_F(LoadRunTest, DuplicatesLastIsRefusedWhereItCannotBeKept) {
  source_.SetVersion(1, Table(1, 1));
  options_.duplicates = DuplicatePolicy::kLast;
  options_.mode = WriteMode::kAppend;
  EXPECT_EQ(Run().status().code(), StatusCode::kInvalidArgument);
}

TEST_F(LoadRunTest, ModesThatDeleteCountWhatTheyFound) {
  source_.SetVersion(1, Table(1, 100));
  ASSERT_TRUE(Run().ok());
  MemorySplits gone = Table(1, 10);
  gone[0].push_back({"never-there", "c", 1});
  source_.SetVersion(2, gone);
  options_.mode = WriteMode::kDelete;
  options_.restart = true;
  const auto summary = Run();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_EQ(summary->totals.counts.deleted, 10u);
  EXPECT_EQ(summary->totals.counts.delete_found_nothing, 1u);
  EXPECT_EQ(stored(), 90u);
}

TEST_F(LoadRunTest, TheSecondRunnerIsRefused) {
  source_.SetVersion(1, Table(1, 10));
  const auto lease = *store_->AcquireLease("p", std::chrono::hours(1));
  EXPECT_EQ(Run().status().code(), StatusCode::kLocked);
  EXPECT_EQ(destination_.calls(), 0u);
}

TEST_F(LoadRunTest, ALostLeaseEndsTheRunAndItsCheckpointStays) {
  source_.SetVersion(1, Table(8, 500));
  options_.lease = milliseconds(1'200);
  options_.checkpoint_interval = milliseconds(1'000);
  auto database = *SqliteDatabase::Open((folder_ / "state.db").string());
  std::atomic<bool> seized{false};
  std::atomic<uint64_t> calls_after{0};
  destination_.OnCall([&](std::span<const Document>) {
    if (!seized.exchange(true)) {
      EXPECT_TRUE(database->Execute("UPDATE leases SET token = 'another'").ok());
    }
    ++calls_after;
    clock_.WaitFor(milliseconds(300), {});
    return Status::Ok();
  });
  const auto lost = Run();
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.status().code(), StatusCode::kLocked) << lost.status().ToString();
  EXPECT_EQ((*store_->LoadCheckpoint("p"))->counts.read, 0u) << "the new owner's now";
  EXPECT_LT(calls_after, 40u);
}

// Notes when it was called, by what had been written then.
class NotingSurroundings : public LoadSurroundings {
 public:
  explicit NotingSurroundings(MemoryDestination& destination) : destination_(destination) {}
  Status Enter(const CallContext&) override {
    entered.push_back(destination_.History().size());
    return refuses;
  }
  void Leave() override { left.push_back(destination_.History().size()); }

  Status refuses;
  std::vector<size_t> entered;
  std::vector<size_t> left;

 private:
  MemoryDestination& destination_;
};

TEST_F(LoadRunTest, ALoadEntersItsSurroundingsBeforeTheFirstWriteAndLeavesThemAfterTheLast) {
  source_.SetVersion(1, Table(2, 50));
  NotingSurroundings around(destination_);
  options_.around = &around;
  ASSERT_TRUE(Run().ok());
  EXPECT_THAT(around.entered, testing::ElementsAre(0u));
  EXPECT_THAT(around.left, testing::ElementsAre(100u));
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(around.entered.size(), 1u) << "nothing was to be sent";
  EXPECT_EQ(around.left.size(), 2u) << "what an earlier load has left is looked for all the same";
}

TEST_F(LoadRunTest, SurroundingsAreLeftWhenTheLoadFailsAndWhenTheyRefuseIt) {
  source_.SetVersion(1, Table(2, 50));
  NotingSurroundings around(destination_);
  options_.around = &around;
  around.refuses = InvalidArgument("too dear");
  EXPECT_EQ(Run().status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(around.left, testing::ElementsAre(0u));
  EXPECT_EQ(stored(), 0u);
  around.refuses = Status::Ok();
  destination_.OnCall([](std::span<const Document>) { return PermissionDenied("no right"); });
  EXPECT_EQ(Run().status().code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(around.left.size(), 2u);
}

TEST_F(LoadRunTest, ARunnerThatHasLostItsLeaseLeavesTheSurroundingsToTheNext) {
  source_.SetVersion(1, Table(2, 50));
  NotingSurroundings around(destination_);
  options_.around = &around;
  options_.lease = milliseconds(1'200);
  options_.checkpoint_interval = milliseconds(1'000);
  auto database = *SqliteDatabase::Open((folder_ / "state.db").string());
  destination_.OnCall([&](std::span<const Document>) {
    EXPECT_TRUE(database->Execute("UPDATE leases SET token = 'another'").ok());
    clock_.WaitFor(milliseconds(3'000), {});
    return Status::Ok();
  });
  EXPECT_EQ(Run().status().code(), StatusCode::kLocked);
  EXPECT_EQ(around.entered.size(), 1u);
  EXPECT_THAT(around.left, testing::IsEmpty());
}

TEST_F(LoadRunTest, SaysWhatIsMissingInTheOptions) {
  source_.SetVersion(1, Table(1, 1));
  options_.spill_folder.clear();
  EXPECT_EQ(Run().status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace spillway
