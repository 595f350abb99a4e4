#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "state/sqlite_database.h"
#include "state/state_store.h"

namespace spillway {
namespace {

RunRecord Load(std::string pipeline) {
  RunRecord run;
  run.pipeline = std::move(pipeline);
  run.kind = "load";
  return run;
}

class SqliteStoreTest : public testing::Test {
 protected:
  SqliteStoreTest() {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
  }
  ~SqliteStoreTest() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return (folder_ / "state.db").string(); }
  std::unique_ptr<StateStore> Open() {
    auto store = OpenSqliteStore(path(), clock_);
    EXPECT_TRUE(store.ok()) << store.status().ToString();
    return *std::move(store);
  }

  static Checkpoint SomeCheckpoint() {
    return {
        .table_id = "t-1",
        .location = "file:///lake/t",
        .version = 7,
        .phase = LoadPhase::kLoading,
        .mapping_hash = "abc",
        .splits = 3,
        .counts =
            {.read = 10, .upserted = 8, .inserted = 5, .replaced = 2, .filtered = 1, .rejected = 1},
        .position = "behind 7",
        .begun_through = 9,
        .documents = 8,
        .sweep = true,
        .late_columns = {"colour", "size"}};
  }
  static RejectedRecord SomeRejected(uint64_t row, std::string reason) {
    return {.run_id = 1,
            .pipeline = "p",
            .version = 7,
            .split = "part-0",
            .row = row,
            .key = R"([["a"],"1"])",
            .reason = std::move(reason),
            .message = "too long",
            .at_ms = 5};
  }

  ManualClock clock_;
  std::filesystem::path folder_;
};

TEST_F(SqliteStoreTest, APipelineThatNeverRanHasNoCheckpoint) {
  auto store = Open();
  EXPECT_FALSE((*store->LoadCheckpoint("p")).has_value());
  EXPECT_TRUE((*store->LoadProgress("p")).empty());
}

TEST_F(SqliteStoreTest, WhatACommitWroteIsThereAfterReopening) {
  {
    auto store = Open();
    ASSERT_TRUE(store->StartLoad("p", Checkpoint{}).ok());
    ASSERT_TRUE(store
                    ->Commit("p", SomeCheckpoint(), {{0, 100, true}, {2, 40, false}},
                             {SomeRejected(3, "id_too_long")})
                    .ok());
  }
  auto store = Open();
  const auto checkpoint = *store->LoadCheckpoint("p");
  ASSERT_TRUE(checkpoint.has_value());
  EXPECT_EQ(checkpoint->table_id, "t-1");
  EXPECT_EQ(checkpoint->version, 7);
  EXPECT_EQ(checkpoint->splits, 3u);
  EXPECT_EQ(checkpoint->counts, SomeCheckpoint().counts);
  EXPECT_EQ(checkpoint->position, "behind 7");
  EXPECT_EQ(checkpoint->begun_through, 9);
  EXPECT_EQ(checkpoint->documents, 8u);
  EXPECT_TRUE(checkpoint->sweep);
  EXPECT_EQ(checkpoint->late_columns, SomeCheckpoint().late_columns);
  const auto progress = *store->LoadProgress("p");
  ASSERT_EQ(progress.size(), 2u);
  EXPECT_EQ(progress[0].rows_settled, 100u);
  EXPECT_TRUE(progress[0].complete);
  EXPECT_EQ(progress[1].split, 2u);
  EXPECT_FALSE(progress[1].complete);
  const auto rejected = *store->Rejected("p", std::nullopt, 10);
  ASSERT_EQ(rejected.size(), 1u);
  EXPECT_EQ(rejected[0].message, "too long");
}

TEST_F(SqliteStoreTest, StartLoadForgetsTheProgressAndHidesTheRejectedRowsOfTheLoadBefore) {
  auto store = Open();
  ASSERT_TRUE(store->StartLoad("p", SomeCheckpoint()).ok());
  ASSERT_TRUE(store->Commit("p", SomeCheckpoint(), {{0, 9, false}}, {SomeRejected(1, "x")}).ok());
  ASSERT_TRUE(store->StartLoad("p", SomeCheckpoint()).ok());
  EXPECT_TRUE((*store->LoadProgress("p")).empty());
  EXPECT_TRUE((*store->Rejected("p", std::nullopt, 10)).empty());
  EXPECT_EQ((*store->Rejected("p", 1, 10)).size(), 1u) << "a run's own list stays";
}

TEST_F(SqliteStoreTest, AWindowBeginsWithoutTheProgressOfTheOneBeforeIt) {
  auto store = Open();
  ASSERT_TRUE(store->StartLoad("p", SomeCheckpoint()).ok());
  ASSERT_TRUE(store->Commit("p", SomeCheckpoint(), {{0, 9, true}}, {SomeRejected(1, "x")}).ok());
  Checkpoint begun = SomeCheckpoint();
  begun.begun_through = 12;
  ASSERT_TRUE(store->StartWindow("p", begun).ok());
  EXPECT_TRUE((*store->LoadProgress("p")).empty());
  EXPECT_EQ((*store->LoadCheckpoint("p"))->begun_through, 12);
  EXPECT_EQ((*store->Rejected("p", std::nullopt, 10)).size(), 1u) << "it is the same load";
}

TEST_F(SqliteStoreTest, AWindowNeedsALoad) {
  EXPECT_FALSE(Open()->StartWindow("p", SomeCheckpoint()).ok());
}

TEST_F(SqliteStoreTest, AFileThatIsRejectedInTwoVersionsIsListedTwice) {
  auto store = Open();
  ASSERT_TRUE(store->StartLoad("p", SomeCheckpoint()).ok());
  RejectedRecord later = SomeRejected(1, "x");
  later.version = 8;
  ASSERT_TRUE(store->Commit("p", SomeCheckpoint(), {}, {SomeRejected(1, "x"), later}).ok());
  EXPECT_EQ((*store->Rejected("p", std::nullopt, 10)).size(), 2u);
}

TEST_F(SqliteStoreTest, ARowThatIsRejectedAgainIsListedOnce) {
  auto store = Open();
  ASSERT_TRUE(store->StartLoad("p", SomeCheckpoint()).ok());
  ASSERT_TRUE(store->Commit("p", SomeCheckpoint(), {}, {SomeRejected(1, "first")}).ok());
  ASSERT_TRUE(store
                  ->Commit("p", SomeCheckpoint(), {},
                           {SomeRejected(1, "second"), SomeRejected(2, "second")})
                  .ok());
  const auto reasons = *store->RejectedByReason("p");
  ASSERT_EQ(reasons.size(), 1u);
  EXPECT_EQ(reasons[0].reason, "second");
  EXPECT_EQ(reasons[0].rows, 2u);
}

TEST_F(SqliteStoreTest, RunsComeNewestFirstAndKeepWhatTheyCounted) {
  auto store = Open();
  RunRecord run = Load("p");
  run.id = *store->StartRun(run);
  run.state = RunState::kSucceeded;
  run.ended_ms = 9;
  run.cost = 12.5;
  run.counts.read = 4;
  ASSERT_TRUE(store->UpdateRun(run).ok());
  ASSERT_TRUE(store->StartRun(Load("q")).ok());
  const auto all = *store->Runs("", 10);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].pipeline, "q");
  const auto of_p = *store->Runs("p", 10);
  ASSERT_EQ(of_p.size(), 1u);
  EXPECT_EQ(of_p[0].state, RunState::kSucceeded);
  EXPECT_EQ(of_p[0].cost, 12.5);
  EXPECT_EQ(of_p[0].counts.read, 4u);
}

TEST_F(SqliteStoreTest, ARunThatNeverSaidHowItEndedIsAbandonedWhenTheNextStarts) {
  auto store = Open();
  ASSERT_TRUE(store->StartRun(Load("p")).ok());
  ASSERT_TRUE(store->StartRun(Load("p")).ok());
  const auto runs = *store->Runs("p", 10);
  EXPECT_EQ(runs[0].state, RunState::kRunning);
  EXPECT_EQ(runs[1].state, RunState::kAbandoned);
}

TEST_F(SqliteStoreTest, UpdatingARunThatIsNotThereFails) {
  EXPECT_EQ(Open()->UpdateRun(RunRecord{}).code(), StatusCode::kNotFound);
}

TEST_F(SqliteStoreTest, FolderAndFileAreForTheUserAlone) {
  auto store = Open();
  struct stat info {};
  ASSERT_EQ(stat(folder_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  for (const auto& file : std::filesystem::directory_iterator(folder_)) {
    ASSERT_EQ(stat(file.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u) << file.path();
  }
}

TEST_F(SqliteStoreTest, ANewerSchemaIsRefused) {
  Open();
  {
    auto database = *SqliteDatabase::Open(path());
    ASSERT_TRUE(database->Execute("PRAGMA user_version = 999").ok());
  }
  const auto store = OpenSqliteStore(path(), clock_);
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.status().code(), StatusCode::kUnsupported);
  EXPECT_THAT(store.status().message(), testing::HasSubstr("schema 999"));
}

TEST_F(SqliteStoreTest, AnotherProgramsDatabaseIsRefused) {
  {
    auto database = *SqliteDatabase::Open(path());
    ASSERT_TRUE(database->Execute("CREATE TABLE theirs (x)").ok());
  }
  EXPECT_EQ(OpenSqliteStore(path(), clock_).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(SqliteStoreTest, AFileThatIsNoDatabaseIsDataLossAndNamesTheFile) {
  std::filesystem::create_directories(folder_);
  std::ofstream(path()) << std::string(5000, 'x');
  const auto store = OpenSqliteStore(path(), clock_);
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(store.status().message(), testing::HasSubstr(path()));
}

TEST_F(SqliteStoreTest, APathThatCannotBeMadeIsExplained) {
  std::filesystem::create_directories(folder_);
  std::ofstream(folder_ / "file") << "x";
  const auto store = OpenSqliteStore((folder_ / "file" / "state.db").string(), clock_);
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.status().code(), StatusCode::kPermissionDenied);
  EXPECT_FALSE(store.status().hint().empty());
}

}  // namespace
}  // namespace spillway
