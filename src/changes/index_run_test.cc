// Runs of changes that compare the whole table with the index.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "changes/testing/changes_fixture.h"

namespace spillway {
namespace {

using testing::HasSubstr;

class IndexRunTest : public ChangesFixture {
 protected:
  IndexRunTest() : ChangesFixture(200) {
    options_.changes = ChangePolicy::kIndex;
    Load();
  }

  // The table as it is now can be read, and nothing older.
  void Publish() {
    MemorySplits splits(3);
    size_t at = 0;
    for (const auto& [id, row] : table_.rows()) splits[at++ % 3].push_back(row);
    source_.SetVersion(table_.version(), std::move(splits));
    for (int64_t version = 0; version < table_.version(); ++version) {
      source_.RemoveVersion(version);
    }
    source_.CleanLogBefore(table_.version() + 1);
  }
  ChangeSummary RunOk() {
    const auto summary = Run();
    EXPECT_TRUE(summary.ok()) << summary.status().ToString();
    if (!summary.ok()) return {};
    EXPECT_TRUE(summary->totals.counts.AddsUp());
    return *summary;
  }
  std::filesystem::path IndexFolder() const { return folder_ / "spill" / "p.index"; }
};

TEST_F(IndexRunTest, WritesWhatChangedAndNothingElse) {
  RunOk();  // makes the index
  const std::string id = SomeId();
  table_.Update(id, 123);
  table_.Insert("new", "c1", 5);
  table_.Delete(std::next(table_.rows().begin(), 3)->first);
  Publish();
  const ChangeSummary summary = RunOk();
  const IntentCounts& counts = summary.totals.counts;
  EXPECT_EQ(counts.upserted, 2u);
  EXPECT_LE(counts.deleted, 1u);
  EXPECT_EQ(counts.superseded, 1u) << "the old image of the update";
  EXPECT_GT(counts.unchanged, 150u);
  ASSERT_EQ(summary.methods.size(), 1u);
  EXPECT_EQ(summary.methods[0].method, ChangeMethod::kIndex);
  EXPECT_EQ(summary.methods[0].versions, 3u);
  ExpectEqualToTheTable();
}

TEST_F(IndexRunTest, AnUnchangedTableIsNotReadAgain) {
  RunOk();
  source_.OnNext([](uint32_t, uint64_t) { return Internal("read"); });
  EXPECT_EQ(RunOk().totals.counts, IntentCounts{});
}

TEST_F(IndexRunTest, FollowsRandomChangesWithLittleMemory) {
  options_.memory_bytes_max = 64 << 10;
  RunOk();
  for (int round = 0; round < 30; ++round) {
    for (int i = 0; i <= round % 4; ++i) table_.CommitRandom();
    Publish();
    RunOk();
    ExpectEqualToTheTable();
  }
}

TEST_F(IndexRunTest, ARunThatDiesAnywhereIsGoneOnWithWhateverTheTableIsThen) {
  RunOk();
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 6; ++i) table_.CommitRandom();
    Publish();
    int calls_left = round % 5;
    destination_.OnCall([&](std::span<const Document>) {
      return calls_left-- > 0 ? Status::Ok() : PermissionDenied("no more");
    });
    (void)Run();  // cut off in the middle, or done when there was little to do
    destination_.OnCall({});
    table_.CommitRandom();  // and the version that was begun cannot be read again
    Publish();
    RunOk();
    ExpectEqualToTheTable();
  }
}

TEST_F(IndexRunTest, AKeyThatWasInsertedByACutOffWindowAndIsGoneAgainIsTakenAway) {
  RunOk();
  table_.Insert("ghost", "c1", 5);
  table_.Update(std::prev(table_.rows().end())->first, 77);
  Publish();
  // Written, but the state does not get to know.
  destination_.OnRow([](const Document& document) -> std::optional<RowFailure> {
    if (document.id == "ghost") return std::nullopt;
    RowFailure failure;
    failure.disposition = Disposition::kStop;
    failure.status = PermissionDenied("no more");
    return failure;
  });
  EXPECT_FALSE(Run().ok());
  destination_.OnRow({});
  table_.Delete("ghost");
  Publish();
  RunOk();
  EXPECT_EQ(destination_.Contents().count("[\"c1\"]/ghost"), 0u);
  EXPECT_EQ(destination_.Contents(), table_.Documents());
}

TEST_F(IndexRunTest, AnEarlierEndDoesNotTakeACutOffWindowBack) {
  RunOk();
  const std::string id = std::prev(table_.rows().end())->first;
  table_.Update(id, 77);
  MemorySplits splits(1);
  for (const auto& [name, row] : table_.rows()) splits[0].push_back(row);
  source_.SetVersion(1, splits);  // and version 0 is there still
  destination_.OnCall([](std::span<const Document>) { return PermissionDenied("no more"); });
  EXPECT_FALSE(Run().ok());
  destination_.OnCall({});
  options_.until = 0;
  EXPECT_EQ(RunOk().totals.version, 1) << "some keys may be at version 1 already";
  ExpectEqualToTheTable();
}

TEST_F(IndexRunTest, AnEarlierEndDoesNotGoBehindTheCheckpoint) {
  RunOk();
  const std::string id = std::prev(table_.rows().end())->first;
  const auto update_to = [&](int64_t value) {
    table_.Update(id, value);
    MemorySplits splits(1);
    for (const auto& [name, row] : table_.rows()) splits[0].push_back(row);
    source_.SetVersion(table_.version(), splits);
  };
  update_to(77);
  RunOk();
  const auto first = table_.Documents();
  update_to(78);
  destination_.OnCall([](std::span<const Document>) { return PermissionDenied("no more"); });
  EXPECT_FALSE(Run().ok());
  destination_.OnCall({});
  Checkpoint died_before_it_was_stored = Stored();
  died_before_it_was_stored.begun_through = 0;
  ASSERT_TRUE(store_->StartWindow("p", died_before_it_was_stored).ok());
  options_.until = 0;
  EXPECT_EQ(RunOk().totals.version, 1);
  EXPECT_EQ(destination_.Contents(), first);
  options_.until.reset();
  EXPECT_EQ(RunOk().totals.version, 2);
  ExpectEqualToTheTable();
}

TEST_F(IndexRunTest, ATableThatWasCreatedAnewIsComparedToo) {
  RunOk();
  for (int i = 0; i < 5; ++i) table_.CommitRandom();
  Publish();
  RunOk();
  EXPECT_EQ(Stored().version, 5);
  source_.RemoveVersion(5);
  source_.SetTableId("table-2");
  source_.SetVersion(1, {{{"only", "c1", 1}, {"two", "c2", 2}}});
  const ChangeSummary summary = RunOk();
  EXPECT_EQ(summary.totals.version, 1);
  EXPECT_EQ(Stored().table_id, "table-2");
  EXPECT_EQ(Stored().begun_through, 0);
  EXPECT_EQ(destination_.Contents().size(), 2u);
}

TEST_F(IndexRunTest, AutoTurnsToTheIndexWhenTheLogIsLostAndBackToTheLog) {
  options_.changes = ChangePolicy::kAuto;
  options_.keep_index = true;
  RunOk();
  table_.Update(SomeId(), 1'000);
  table_.Insert("by-log", "c1", 1);
  RunOk();
  for (int i = 0; i < 5; ++i) table_.CommitRandom();
  table_.Delete("by-log");
  Publish();  // cleans the log
  const ChangeSummary compared = RunOk();
  ASSERT_EQ(compared.methods.size(), 1u);
  EXPECT_EQ(compared.methods[0].method, ChangeMethod::kIndex);
  EXPECT_THAT(compared.methods[0].reason, HasSubstr("the log was cleaned"));
  ExpectEqualToTheTable();
  table_.CommitRandom();
  table_.Insert("again-by-log", "c1", 1);
  const ChangeSummary followed = RunOk();
  ASSERT_EQ(followed.methods.size(), 1u);
  EXPECT_EQ(followed.methods[0].method, ChangeMethod::kFeed);
  ExpectEqualToTheTable();
}

TEST_F(IndexRunTest, AWindowOfTheLogThatWasCutOffIsFinishedByTheIndexWhenTheLogIsLost) {
  options_.changes = ChangePolicy::kAuto;
  options_.keep_index = true;
  RunOk();
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 8; ++i) table_.CommitRandom();
    int calls_left = round % 4;
    destination_.OnCall([&](std::span<const Document>) {
      return calls_left-- > 0 ? Status::Ok() : PermissionDenied("no more");
    });
    (void)Run();
    destination_.OnCall({});
    table_.CommitRandom();
    Publish();
    RunOk();
    ExpectEqualToTheTable();
  }
}

TEST_F(IndexRunTest, WithoutAnIndexALostLogIsSaid) {
  options_.changes = ChangePolicy::kAuto;
  table_.CommitRandom();
  Publish();
  EXPECT_EQ(Run().status().code(), StatusCode::kDataLoss);
}

TEST_F(IndexRunTest, AnIndexCannotBeMadeOfAVersionThatIsGone) {
  table_.CommitRandom();
  Publish();
  const auto stopped = Run();
  EXPECT_EQ(stopped.status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(std::string(stopped.status().message()), HasSubstr("making the index of version 0"));
  EXPECT_THAT(std::string(stopped.status().hint()), HasSubstr("--resync"));
}

TEST_F(IndexRunTest, ADamagedIndexStopsTheRunBeforeItWrites) {
  RunOk();
  table_.CommitRandom();
  Publish();
  for (const auto& file : std::filesystem::directory_iterator(IndexFolder())) {
    if (file.path().extension() != ".part") continue;
    std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  }
  const uint64_t calls = destination_.calls();
  EXPECT_EQ(Run().status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(destination_.calls(), calls);
}

TEST_F(IndexRunTest, AnEmptiedTableMeetsTheDeleteGuard) {
  options_.delete_guard = {.share = 0.1, .documents_min = 2};
  RunOk();
  table_.DeleteAll();
  Publish();
  const uint64_t calls = destination_.calls();
  EXPECT_EQ(Run().status().code(), StatusCode::kConflict);
  EXPECT_EQ(destination_.calls(), calls);
  options_.delete_guard.share.reset();
  RunOk();
  ExpectEqualToTheTable();
}

TEST_F(IndexRunTest, TwoRowsOfOneKeyStopTheRunOrTheLastWins) {
  RunOk();
  source_.SetVersion(1, {{{"twice", "c1", 1}}, {{"twice", "c1", 2}}});
  EXPECT_EQ(Run().status().code(), StatusCode::kConflict);
  options_.duplicates = DuplicatePolicy::kLast;
  EXPECT_EQ(RunOk().totals.counts.superseded, 1u);
  EXPECT_EQ(destination_.Contents().at("[\"c1\"]/twice"),
            R"({"id":"twice","category":"c1","value":2})");
}

TEST_F(IndexRunTest, ARowThatCannotBeADocumentIsListedAndItsOldDocumentStays) {
  destination_.mutable_capabilities().keeps_numbers_exactly = false;
  options_.max_rejected.share = 0.5;
  table_.Insert("x", "c1", 1);
  Publish();
  source_.CleanLogBefore(0);
  options_.changes = ChangePolicy::kAuto;
  RunOk();
  options_.changes = ChangePolicy::kIndex;
  RunOk();
  const auto before = destination_.Contents();
  table_.Update("x", int64_t{9'007'199'254'740'993});  // its text does not survive a double
  Publish();
  EXPECT_EQ(RunOk().totals.counts.rejected, 1u);
  EXPECT_EQ(destination_.Contents(), before);
  EXPECT_EQ((*store_->Rejected("p", std::nullopt, 10)).size(), 1u);
  table_.Update("x", 3);
  Publish();
  EXPECT_EQ(RunOk().totals.counts.upserted, 1u);
  ExpectEqualToTheTable();
}

TEST_F(IndexRunTest, ModesThatDeleteWhatRowsNameHaveNoIndex) {
  options_.mode = WriteMode::kDelete;
  EXPECT_EQ(Run().status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace spillway
