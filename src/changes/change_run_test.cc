#include "changes/change_run.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "changes/testing/changes_fixture.h"

namespace spillway {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::IsEmpty;

class ChangeRunTest : public ChangesFixture {
 protected:
  ChangeRunTest() : ChangesFixture(40) {}

  IntentCounts RunOk() {
    const auto summary = Run();
    EXPECT_TRUE(summary.ok()) << summary.status().ToString();
    if (!summary.ok()) return {};
    EXPECT_TRUE(summary->totals.counts.AddsUp());
    EXPECT_EQ(summary->totals.version, table_.version());
    return summary->totals.counts;
  }
  // New rows, of which `refused` cannot be documents where numbers must be exact.
  void CommitRows(int64_t version, int good, int refused) {
    std::vector<MemoryImage> rows;
    for (int i = 0; i < good + refused; ++i) {
      const int64_t value = i < good ? i : int64_t{9'007'199'254'740'993};
      rows.push_back({Image::kNew, {fmt::format("v{}-{}", version, i), "c1", value}});
    }
    MemoryCommit commit;
    commit.splits = {std::move(rows)};
    source_.Commit(version, std::move(commit));
  }
};

TEST_F(ChangeRunTest, GoesOnFromTheLoadWithoutGapOrOverlap) {
  table_.Insert("before", "c1", 1);
  MemorySplits rows(1);
  for (const auto& [id, row] : table_.rows()) rows[0].push_back(row);
  source_.SetVersion(1, rows);
  Load();
  table_.Insert("after", "c1", 2);
  const IntentCounts counts = RunOk();
  EXPECT_EQ(counts.read, 1u);
  EXPECT_EQ(counts.upserted, 1u);
  ExpectEqualToTheTable();
}

TEST_F(ChangeRunTest, NothingNewIsNothingSent) {
  Load();
  const uint64_t calls = destination_.calls();
  EXPECT_EQ(RunOk(), IntentCounts{});
  EXPECT_EQ(destination_.calls(), calls);
}

TEST_F(ChangeRunTest, AMovedKeyLeavesNothingBehind) {
  Load();
  table_.Move(SomeId(), "moved", "c9");
  const IntentCounts counts = RunOk();
  EXPECT_EQ(counts.upserted + counts.deleted, counts.read);
  ExpectEqualToTheTable();
}

TEST_F(ChangeRunTest, ARowThatLeavesTheFilterIsDeletedAndOneThatEntersItIsWritten) {
  Load();
  table_.Insert("x", "c1", 5);
  RunOk();
  table_.Update("x", -1);
  EXPECT_EQ(RunOk().deleted, 1u);
  ExpectEqualToTheTable();
  table_.Update("x", 3);
  EXPECT_EQ(RunOk().upserted, 1u);
  ExpectEqualToTheTable();
}

TEST_F(ChangeRunTest, TellsInsertedFromReplaced) {
  Load();
  EXPECT_EQ(Stored().counts.inserted, Stored().counts.upserted);
  table_.Insert("x", "c1", 5);
  table_.Insert("y", "c1", 6);
  table_.Update(SomeId(), 77);
  const IntentCounts counts = RunOk();
  EXPECT_EQ(counts.upserted, 3u);
  EXPECT_EQ(counts.inserted, 2u);
  EXPECT_EQ(counts.replaced, 1u);
  EXPECT_EQ((*store_->Runs("p", 1))[0].counts, counts);
}

TEST_F(ChangeRunTest, ASoftDeleteMarksTheDocumentAndTheRowsReturnClearsIt) {
  documents_.soft_delete = SoftDelete{"gone", "\"yes\""};
  options_.mode = WriteMode::kSoftDelete;
  Load();
  table_.Insert("x", "c1", 5);
  table_.Insert("moving", "c1", 6);
  RunOk();
  const std::string key = MemoryTable::KeyOf({"x", "c1", 5});
  table_.Delete("x");
  table_.Move("moving", "moved", "c2");
  EXPECT_EQ(RunOk().deleted, 2u);
  std::map<std::string, std::string> contents = destination_.Contents();
  EXPECT_EQ(contents[key], R"({"id":"x","category":"c1","value":5,"gone":"yes"})");
  EXPECT_THAT(contents[MemoryTable::KeyOf({"moving", "c1", 6})], HasSubstr("\"gone\":\"yes\""));
  EXPECT_EQ(contents.size(), table_.Documents().size() + 2);
  EXPECT_EQ(Stored().documents, table_.Documents().size()) << "those whose row is there";
  table_.Insert("x", "c1", 8);
  EXPECT_EQ(RunOk().upserted, 1u);
  EXPECT_EQ(destination_.Contents()[key], R"({"id":"x","category":"c1","value":8})");
}

TEST_F(ChangeRunTest, TheGuardCountsSoftDeletes) {
  documents_.soft_delete = SoftDelete{"gone", "true"};
  options_.mode = WriteMode::kSoftDelete;
  options_.delete_guard = {.share = 0.1, .documents_min = 3};
  Load();
  const auto before = destination_.Contents();
  table_.DeleteAll();
  EXPECT_EQ(Run().status().code(), StatusCode::kConflict);
  EXPECT_EQ(destination_.Contents(), before);
}

TEST_F(ChangeRunTest, AnotherMarkIsAnotherMapping) {
  documents_.soft_delete = SoftDelete{"gone", "true"};
  options_.mode = WriteMode::kSoftDelete;
  Load();
  documents_.soft_delete->value = "1";
  EXPECT_THAT(std::string(Run().status().hint()), HasSubstr("--resync"));
}

TEST_F(ChangeRunTest, WarnsWhenTheTableNearlyLetGoOfWhatWasPending) {
  Load();
  const auto commit = [this](int64_t version, std::chrono::hours age) {
    const auto now = std::chrono::duration_cast<milliseconds>(clock_.WallNow().time_since_epoch());
    MemoryCommit told;
    told.splits = {{{Image::kNew, {fmt::format("late-{}", version), "c1", version}}}};
    told.timestamp_ms = (now - age).count();
    told.retention = Retention{std::chrono::hours(100), "a setting"};
    source_.Commit(version, told);
  };
  commit(1, std::chrono::hours(80));
  commit(2, std::chrono::hours(1));
  auto summary = Run();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_THAT(summary->totals.retention_warning, HasSubstr("version 1 of the table is 3 days"));
  commit(3, std::chrono::hours(50));
  summary = Run();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_EQ(summary->totals.version, 3);
  EXPECT_THAT(summary->totals.retention_warning, IsEmpty()) << "there was time";
}

TEST_F(ChangeRunTest, SeveralVersionsOfAKeyAreOneWrite) {
  Load();
  table_.Insert("x", "c1", 1);
  for (int64_t value = 2; value < 20; ++value) table_.Update("x", value);
  const uint64_t writes = destination_.History().size();
  const IntentCounts counts = RunOk();
  EXPECT_EQ(destination_.History().size() - writes, 1u);
  EXPECT_EQ(counts.read, 37u);
  EXPECT_EQ(counts.superseded, 36u);
  ExpectEqualToTheTable();
}

TEST_F(ChangeRunTest, WhatChangesNoDocumentIsNotSent) {
  Load();
  const uint64_t writes = destination_.History().size();
  for (int i = 0; i < 3; ++i) table_.Update(SomeId(), table_.rows().begin()->second.value);
  const IntentCounts counts = RunOk();
  EXPECT_EQ(destination_.History().size(), writes);
  EXPECT_EQ(counts.upserted, 0u);
  EXPECT_EQ(Stored().version, table_.version());
}

// The apply rule against a model, over random operations, in windows of random sizes, in so little
// memory that everything is spilled.
TEST_F(ChangeRunTest, EqualsTheTableAfterEveryWindowWhateverHappenedInIt) {
  options_.memory_bytes_max = 64 << 10;
  Load();
  std::mt19937 random(3);
  for (int window = 0; window < 60; ++window) {
    for (uint32_t i = 0; i <= random() % 12; ++i) table_.CommitRandom();
    RunOk();
    ASSERT_EQ(destination_.Contents(), table_.Documents()) << "window " << window;
  }
  ExpectEqualToTheTable();
}

TEST_F(ChangeRunTest, StopsAtTheVersionThatIsAskedFor) {
  Load();
  table_.Insert("x", "c1", 1);
  table_.Insert("y", "c1", 1);
  options_.until = 1;
  const auto summary = Run();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_EQ(summary->totals.version, 1);
  EXPECT_EQ(destination_.Contents().count("[\"c1\"]/y"), 0u);
}

TEST_F(ChangeRunTest, FaultsOfTheDestinationAreRetriedAndTheEndIsTheSame) {
  destination_.SetFaults({.throttled = 0.2,
                          .retry = 0.1,
                          .unsure_applied = 0.03,
                          .unsure_lost = 0.03,
                          .unsure_late = 0.03,
                          .call_throttled = 0.1,
                          .call_unavailable = 0.05,
                          .call_unsure = 0.03,
                          .late_max = milliseconds(900)});
  Load();
  for (int window = 0; window < 8; ++window) {
    for (int i = 0; i < 10; ++i) table_.CommitRandom();
    RunOk();
  }
  ExpectEqualToTheTable();
}

TEST_F(ChangeRunTest, ADestinationThatRejectsARowKeepsTheRestAndSaysWhereItStood) {
  Load();
  destination_.OnRow([](const Document& document) -> std::optional<RowFailure> {
    if (document.id != "bad") return std::nullopt;
    RowFailure failure;
    failure.disposition = Disposition::kReject;
    failure.reason = "http_413";
    failure.status = TooLarge("the request is too large");
    return failure;
  });
  table_.Insert("good", "c1", 1);
  table_.Insert("bad", "c1", 1);
  options_.max_rejected.share = 0.5;
  EXPECT_EQ(RunOk().rejected, 1u);
  const auto rejected = *store_->Rejected("p", std::nullopt, 10);
  ASSERT_EQ(rejected.size(), 1u);
  EXPECT_EQ(rejected[0].version, 2);
  EXPECT_THAT(rejected[0].split, HasSubstr("change-2-"));
  EXPECT_EQ(rejected[0].key, R"([["c1"],"bad"])");
}

TEST_F(ChangeRunTest, ARowThatCannotBeADocumentIsListedAndItsOldDocumentStays) {
  Load();
  documents_.policy.non_finite = NonFinitePolicy::kReject;
  table_.Insert("x", "c1", 1);
  RunOk();
  const auto before = destination_.Contents();
  options_.max_rejected.share = 0.5;
  table_.Update("x", int64_t{9'007'199'254'740'993});  // its text does not survive a double
  destination_.mutable_capabilities().keeps_numbers_exactly = false;
  const IntentCounts counts = RunOk();
  EXPECT_EQ(counts.rejected, 1u);
  EXPECT_EQ(counts.superseded, 1u) << "the old image asks for nothing then";
  EXPECT_EQ(destination_.Contents(), before);
  EXPECT_EQ((*store_->Rejected("p", std::nullopt, 10)).size(), 1u);
}

// What a share of rejected rows is one of: every intent of the window, each once.
TEST_F(ChangeRunTest, RefusedRowsAreJudgedByAllThatTheirWindowHasRead) {
  Load();
  destination_.mutable_capabilities().keeps_numbers_exactly = false;
  options_.max_rejected.share = 0.01;
  CommitRows(1, 1'000, 0);
  ASSERT_TRUE(Run().ok());
  CommitRows(2, 1'000, 20);
  const auto within = Run();
  ASSERT_TRUE(within.ok()) << within.status().ToString();
  EXPECT_EQ(within->totals.counts.rejected, 20u);
  CommitRows(3, 200, 10);
  const uint64_t calls = destination_.calls();
  const auto over = Run();
  EXPECT_EQ(over.status().code(), StatusCode::kRejectedOverBudget);
  EXPECT_THAT(std::string(over.status().message()), HasSubstr("30 of 2270 rows read so far"));
  EXPECT_EQ(destination_.calls(), calls);
}

TEST_F(ChangeRunTest, WhatACutOffWindowHasSettledIsNotReadTwice) {
  Load();
  destination_.mutable_capabilities().keeps_numbers_exactly = false;
  options_.max_rejected.rows = 2;
  CommitRows(1, 50, 3);
  Checkpoint begun = Stored();
  begun.begun_through = 1;
  ASSERT_TRUE(store_->StartWindow("p", begun).ok());
  begun.counts.read += 20;
  begun.counts.upserted += 20;
  ASSERT_TRUE(store_->Commit("p", begun, {{0, 20, false}}, {}).ok());
  EXPECT_THAT(std::string(Run().status().message()), HasSubstr("3 of 93 rows read so far"));
}

TEST_F(ChangeRunTest, TheDeleteGuardStopsBeforeTheFirstWrite) {
  Load();
  options_.delete_guard = {.share = 0.1, .documents_min = 2};
  table_.Insert("new", "c1", 1);
  table_.DeleteAll();
  const uint64_t calls = destination_.calls();
  const auto stopped = Run();
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.status().code(), StatusCode::kConflict);
  EXPECT_THAT(std::string(stopped.status().hint()), HasSubstr("--allow-deletes"));
  EXPECT_EQ(destination_.calls(), calls);
  EXPECT_EQ(Stored().version, 0);
  options_.delete_guard.share.reset();
  RunOk();
  ExpectEqualToTheTable();
}

TEST_F(ChangeRunTest, TwoRowsOfOneKeyInOneVersionStopTheRunBeforeItWrites) {
  Load();
  MemoryCommit commit;
  commit.splits = {{{Image::kNew, {"twice", "c1", 1}}}, {{Image::kNew, {"twice", "c1", 2}}}};
  source_.Commit(1, commit);
  const uint64_t calls = destination_.calls();
  const auto stopped = Run();
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.status().code(), StatusCode::kConflict);
  EXPECT_THAT(std::string(stopped.status().message()), HasSubstr(R"([["c1"],"twice"])"));
  EXPECT_EQ(destination_.calls(), calls);
  options_.duplicates = DuplicatePolicy::kLast;
  const auto last = Run();
  ASSERT_TRUE(last.ok()) << last.status().ToString();
  EXPECT_EQ(destination_.Contents().at("[\"c1\"]/twice"),
            R"({"id":"twice","category":"c1","value":2})");
  EXPECT_EQ(last->totals.counts.superseded, 1u);
}

TEST_F(ChangeRunTest, AnotherMappingIsNoContinuation) {
  Load();
  documents_.filter = "value >= 1";
  const auto stopped = Run();
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.status().code(), StatusCode::kConflict);
  EXPECT_THAT(std::string(stopped.status().hint()), HasSubstr("--resync"));
}

TEST_F(ChangeRunTest, ATableThatIsNotLoadedHasNoChangesToApply) {
  EXPECT_EQ(Run().status().code(), StatusCode::kInvalidArgument);
}

TEST_F(ChangeRunTest, AWindowThatWasCutOffIsFinishedToItsEndAndNoFurther) {
  Load();
  for (int i = 0; i < 10; ++i) table_.CommitRandom();
  // As if a run had begun to write versions 1 to 6 and died.
  Checkpoint begun = Stored();
  begun.begun_through = 6;
  ASSERT_TRUE(store_->StartWindow("p", begun).ok());
  options_.until = 3;
  const auto summary = Run();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_TRUE(summary->resumed);
  EXPECT_EQ(summary->totals.version, 6) << "some keys may be at version 6 already";
  options_.until.reset();
  RunOk();
  ExpectEqualToTheTable();
}

TEST_F(ChangeRunTest, ASettledPartOfACutOffWindowIsNotSentAgain) {
  Load();
  for (int i = 0; i < 50; ++i) table_.Insert(fmt::format("n{:02}", i), "c1", i);
  Checkpoint begun = Stored();
  begun.begun_through = 50;
  ASSERT_TRUE(store_->StartWindow("p", begun).ok());
  begun.counts.read += 20;
  begun.counts.upserted += 20;
  ASSERT_TRUE(store_->Commit("p", begun, {{0, 20, false}}, {}).ok());
  const uint64_t writes = destination_.History().size();
  EXPECT_EQ(RunOk().upserted, 30u);
  EXPECT_EQ(destination_.History().size() - writes, 30u);
  EXPECT_TRUE(Stored().counts.AddsUp());
}

TEST_F(ChangeRunTest, AContinuousRunFollowsTheTableUntilItIsStopped) {
  Load();
  options_.continuous = true;
  std::stop_source stop;
  Result<ChangeSummary> result = Internal("not run");
  {
    const std::jthread runner([&] { result = Run({.stop = stop.get_token()}); });
    for (int i = 0; i < 20; ++i) {
      table_.CommitRandom();
      while (Stored().version != table_.version()) clock_.WaitFor(milliseconds(100), {});
      EXPECT_EQ(destination_.Contents(), table_.Documents());
    }
    stop.request_stop();
  }
  EXPECT_EQ(result.status().code(), StatusCode::kCancelled);
  EXPECT_EQ((*store_->Runs("p", 1))[0].state, RunState::kStopped);
  ExpectEqualToTheTable();
}

TEST_F(ChangeRunTest, AFailedRunThatLeftNothingUnsureIsGoneOnWithAtOnce) {
  options_.settle = std::chrono::hours(10);  // minutes by the machine's clock
  Load();
  table_.Insert("x", "c1", 1);
  source_.OnNext([](uint32_t, uint64_t) { return DataLoss("the file is gone"); });
  EXPECT_FALSE(Run().ok());
  source_.OnNext({});
  const SteadyTime begun = clock_.Now();
  RunOk();
  EXPECT_LT(clock_.Now() - begun, std::chrono::hours(9));
}

TEST_F(ChangeRunTest, AContinuousRunOutlivesASourceThatIsAwayForAWhile) {
  Load();
  options_.continuous = true;
  std::atomic<int> failures{5};
  source_.OnNext([&](uint32_t, uint64_t) {
    return failures-- > 0 ? Unavailable("the store does not answer") : Status::Ok();
  });
  std::stop_source stop;
  Result<ChangeSummary> result = Internal("not run");
  {
    const std::jthread runner([&] { result = Run({.stop = stop.get_token()}); });
    table_.Insert("x", "c1", 1);
    while (Stored().version != table_.version()) clock_.WaitFor(milliseconds(100), {});
    stop.request_stop();
  }
  EXPECT_EQ(result.status().code(), StatusCode::kCancelled) << result.status().ToString();
  ExpectEqualToTheTable();
}

TEST_F(ChangeRunTest, ABatchThatCannotReadSaysSoAndLosesNothing) {
  Load();
  table_.Insert("x", "c1", 1);
  source_.OnNext([](uint32_t, uint64_t) { return DataLoss("the file is gone"); });
  const auto failed = Run();
  EXPECT_EQ(failed.status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(std::string(failed.status().message()), HasSubstr("of version 1"));
  EXPECT_EQ(Stored().version, 0);
  source_.OnNext({});
  RunOk();
  ExpectEqualToTheTable();
}

TEST_F(ChangeRunTest, UpsertModeKeepsWhatTheTableDeletes) {
  options_.mode = WriteMode::kUpsert;
  Load();
  const size_t documents = destination_.Contents().size();
  table_.DeleteAll();
  const IntentCounts counts = RunOk();
  EXPECT_EQ(counts.deleted, 0u);
  EXPECT_EQ(destination_.Contents().size(), documents);
}

TEST_F(ChangeRunTest, AColumnChangeThatNeedsADecisionStopsBeforeItsVersion) {
  Load();
  table_.Insert("x", "c1", 1);
  MemoryCommit commit;
  ColumnChange dropped;
  dropped.kind = ColumnChange::Kind::kDropped;
  dropped.column = "value";
  commit.column_changes = {dropped};
  source_.Commit(2, commit);
  const auto stopped = Run();
  EXPECT_EQ(stopped.status().code(), StatusCode::kUnsupported);
}

}  // namespace
}  // namespace spillway
