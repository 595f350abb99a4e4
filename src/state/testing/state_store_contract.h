// What every state store promises, as tests. A store adds its subject, and one file of a test
// program includes this and names its subjects with INSTANTIATE_TEST_SUITE_P.
#ifndef SPILLWAY_STATE_TESTING_STATE_STORE_CONTRACT_H_
#define SPILLWAY_STATE_TESTING_STATE_STORE_CONTRACT_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "state/state_store.h"

namespace spillway {

// One state, and the clock that its leases expire by.
class StateStoreSubject {
 public:
  virtual ~StateStoreSubject() = default;
  // Another runner's view of the state.
  virtual std::unique_ptr<StateStore> Open() = 0;
  virtual void Advance(std::chrono::seconds duration) = 0;
};

struct StateStoreMaker {
  std::string name;
  std::function<std::unique_ptr<StateStoreSubject>()> make;
};

class StateStoreContract : public testing::TestWithParam<StateStoreMaker> {
 protected:
  // More than any store's margin behind the end of a lease.
  static constexpr std::chrono::seconds kLongAfterLease{60};
  static constexpr std::chrono::seconds kLease{30};

  void SetUp() override { subject_ = GetParam().make(); }
  std::unique_ptr<StateStore> Open() { return subject_->Open(); }

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
        .late_columns = {"colour", "size"},
        .hold = Hold::kRollingBack,
        .hold_version = 3};
  }
  static Checkpoint At(int64_t version) {
    Checkpoint checkpoint;
    checkpoint.version = version;
    return checkpoint;
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
  static RunRecord Run(std::string pipeline, std::string kind = "load") {
    RunRecord run;
    run.pipeline = std::move(pipeline);
    run.kind = std::move(kind);
    return run;
  }

  std::unique_ptr<StateStoreSubject> subject_;
};

TEST_P(StateStoreContract, APipelineThatNeverRanHasNoState) {
  auto store = Open();
  EXPECT_FALSE((*store->LoadCheckpoint("p")).has_value());
  EXPECT_TRUE((*store->LoadProgress("p")).empty());
  EXPECT_TRUE((*store->Rejected("p", std::nullopt, 10)).empty());
  EXPECT_TRUE((*store->Runs("", 10)).empty());
  EXPECT_FALSE((*store->Holder("p")).has_value());
}

TEST_P(StateStoreContract, WhatACommitWroteIsThereForTheNextRunner) {
  {
    auto store = Open();
    ASSERT_TRUE(store->StartLoad("p", Checkpoint{}).ok());
    const Status committed = store->Commit("p", SomeCheckpoint(), {{0, 100, true}, {2, 40, false}},
                                           {SomeRejected(3, "id_too_long")});
    ASSERT_TRUE(committed.ok()) << committed.ToString();
  }
  auto store = Open();
  const auto checkpoint = *store->LoadCheckpoint("p");
  ASSERT_TRUE(checkpoint.has_value());
  EXPECT_EQ(checkpoint->table_id, "t-1");
  EXPECT_EQ(checkpoint->location, "file:///lake/t");
  EXPECT_EQ(checkpoint->version, 7);
  EXPECT_EQ(checkpoint->phase, LoadPhase::kLoading);
  EXPECT_EQ(checkpoint->mapping_hash, "abc");
  EXPECT_EQ(checkpoint->splits, 3u);
  EXPECT_EQ(checkpoint->counts, SomeCheckpoint().counts);
  EXPECT_EQ(checkpoint->position, "behind 7");
  EXPECT_EQ(checkpoint->begun_through, 9);
  EXPECT_EQ(checkpoint->documents, 8u);
  EXPECT_TRUE(checkpoint->sweep);
  EXPECT_EQ(checkpoint->late_columns, SomeCheckpoint().late_columns);
  EXPECT_EQ(checkpoint->hold, Hold::kRollingBack);
  EXPECT_EQ(checkpoint->hold_version, 3);
  const auto progress = *store->LoadProgress("p");
  ASSERT_EQ(progress.size(), 2u);
  EXPECT_EQ(progress[0].rows_settled, 100u);
  EXPECT_TRUE(progress[0].complete);
  EXPECT_EQ(progress[1].split, 2u);
  EXPECT_FALSE(progress[1].complete);
  const auto rejected = *store->Rejected("p", std::nullopt, 10);
  ASSERT_EQ(rejected.size(), 1u);
  EXPECT_EQ(rejected[0].message, "too long");
  EXPECT_EQ(rejected[0].pipeline, "p");
}

TEST_P(StateStoreContract, ProgressOfManySplitsComesBackWhole) {
  constexpr uint32_t kSplits = 3'000;
  {
    auto store = Open();
    ASSERT_TRUE(store->StartLoad("p", Checkpoint{}).ok());
    for (uint32_t first : {0u, kSplits / 2, kSplits / 3}) {
      std::vector<SplitProgress> moved;
      for (uint32_t split = first; split < first + kSplits / 2; ++split) {
        moved.push_back({split, first + split, true});
      }
      ASSERT_TRUE(store->Commit("p", At(1), moved, {}).ok());
    }
  }
  const auto progress = *Open()->LoadProgress("p");
  ASSERT_EQ(progress.size(), kSplits);
  for (uint32_t split = 0; split < kSplits; ++split) {
    const bool in_last = split >= kSplits / 3 && split < kSplits / 3 + kSplits / 2;
    const uint32_t first = in_last ? kSplits / 3 : split < kSplits / 2 ? 0 : kSplits / 2;
    ASSERT_EQ(progress[split].split, split);
    ASSERT_EQ(progress[split].rows_settled, first + split);
  }
}

TEST_P(StateStoreContract, ManyRejectedRowsOfOneCommitAreAllKept) {
  constexpr uint64_t kRows = 2'500;
  auto store = Open();
  ASSERT_TRUE(store->StartLoad("p", Checkpoint{}).ok());
  std::vector<RejectedRecord> rejected;
  for (uint64_t row = 0; row < kRows; ++row) rejected.push_back(SomeRejected(row, "x"));
  rejected.back().message = std::string(20'000, 'm');
  ASSERT_TRUE(store->Commit("p", SomeCheckpoint(), {}, rejected).ok());
  const auto all = *Open()->Rejected("p", std::nullopt, 10'000);
  ASSERT_EQ(all.size(), kRows);
  for (uint64_t row = 0; row < kRows; ++row) ASSERT_EQ(all[row].row, row);
  EXPECT_EQ((*store->Rejected("p", std::nullopt, 7)).size(), 7u);
}

TEST_P(StateStoreContract, StartLoadForgetsTheProgressAndHidesTheRejectedRowsOfTheLoadBefore) {
  auto store = Open();
  ASSERT_TRUE(store->StartLoad("p", SomeCheckpoint()).ok());
  ASSERT_TRUE(store->Commit("p", SomeCheckpoint(), {{0, 9, false}}, {SomeRejected(1, "x")}).ok());
  ASSERT_TRUE(store->StartLoad("p", At(8)).ok());
  EXPECT_TRUE((*store->LoadProgress("p")).empty());
  EXPECT_TRUE((*store->LoadCheckpoint("p"))->late_columns.empty());
  EXPECT_TRUE((*store->Rejected("p", std::nullopt, 10)).empty());
  EXPECT_EQ((*store->Rejected("p", 1, 10)).size(), 1u) << "a run's own list stays";
}

TEST_P(StateStoreContract, RejectedRowsOfLoadsLongAgoAreForgotten) {
  auto store = Open();
  ASSERT_TRUE(store->StartLoad("p", SomeCheckpoint()).ok());
  ASSERT_TRUE(store->Commit("p", SomeCheckpoint(), {}, {SomeRejected(1, "x")}).ok());
  for (int load = 0; load < 7; ++load) ASSERT_TRUE(store->StartLoad("p", At(8)).ok());
  EXPECT_EQ((*store->Rejected("p", 1, 10)).size(), 1u);
  ASSERT_TRUE(store->StartLoad("p", At(8)).ok());
  EXPECT_TRUE((*store->Rejected("p", 1, 10)).empty());
}

TEST_P(StateStoreContract, AWindowBeginsWithoutTheProgressOfTheOneBeforeIt) {
  auto store = Open();
  ASSERT_TRUE(store->StartLoad("p", SomeCheckpoint()).ok());
  ASSERT_TRUE(store->Commit("p", SomeCheckpoint(), {{0, 9, true}}, {SomeRejected(1, "x")}).ok());
  Checkpoint begun = SomeCheckpoint();
  begun.begun_through = 12;
  begun.late_columns = {"weight"};
  ASSERT_TRUE(store->StartWindow("p", begun).ok());
  EXPECT_TRUE((*store->LoadProgress("p")).empty());
  const auto checkpoint = *Open()->LoadCheckpoint("p");
  EXPECT_EQ(checkpoint->begun_through, 12);
  EXPECT_EQ(checkpoint->late_columns, (std::vector<std::string>{"colour", "size", "weight"}));
  EXPECT_EQ((*store->Rejected("p", std::nullopt, 10)).size(), 1u) << "it is the same load";
}

TEST_P(StateStoreContract, WhatIsRestoredIsThereWhole) {
  auto store = Open();
  ASSERT_TRUE(store->StartLoad("p", At(1)).ok());
  ASSERT_TRUE(store->Commit("p", At(1), {{5, 5, true}}, {}).ok());
  ASSERT_TRUE(store->Restore("p", SomeCheckpoint(), {{1, 9, true}}, {SomeRejected(1, "x")}).ok());
  auto next = Open();
  EXPECT_EQ((*next->LoadCheckpoint("p"))->version, 7);
  const auto progress = *next->LoadProgress("p");
  ASSERT_EQ(progress.size(), 1u);
  EXPECT_EQ(progress[0].split, 1u);
  EXPECT_EQ((*next->Rejected("p", std::nullopt, 10)).size(), 1u);
}

TEST_P(StateStoreContract, WindowsAndCommitsNeedALoad) {
  EXPECT_FALSE(Open()->StartWindow("p", SomeCheckpoint()).ok());
  EXPECT_FALSE(Open()->Commit("p", SomeCheckpoint(), {}, {}).ok());
  EXPECT_FALSE((*Open()->LoadCheckpoint("p")).has_value());
}

TEST_P(StateStoreContract, ARowThatIsRejectedAgainIsListedOnceInEachVersion) {
  auto store = Open();
  ASSERT_TRUE(store->StartLoad("p", SomeCheckpoint()).ok());
  ASSERT_TRUE(store->Commit("p", SomeCheckpoint(), {}, {SomeRejected(1, "first")}).ok());
  RejectedRecord later = SomeRejected(1, "third");
  later.version = 8;
  ASSERT_TRUE(store
                  ->Commit("p", SomeCheckpoint(), {},
                           {SomeRejected(1, "second"), SomeRejected(2, "second"), later})
                  .ok());
  const auto reasons = *store->RejectedByReason("p");
  ASSERT_EQ(reasons.size(), 2u);
  EXPECT_EQ(reasons[0].reason, "second");
  EXPECT_EQ(reasons[0].rows, 2u);
  EXPECT_EQ(reasons[1].rows, 1u);
}

TEST_P(StateStoreContract, RunsComeNewestFirstAndKeepWhatTheyCounted) {
  auto store = Open();
  RunRecord run = Run("p");
  run.id = *store->StartRun(run);
  run.state = RunState::kSucceeded;
  run.ended_ms = 9;
  run.cost = 12.5;
  run.unsure = 3;
  run.units_cap = 12'000;
  run.peak_normalised = 0.75;
  run.counts.read = 4;
  ASSERT_TRUE(store->UpdateRun(run).ok());
  const auto second = Open()->StartRun(Run("q"));
  ASSERT_TRUE(second.ok());
  EXPECT_GT(*second, run.id);
  const auto all = *store->Runs("", 10);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].pipeline, "q");
  const auto of_p = *store->Runs("p", 10);
  ASSERT_EQ(of_p.size(), 1u);
  EXPECT_EQ(of_p[0].state, RunState::kSucceeded);
  EXPECT_EQ(of_p[0].cost, 12.5);
  EXPECT_EQ(of_p[0].unsure, 3u);
  EXPECT_EQ(of_p[0].units_cap, 12'000);
  EXPECT_EQ(of_p[0].peak_normalised, 0.75);
  EXPECT_EQ(of_p[0].counts.read, 4u);
  EXPECT_EQ((*store->Runs("", 1)).size(), 1u);
}

TEST_P(StateStoreContract, ARunThatNeverSaidHowItEndedIsAbandonedWhenTheNextStarts) {
  auto store = Open();
  ASSERT_TRUE(store->StartRun(Run("p")).ok());
  ASSERT_TRUE(store->StartRun(Run("q")).ok());
  ASSERT_TRUE(store->StartRun(Run("p", "verify")).ok());
  ASSERT_TRUE(store->StartRun(Run("p", "changes")).ok());
  const auto runs = *store->Runs("", 10);
  ASSERT_EQ(runs.size(), 4u);
  EXPECT_EQ(runs[0].state, RunState::kRunning);
  EXPECT_EQ(runs[1].state, RunState::kRunning) << "a verification runs beside";
  EXPECT_EQ(runs[2].state, RunState::kRunning) << "another pipeline's";
  EXPECT_EQ(runs[3].state, RunState::kAbandoned);
}

TEST_P(StateStoreContract, UpdatingARunThatIsNotThereFails) {
  EXPECT_EQ(Open()->UpdateRun(RunRecord{}).code(), StatusCode::kNotFound);
}

TEST_P(StateStoreContract, TheSecondRunnerIsToldWhoRunsItAndSinceWhen) {
  auto first = Open();
  auto second = Open();
  const auto lease = *first->AcquireLease("p", kLease);
  const auto refused = second->AcquireLease("p", kLease);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code(), StatusCode::kLocked);
  EXPECT_THAT(refused.status().message(), testing::HasSubstr("process "));
  EXPECT_FALSE(refused.status().hint().empty());
  const auto holder = *second->Holder("p");
  ASSERT_TRUE(holder.has_value());
  EXPECT_TRUE(holder->holds);
  EXPECT_THAT(holder->owner, testing::HasSubstr("process "));
  EXPECT_GT(holder->expires_ms, holder->acquired_ms);
  EXPECT_TRUE(second->AcquireLease("other", kLease).ok()) << "a lease is of one pipeline";
}

TEST_P(StateStoreContract, GivingALeaseBackLetsTheNextOneIn) {
  auto first = Open();
  auto second = Open();
  { const auto lease = *first->AcquireLease("p", kLease); }
  EXPECT_FALSE((*second->Holder("p")).has_value());
  EXPECT_TRUE(second->AcquireLease("p", kLease).ok());
}

TEST_P(StateStoreContract, RenewingAndCommittingKeepALease) {
  auto first = Open();
  auto second = Open();
  const auto lease = *first->AcquireLease("p", kLease);
  ASSERT_TRUE(first->StartLoad("p", At(1)).ok());
  for (int i = 0; i < 5; ++i) {
    subject_->Advance(std::chrono::seconds(20));
    const Status renewed = lease->Renew();
    ASSERT_TRUE(renewed.ok()) << renewed.ToString();
    ASSERT_TRUE(first->Commit("p", At(i), {}, {}).ok());
  }
  EXPECT_FALSE(second->AcquireLease("p", kLease).ok());
}

TEST_P(StateStoreContract, AnExpiredLeaseIsTakenOverAndItsOldOwnerCanDoNothing) {
  auto first = Open();
  auto second = Open();
  const auto old_lease = *first->AcquireLease("p", kLease);
  ASSERT_TRUE(first->StartLoad("p", At(1)).ok());
  subject_->Advance(kLongAfterLease);
  auto taken = second->AcquireLease("p", kLease);
  ASSERT_TRUE(taken.ok()) << taken.status().ToString();
  EXPECT_EQ(old_lease->Renew().code(), StatusCode::kLocked);
  EXPECT_EQ(first->Commit("p", At(2), {}, {}).code(), StatusCode::kLocked);
  EXPECT_EQ(first->StartWindow("p", At(2)).code(), StatusCode::kLocked);
  EXPECT_EQ(first->StartLoad("p", At(2)).code(), StatusCode::kLocked);
  EXPECT_EQ(first->Restore("p", At(2), {}, {}).code(), StatusCode::kLocked);
  EXPECT_EQ((*second->LoadCheckpoint("p"))->version, 1);
  EXPECT_TRUE(second->Commit("p", At(3), {}, {}).ok());
  EXPECT_EQ(first->Commit("p", At(4), {}, {}).code(), StatusCode::kLocked) << "still";
  EXPECT_EQ((*Open()->LoadCheckpoint("p"))->version, 3);
}

TEST_P(StateStoreContract, GivingBackALostLeaseDoesNotTakeItFromTheNewOwner) {
  auto first = Open();
  auto second = Open();
  auto old_lease = *first->AcquireLease("p", kLease);
  subject_->Advance(kLongAfterLease);
  const auto new_lease = *second->AcquireLease("p", kLease);
  old_lease.reset();
  EXPECT_TRUE(new_lease->Renew().ok());
}

TEST_P(StateStoreContract, ALimitIsSetAndTakenBackBesideARunner) {
  auto runner = Open();
  const auto lease = *runner->AcquireLease("p", kLease);
  ASSERT_TRUE(runner->StartLoad("p", At(1)).ok());
  auto other = Open();
  EXPECT_EQ(*other->ThroughputLimitOf("p"), std::nullopt);
  ASSERT_TRUE(other->SetThroughputLimit("p", "8000").ok());
  ASSERT_TRUE(other->SetThroughputLimit("p", "30%").ok());
  EXPECT_EQ(*runner->ThroughputLimitOf("p"), "30%");
  EXPECT_EQ(*runner->ThroughputLimitOf("q"), std::nullopt);
  EXPECT_TRUE(runner->Commit("p", At(2), {}, {}).ok());
  ASSERT_TRUE(other->SetThroughputLimit("p", std::nullopt).ok());
  EXPECT_EQ(*runner->ThroughputLimitOf("p"), std::nullopt);
}

TEST_P(StateStoreContract, ATuningIsKeptForWhoeverHasTheLeaseNext) {
  const std::string text = R"({"before":{"manual":400},"policy":"{\"a\":\"é\"}"})";
  {
    auto runner = Open();
    const auto lease = *runner->AcquireLease("p", kLease);
    EXPECT_EQ(*runner->TuningOf("p"), std::nullopt);
    ASSERT_TRUE(runner->SetTuning("p", "an earlier one").ok());
    ASSERT_TRUE(runner->SetTuning("p", text).ok());
    EXPECT_EQ(*runner->TuningOf("q"), std::nullopt);
    // It is beside what a load stores, not a part of it.
    ASSERT_TRUE(runner->StartLoad("p", At(1)).ok());
  }
  auto next = Open();
  EXPECT_EQ(*next->TuningOf("p"), text);
  const auto lease = *next->AcquireLease("p", kLease);
  ASSERT_TRUE(next->SetTuning("p", std::nullopt).ok());
  ASSERT_TRUE(next->SetTuning("p", std::nullopt).ok());
  EXPECT_EQ(*next->TuningOf("p"), std::nullopt);
}

TEST_P(StateStoreContract, ATuningIsNotWrittenByARunnerThatHasLostItsLease) {
  auto slow = Open();
  const auto old_lease = *slow->AcquireLease("p", kLease);
  ASSERT_TRUE(slow->SetTuning("p", "raised").ok());
  subject_->Advance(kLongAfterLease);
  auto next = Open();
  const auto new_lease = *next->AcquireLease("p", kLease);
  EXPECT_EQ(slow->SetTuning("p", std::nullopt).code(), StatusCode::kLocked);
  EXPECT_EQ(*next->TuningOf("p"), "raised");
}

}  // namespace spillway

#endif  // SPILLWAY_STATE_TESTING_STATE_STORE_CONTRACT_H_
