#include "engine/acknowledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Keeps what it is given, and fails when told.
class RecordingStore : public StateStore {
 public:
  struct Committed {
    Checkpoint checkpoint;
    std::vector<SplitProgress> moved;
    std::vector<RejectedRecord> rejected;
  };
  std::vector<Committed> commits;
  Status fails_with;

  Status Commit(std::string_view, const Checkpoint& checkpoint,
                const std::vector<SplitProgress>& moved,
                const std::vector<RejectedRecord>& rejected) override {
    if (!fails_with.ok()) return fails_with;
    commits.push_back({checkpoint, moved, rejected});
    return Status::Ok();
  }
  Result<std::unique_ptr<Lease>> AcquireLease(std::string_view,
                                              std::chrono::milliseconds) override {
    return Locked("not here");
  }
  Result<std::optional<Checkpoint>> LoadCheckpoint(std::string_view) override {
    return std::optional<Checkpoint>();
  }
  Result<std::vector<SplitProgress>> LoadProgress(std::string_view) override {
    return std::vector<SplitProgress>();
  }
  StoreInfo info() const override { return {}; }
  Result<std::optional<LeaseHolder>> Holder(std::string_view) override {
    return std::optional<LeaseHolder>();
  }
  Status Restore(std::string_view, const Checkpoint&, const std::vector<SplitProgress>&,
                 const std::vector<RejectedRecord>&) override {
    return Status::Ok();
  }
  Status StartLoad(std::string_view, const Checkpoint&) override { return Status::Ok(); }
  Status StartWindow(std::string_view, const Checkpoint&) override { return Status::Ok(); }
  Result<std::optional<std::string>> ThroughputLimitOf(std::string_view) override {
    return std::optional<std::string>();
  }
  Status SetThroughputLimit(std::string_view, const std::optional<std::string>&) override {
    return Status::Ok();
  }
  Result<std::optional<std::string>> TuningOf(std::string_view) override {
    return std::optional<std::string>();
  }
  Status SetTuning(std::string_view, const std::optional<std::string>&) override {
    return Status::Ok();
  }
  Result<int64_t> StartRun(const RunRecord&) override { return int64_t{1}; }
  Status UpdateRun(const RunRecord&) override { return Status::Ok(); }
  Result<std::vector<RunRecord>> Runs(std::string_view, uint32_t) override {
    return std::vector<RunRecord>();
  }
  Result<std::vector<RejectedRecord>> Rejected(std::string_view, std::optional<int64_t>,
                                               uint32_t) override {
    return std::vector<RejectedRecord>();
  }
  Result<std::vector<ReasonCount>> RejectedByReason(std::string_view) override {
    return std::vector<ReasonCount>();
  }
};

class AcknowledgerTest : public testing::Test {
 protected:
  AcknowledgerTest() {
    for (const char* key : {"part-0", "part-1"}) {
      Split split;
      split.key = key;
      splits_.push_back(split);
    }
    options_.pipeline = "p";
    options_.run_id = 9;
    options_.splits = splits_;
    options_.before_commit = [this] {
      ++prepared_;
      return Status::Ok();
    };
  }
  std::unique_ptr<Acknowledger> Make() {
    return std::make_unique<Acknowledger>(store_, clock_, options_);
  }
  static SettledBatch Rows(uint32_t split, uint64_t first_row, uint64_t rows) {
    SettledBatch batch;
    batch.split = split;
    batch.first_row = first_row;
    batch.rows = rows;
    batch.counts.read = batch.counts.upserted = rows;
    return batch;
  }
  const SplitProgress& Moved(size_t commit, size_t split) {
    return store_.commits.at(commit).moved.at(split);
  }

  ManualClock clock_;
  RecordingStore store_;
  std::vector<Split> splits_;
  AcknowledgerOptions options_;
  int prepared_ = 0;
};

TEST_F(AcknowledgerTest, TheCheckpointStopsBeforeTheFirstUnsettledRow) {
  auto acknowledger = Make();
  ASSERT_TRUE(acknowledger->OnBatchSettled(Rows(0, 100, 50)).ok());
  ASSERT_TRUE(acknowledger->Commit().ok());
  EXPECT_THAT(store_.commits, IsEmpty()) << "rows 0 to 99 are not settled";
  EXPECT_EQ(acknowledger->counts().read, 0u);
  ASSERT_TRUE(acknowledger->OnBatchSettled(Rows(0, 0, 100)).ok());
  ASSERT_TRUE(acknowledger->Commit().ok());
  EXPECT_EQ(Moved(0, 0).rows_settled, 150u);
  EXPECT_FALSE(Moved(0, 0).complete);
  EXPECT_EQ(store_.commits[0].checkpoint.counts.upserted, 150u);
  EXPECT_EQ(prepared_, 1) << "the identities first";
}

TEST_F(AcknowledgerTest, ASplitIsCompleteWhenItIsReadAndSettledToItsEnd) {
  auto acknowledger = Make();
  acknowledger->OnSplitRead(1, 100);
  EXPECT_EQ(acknowledger->splits_done(), 0u);
  ASSERT_TRUE(acknowledger->OnBatchSettled(Rows(1, 0, 100)).ok());
  EXPECT_EQ(acknowledger->splits_done(), 1u);
  acknowledger->OnSplitRead(0, 0);
  EXPECT_TRUE(acknowledger->AllComplete());
  ASSERT_TRUE(acknowledger->Commit().ok());
  EXPECT_TRUE(Moved(0, 0).complete);
  EXPECT_TRUE(Moved(0, 1).complete);
}

TEST_F(AcknowledgerTest, ACommitWritesOnlyWhatMoved) {
  auto acknowledger = Make();
  ASSERT_TRUE(acknowledger->OnBatchSettled(Rows(0, 0, 10)).ok());
  ASSERT_TRUE(acknowledger->Commit().ok());
  ASSERT_TRUE(acknowledger->Commit().ok());
  ASSERT_TRUE(acknowledger->OnBatchSettled(Rows(1, 0, 10)).ok());
  ASSERT_TRUE(acknowledger->Commit().ok());
  ASSERT_EQ(store_.commits.size(), 2u);
  EXPECT_EQ(store_.commits[1].moved.size(), 1u);
  EXPECT_EQ(store_.commits[1].checkpoint.counts.read, 20u) << "counts are of the load";
}

TEST_F(AcknowledgerTest, AResumedLoadCountsOnFromWhereItWas) {
  options_.checkpoint.counts.read = options_.checkpoint.counts.upserted = 140;
  options_.progress = {{0, 100, true}, {1, 40, false}};
  auto acknowledger = Make();
  EXPECT_EQ(acknowledger->splits_done(), 1u);
  ASSERT_TRUE(acknowledger->OnBatchSettled(Rows(1, 40, 60)).ok());
  acknowledger->OnSplitRead(1, 100);
  EXPECT_TRUE(acknowledger->AllComplete());
  EXPECT_EQ(acknowledger->counts().read, 200u);
  EXPECT_EQ(acknowledger->run_counts().read, 60u);
}

TEST_F(AcknowledgerTest, ACommitThatFailsIsMadeUpByTheNext) {
  auto acknowledger = Make();
  SettledBatch batch = Rows(0, 0, 10);
  batch.rejected.push_back({3, "key", "reason", "message"});
  ASSERT_TRUE(acknowledger->OnBatchSettled(std::move(batch)).ok());
  store_.fails_with = Unavailable("the disk is full");
  EXPECT_EQ(acknowledger->Commit().code(), StatusCode::kUnavailable);
  ASSERT_TRUE(acknowledger->OnBatchSettled(Rows(0, 10, 10)).ok());
  store_.fails_with = Status::Ok();
  ASSERT_TRUE(acknowledger->Commit().ok());
  ASSERT_EQ(store_.commits.size(), 1u);
  EXPECT_EQ(Moved(0, 0).rows_settled, 20u);
  EXPECT_EQ(store_.commits[0].rejected.size(), 1u);
}

TEST_F(AcknowledgerTest, ARejectedRowIsRecordedWithItsPlaceInTheSplit) {
  options_.checkpoint.version = 4;
  auto acknowledger = Make();
  SettledBatch batch = Rows(1, 0, 100);
  ASSERT_TRUE(acknowledger->OnBatchSettled(Rows(1, 0, 200)).ok());
  batch = Rows(1, 200, 100);
  batch.rejected.push_back({3, "key", "reason", "message"});
  ASSERT_TRUE(acknowledger->OnBatchSettled(std::move(batch)).ok());
  ASSERT_TRUE(acknowledger->Commit().ok());
  const RejectedRecord& record = store_.commits.at(0).rejected.at(0);
  EXPECT_EQ(record.run_id, 9);
  EXPECT_EQ(record.version, 4);
  EXPECT_EQ(record.split, "part-1");
  EXPECT_EQ(record.row, 203u);
  EXPECT_EQ(record.at_ms, 1'700'000'000'000);
}

TEST_F(AcknowledgerTest, WhatTheCheckpointHasNotReachedIsListedButNotCounted) {
  auto acknowledger = Make();
  SettledBatch ahead = Rows(0, 50, 10);
  ahead.rejected.push_back({1, "key", "reason", "message"});
  ASSERT_TRUE(acknowledger->OnBatchSettled(std::move(ahead)).ok());
  acknowledger->ListRejected(0, 0, {{2, "key", "reason", "message"}});
  acknowledger->ListRejectedAhead();
  ASSERT_TRUE(acknowledger->Commit().ok());
  ASSERT_EQ(store_.commits.size(), 1u);
  EXPECT_THAT(store_.commits[0].moved, IsEmpty());
  EXPECT_EQ(store_.commits[0].checkpoint.counts, IntentCounts{});
  EXPECT_EQ(store_.commits[0].rejected.size(), 2u);
}

TEST_F(AcknowledgerTest, ManyRejectedRowsAreStoredAtOnce) {
  auto acknowledger = Make();
  SettledBatch batch = Rows(0, 0, 20'000);
  batch.rejected.assign(10'001, {0, "key", "reason", "message"});
  ASSERT_TRUE(acknowledger->OnBatchSettled(std::move(batch)).ok());
  EXPECT_EQ(store_.commits.size(), 1u);
}

TEST_F(AcknowledgerTest, MemoryIsGivenBackAsRowsSettleAndPlacesBehindTheCheckpoint) {
  Budget memory(1'000);
  Budget places(10);
  auto acknowledger = Make();
  SettledBatch second = Rows(0, 10, 10);
  second.shares.memory = *memory.Take(600, {});
  second.shares.place = *places.Take(1, {});
  ASSERT_TRUE(acknowledger->OnBatchSettled(std::move(second)).ok());
  EXPECT_EQ(memory.taken(), 0u);
  EXPECT_EQ(places.taken(), 1u) << "it waits for the rows before it";
  ASSERT_TRUE(acknowledger->OnBatchSettled(Rows(0, 0, 10)).ok());
  EXPECT_EQ(places.taken(), 0u);
}

TEST_F(AcknowledgerTest, ALoadEndsWithTheSupersededRowsMovedAndItsCountsAddingUp) {
  auto acknowledger = Make();
  ASSERT_TRUE(acknowledger->OnBatchSettled(Rows(0, 0, 10)).ok());
  acknowledger->OnSplitRead(0, 10);
  acknowledger->OnSplitRead(1, 0);
  ASSERT_TRUE(acknowledger->CommitLoaded(3).ok());
  const Checkpoint& last = store_.commits.back().checkpoint;
  EXPECT_EQ(last.phase, LoadPhase::kLoaded);
  EXPECT_EQ(last.counts.upserted, 7u);
  EXPECT_EQ(last.counts.superseded, 3u);
  EXPECT_TRUE(last.counts.AddsUp());
}

TEST_F(AcknowledgerTest, CountsThatDoNotAddUpAreABugThatIsSaid) {
  auto acknowledger = Make();
  SettledBatch batch = Rows(0, 0, 10);
  batch.counts.upserted = 9;
  ASSERT_TRUE(acknowledger->OnBatchSettled(std::move(batch)).ok());
  acknowledger->OnSplitRead(0, 10);
  acknowledger->OnSplitRead(1, 0);
  EXPECT_EQ(acknowledger->CommitLoaded(0).code(), StatusCode::kInternal);
}

TEST(IntentCounts, ASupersededWriteIsTakenFromWhatReplacedIt) {
  IntentCounts counts{.read = 10, .upserted = 10, .inserted = 6, .replaced = 3};
  ASSERT_TRUE(counts.AddsUp());
  counts.Supersede(2);
  EXPECT_EQ(counts, (IntentCounts{
                        .read = 10, .upserted = 8, .inserted = 6, .replaced = 1, .superseded = 2}));
  counts.Supersede(4);
  EXPECT_EQ(counts, (IntentCounts{.read = 10, .upserted = 4, .inserted = 4, .superseded = 6}));
  EXPECT_TRUE(counts.AddsUp());
  counts.replaced = 1;
  EXPECT_FALSE(counts.AddsUp()) << "more than were upserted";
}

}  // namespace
}  // namespace spillway
