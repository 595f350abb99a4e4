#include "verify/repair_run.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <utility>
#include <vector>

#include "changes/testing/changes_fixture.h"
#include "engine/hold.h"
#include "verify/verify_run.h"

namespace spillway {
namespace {

using testing::HasSubstr;

// A source with something that happens once the version to be compared is opened.
class HookedSource : public Source {
 public:
  explicit HookedSource(Source& source) : source_(source) {}
  void OnOpened(std::function<Status()> hook) { on_opened_ = std::move(hook); }

  Result<std::unique_ptr<Snapshot>> OpenSnapshot(const SnapshotRequest& request,
                                                 const CallContext& ctx) override {
    ASSIGN_OR_RETURN(std::unique_ptr<Snapshot> snapshot, source_.OpenSnapshot(request, ctx));
    const std::function<Status()> hook = std::exchange(on_opened_, {});
    if (hook) RETURN_IF_ERROR(hook());
    return snapshot;
  }
  Result<std::unique_ptr<ChangeLog>> OpenChanges(const ChangesRequest& request,
                                                 const CallContext& ctx) override {
    return source_.OpenChanges(request, ctx);
  }

 private:
  Source& source_;
  std::function<Status()> on_opened_;
};

class RepairTest : public ChangesFixture {
 protected:
  RepairTest() : ChangesFixture(300, 50) {
    repair_.pipeline = "p";
    repair_.lanes_max = 3;
    repair_.settle = std::chrono::milliseconds(500);
    repair_.lease = std::chrono::minutes(30);
    repair_.spill_folder = options_.spill_folder;
    repair_.memory_bytes_max = 64 << 10;
    repair_.delete_guard.share.reset();
  }

  Result<RepairSummary> Repair() {
    return RunRepair(Parts(), documents_, repair_,
                     {.on_progress = {},
                      .confirm =
                          [this](const RepairPlan&) {
                            ++asked_;
                            return answer_;
                          }},
                     {});
  }
  VerifySummary Verified() {
    VerifyOptions verify;
    verify.pipeline = "p";
    verify.spill_folder = options_.spill_folder;
    return *RunVerify({hooked_, destination_, *store_, clock_}, documents_, verify, {}, {});
  }
  // As somebody else writes into the container; an empty body deletes.
  void Meddle(const MemoryRow& row, const std::string& body) {
    const std::string key = fmt::format("[\"{}\"]", row.category);
    Document document;
    document.intent = body.empty() ? Intent::kDelete : Intent::kUpsert;
    document.id = row.id;
    document.partition_key = key;
    document.body = body;
    auto writer = *destination_.OpenWriter(WriteMode::kMirror, {});
    ASSERT_TRUE(writer->Write({&document, 1}, {}).ok());
  }
  // The table as it is now can be opened at its version.
  void KeepVersion() {
    MemorySplits splits(3);
    size_t next = 0;
    for (const auto& [id, row] : table_.rows()) splits[next++ % 3].push_back(row);
    source_.SetVersion(table_.version(), splits);
  }
  // A document of each kind of difference: 5 writes.
  void MeddleWithEverything() {
    auto row = table_.rows().begin();
    while (row->second.value < 0) ++row;
    Meddle(row->second, "");
    do ++row;
    while (row->second.value < 0);
    Meddle(row->second, fmt::format(R"({{"id":"{}","category":"{}","value":-7}})", row->second.id,
                                    row->second.category));
    Meddle({"stray", "c1", 0}, R"({"id":"stray","category":"c1","value":1})");
    do ++row;
    while (row->second.value < 0);  // in another partition
    Meddle(row->second, "");
    Meddle({row->second.id, "elsewhere", 0},
           fmt::format(R"({{"id":"{}","category":"elsewhere","value":{}}})", row->second.id,
                       row->second.value));
  }

  HookedSource hooked_{source_};
  RepairOptions repair_;
  Result<bool> answer_ = true;
  int asked_ = 0;
};

TEST_F(RepairTest, WritesExactlyWhatDiffersAndNothingElse) {
  Load();
  MeddleWithEverything();
  const Checkpoint before = Stored();
  const size_t writes = destination_.History().size();
  const auto repaired = Repair();
  ASSERT_TRUE(repaired.ok()) << repaired.status().ToString();
  EXPECT_EQ(destination_.Contents(), table_.Documents());
  EXPECT_EQ(destination_.History().size() - writes, 5u);
  EXPECT_EQ(repaired->plan.missing, 2u);
  EXPECT_EQ(repaired->plan.extra, 2u);
  EXPECT_EQ(repaired->plan.different, 1u);
  EXPECT_EQ(repaired->counts.upserted, 3u);
  EXPECT_EQ(repaired->counts.deleted, 2u);
  EXPECT_TRUE(repaired->counts.AddsUp());
  EXPECT_EQ(repaired->checked, 5u);
  EXPECT_EQ(repaired->still_different, 0u);
  EXPECT_EQ(Stored().version, before.version);
  EXPECT_EQ(Stored().position, before.position);
  EXPECT_EQ(Stored().counts, before.counts);
  const RunRecord run = (*store_->Runs("p", 1))[0];
  EXPECT_EQ(run.kind, "repair");
  EXPECT_EQ(run.state, RunState::kSucceeded);
  EXPECT_EQ(run.counts, repaired->counts);
  EXPECT_TRUE(Verified().matches());
}

TEST_F(RepairTest, OfEqualStoresWritesNothingAndDoesNotAsk) {
  Load();
  const size_t writes = destination_.History().size();
  const auto repaired = Repair();
  ASSERT_TRUE(repaired.ok()) << repaired.status().ToString();
  EXPECT_EQ(asked_, 0);
  EXPECT_FALSE(repaired->carried_out);
  EXPECT_EQ(destination_.History().size(), writes);
}

TEST_F(RepairTest, ADryRunOrANoWritesNothing) {
  Load();
  MeddleWithEverything();
  const size_t writes = destination_.History().size();
  answer_ = false;
  auto repaired = Repair();
  ASSERT_TRUE(repaired.ok()) << repaired.status().ToString();
  EXPECT_EQ(asked_, 1);
  repair_.dry_run = true;
  repaired = Repair();
  ASSERT_TRUE(repaired.ok()) << repaired.status().ToString();
  EXPECT_EQ(asked_, 1);
  EXPECT_EQ(repaired->plan.writes(), 5u);
  EXPECT_EQ(repaired->plan.differences.size(), 5u);
  EXPECT_GT(repaired->plan.bytes, 0u);
  EXPECT_EQ(destination_.History().size(), writes);
}

TEST_F(RepairTest, TheGuardKeepsDocumentsThatNobodyExpectsToGo) {
  Load();
  for (int i = 0; i < 150; ++i) {
    const std::string id = fmt::format("stray-{}", i);
    Meddle({id, "c1", 0}, fmt::format(R"({{"id":"{}","category":"c1"}})", id));
  }
  repair_.delete_guard = {};
  const size_t writes = destination_.History().size();
  const auto refused = Repair();
  EXPECT_EQ(refused.status().code(), StatusCode::kConflict);
  EXPECT_THAT(refused.status().ToString(), HasSubstr("150"));
  EXPECT_THAT(refused.status().hint(), HasSubstr("spillway repair p --allow-deletes"));
  EXPECT_EQ(destination_.History().size(), writes);
}

TEST_F(RepairTest, WhatWasBegunIsFinishedFirst) {
  Load();
  Checkpoint begun = Stored();
  begun.begun_through = begun.version + 1;
  ASSERT_TRUE(store_->StartWindow("p", begun).ok());
  const auto refused = Repair();
  EXPECT_EQ(refused.status().code(), StatusCode::kConflict);
  EXPECT_THAT(refused.status().hint(), HasSubstr("spillway sync p"));
}

TEST_F(RepairTest, NoTwoRunnersAtATime) {
  Load();
  const auto lease = store_->AcquireLease("p", std::chrono::minutes(1));
  ASSERT_TRUE(lease.ok());
  EXPECT_EQ(Repair().status().code(), StatusCode::kLocked);
}

TEST_F(RepairTest, SettlesUnsureWritesAndRetriesTheOthers) {
  Load();
  for (const auto& [id, row] : table_.rows()) {
    if (row.value >= 0 && row.value % 2 == 0) Meddle(row, "");
  }
  destination_.SetFaults({.throttled = 0.1,
                          .retry = 0.1,
                          .unsure_applied = 0.1,
                          .unsure_lost = 0.1,
                          .late_max = std::chrono::milliseconds(400)});
  const auto repaired = Repair();
  ASSERT_TRUE(repaired.ok()) << repaired.status().ToString();
  EXPECT_EQ(repaired->still_different, 0u);
  EXPECT_EQ(destination_.Contents(), table_.Documents());
}

TEST_F(RepairTest, ARefusedDocumentIsListed) {
  Load();
  MeddleWithEverything();
  destination_.OnRow([](const Document& document) -> std::optional<RowFailure> {
    if (document.intent == Intent::kDelete) return std::nullopt;
    return RowFailure{.disposition = Disposition::kReject, .reason = "http_413", .status = {}};
  });
  repair_.max_rejected.share = 1;
  const auto repaired = Repair();
  ASSERT_TRUE(repaired.ok()) << repaired.status().ToString();
  EXPECT_EQ(repaired->counts.rejected, 3u);
  EXPECT_EQ(repaired->still_different, 3u);
  EXPECT_EQ(store_->Rejected("p", std::nullopt, 10)->size(), 3u);
}

TEST_F(RepairTest, AModeThatDeletesNothingLeavesWhatIsTooMany) {
  options_.mode = repair_.mode = WriteMode::kUpsert;
  Load();
  MeddleWithEverything();
  const auto repaired = Repair();
  ASSERT_TRUE(repaired.ok()) << repaired.status().ToString();
  EXPECT_EQ(repaired->plan.left, 2u);
  EXPECT_EQ(repaired->counts.deleted, 0u);
  EXPECT_EQ(destination_.Contents().size(), table_.Documents().size() + 2);
}

TEST_F(RepairTest, WhatTheStreamMovesMeanwhileIsNoDifference) {
  Load();
  for (int i = 0; i < 40; ++i) table_.CommitRandom();
  KeepVersion();
  hooked_.OnOpened([this] { return Run().status(); });
  auto summary = Verified();
  EXPECT_TRUE(summary.matches());
  EXPECT_GT(summary.moving, 0u);
  EXPECT_EQ(summary.version, 0);
  EXPECT_EQ(summary.through_version, table_.version());
  summary = Verified();
  EXPECT_TRUE(summary.matches());
  EXPECT_EQ(summary.moving, 0u) << "nothing moves any more";
}

TEST_F(RepairTest, WhatSomebodyChangedIsFoundWhileTheStreamMoves) {
  Load();
  for (int i = 0; i < 40; ++i) table_.CommitRandom();
  KeepVersion();
  hooked_.OnOpened([this]() -> Status {
    RETURN_IF_ERROR(Run().status());
    MeddleWithEverything();
    return Status::Ok();
  });
  const auto summary = Verified();
  EXPECT_GT(summary.moving, 0u);
  EXPECT_EQ(summary.missing + summary.extra + summary.different, 5u);
}

TEST_F(RepairTest, WhatCannotBeToldFromMovingIsNotCalledEqual) {
  Load();
  for (int i = 0; i < 5; ++i) table_.CommitRandom();
  hooked_.OnOpened([this]() -> Status {
    RETURN_IF_ERROR(Run().status());
    source_.CleanLogBefore(table_.version());
    return Status::Ok();
  });
  VerifyOptions verify;
  verify.pipeline = "p";
  verify.spill_folder = options_.spill_folder;
  const auto told = RunVerify({hooked_, destination_, *store_, clock_}, documents_, verify, {}, {});
  EXPECT_EQ(told.status().code(), StatusCode::kUnavailable) << told.status().ToString();
}

class RollbackTest : public RepairTest {
 protected:
  // Five versions, the destination at the last; what it is to be at each.
  void Follow() {
    Load();
    documents_of_.push_back(table_.Documents());
    for (int i = 0; i < 5; ++i) {
      table_.CommitRandom();
      KeepVersion();
      documents_of_.push_back(table_.Documents());
      ASSERT_TRUE(Run().ok());
    }
  }
  Result<RepairSummary> RollBackTo(int64_t version) {
    repair_.back_to = VersionSelector{.version = version, .timestamp_ms = {}};
    return Repair();
  }
  std::vector<std::map<std::string, std::string>> documents_of_;
};

TEST_F(RollbackTest, MakesTheDestinationWhatTheTableWasAndHoldsItThere) {
  Follow();
  for (const int64_t version : {5, 3, 2, 0}) {
    const auto back = RollBackTo(version);
    ASSERT_TRUE(back.ok()) << back.status().ToString();
    EXPECT_TRUE(back->carried_out);
    EXPECT_EQ(destination_.Contents(), documents_of_[static_cast<size_t>(version)]);
    EXPECT_EQ(Stored().version, version);
    EXPECT_EQ(Stored().documents, documents_of_[static_cast<size_t>(version)].size());
    EXPECT_EQ(Stored().hold, Hold::kHeld);
    EXPECT_EQ((*store_->Runs("p", 1))[0].kind, "rollback");
    EXPECT_TRUE(Verified().matches());
  }
}

TEST_F(RollbackTest, NoRunOfChangesUndoesItUntilItIsReleased) {
  Follow();
  ASSERT_TRUE(RollBackTo(1).ok());
  const auto refused = Run();
  EXPECT_EQ(refused.status().code(), StatusCode::kConflict);
  EXPECT_THAT(refused.status().hint(), HasSubstr("spillway sync p --resume"));
  ASSERT_TRUE(ReleaseHold(*store_, clock_, "p", std::chrono::minutes(1), {}).ok());
  ASSERT_TRUE(Run().ok());
  ExpectEqualToTheTable();
}

TEST_F(RollbackTest, CutOffInTheMiddleItKeepsEveryOtherRunAwayAndIsFinishedByTheSame) {
  Follow();
  // The third write stops it.
  int calls = 0;
  destination_.OnCall([&calls](std::span<const Document>) {
    return ++calls > 2 ? PermissionDenied("no more") : Status::Ok();
  });
  repair_.lanes_max = 1;
  destination_.mutable_capabilities().rows_max = 2;
  ASSERT_FALSE(RollBackTo(0).ok());
  EXPECT_EQ(Stored().hold, Hold::kRollingBack);
  EXPECT_EQ(Stored().hold_version, 0);
  destination_.OnCall({});
  for (const Status& refused :
       {Run().status(), ReleaseHold(*store_, clock_, "p", std::chrono::minutes(1), {})}) {
    EXPECT_EQ(refused.code(), StatusCode::kConflict);
    EXPECT_THAT(refused.hint(), HasSubstr("spillway rollback p --to 0"));
  }
  repair_.back_to.reset();
  EXPECT_EQ(Repair().status().code(), StatusCode::kConflict);
  ASSERT_TRUE(RollBackTo(0).ok());
  EXPECT_EQ(destination_.Contents(), documents_of_[0]);
  EXPECT_EQ(Stored().hold, Hold::kHeld);
}

TEST_F(RollbackTest, AVersionAheadIsNoWayBack) {
  Follow();
  ASSERT_TRUE(RollBackTo(1).ok());
  const auto refused = RollBackTo(4);
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.status().hint(), HasSubstr("spillway sync p --until 4"));
}

}  // namespace
}  // namespace spillway
