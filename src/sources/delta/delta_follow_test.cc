// Following: what is noticed between the versions, and what of it stops.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stop_token>

#include "sources/delta/delta_change_log.h"
#include "sources/delta/delta_follow_fixture.h"

namespace spillway {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class DeltaFollow : public DeltaFollowFixture {
 protected:
  static std::string CommitName(int64_t version) {
    return fmt::format("_delta_log/{:020}.json", version);
  }

  void RemoveCommit(int64_t version) { std::filesystem::remove(table_.path(CommitName(version))); }

  // Versions 1 to `last`, each with one more file.
  void AppendUntil(int version, int last) {
    for (; version <= last; ++version) table_.Commit({Add(fmt::format("{}.parquet", version))});
  }

  // Versions 0 and 1 of a table that may have checkpoints in JSON (feature v2Checkpoint).
  void CreateWithCheckpoints() {
    Create(kFeedOn, R"("v2Checkpoint")");
    AppendUntil(1, 1);
  }

  void CheckpointAt(int64_t version, const std::vector<std::string>& files) {
    std::string content = fmt::format(R"({{"checkpointMetadata":{{"version":{}}}}})", version);
    content += '\n' + ProtocolAction(R"("minReaderVersion":3,"minWriterVersion":7,)"
                                     R"("readerFeatures":["v2Checkpoint"],)"
                                     R"("writerFeatures":["v2Checkpoint","changeDataFeed"])");
    content += '\n' + Metadata(kFeedOn) + '\n';
    for (const std::string& file : files) content += Add(file) + '\n';
    table_.Write(
        fmt::format("_delta_log/{:020}.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json",
                    version),
        content);
  }

  static void ExpectStopped(const Status& status, const std::string& part) {
    EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status.ToString();
    EXPECT_THAT(std::string(status.message()), HasSubstr(part));
    EXPECT_THAT(std::string(status.hint()), HasSubstr("--resync"));
  }

  // Polls until the log is listed once more.
  static Status NextListing(ChangeLog& log) {
    for (uint32_t i = 0; i < DeltaChangeLog::kLocalIdlePollsPerListing; ++i) {
      const auto next = log.Next({});
      if (!next.ok()) return next.status();
      if (*next != nullptr) return Internal("a version came");
    }
    return Status::Ok();
  }
};

TEST_F(DeltaFollow, VersionsComeInOrderAndThenNothing) {
  Create(kFeedOn);
  AppendUntil(1, 3);
  auto log = Follow();
  for (int64_t version = 1; version <= 3; ++version) {
    EXPECT_EQ(Take(*log)->info().version, version);
  }
  EXPECT_EQ(Take(*log), nullptr);
  AppendUntil(4, 4);
  EXPECT_EQ(Take(*log)->info().version, 4);
  EXPECT_EQ(Take(*log), nullptr);
}

TEST_F(DeltaFollow, EveryPositionGoesOnBehindItsChanges) {
  Create(kFeedOn);
  AppendUntil(1, 2);
  auto log = Follow();
  request_.after = Take(*log)->info().position;
  RemoveCommit(0);  // nothing older than the position is needed
  log = Follow();
  EXPECT_EQ(Take(*log)->info().version, 2);
  EXPECT_EQ(Take(*log), nullptr);
}

TEST_F(DeltaFollow, NothingBehindTheLastVersionIsTold) {
  Create(kFeedOn);
  AppendUntil(1, 3);
  request_.until = 2;
  auto log = Follow();
  EXPECT_NE(Take(*log), nullptr);
  EXPECT_NE(Take(*log), nullptr);
  EXPECT_EQ(Take(*log), nullptr);
  EXPECT_EQ(*log->LatestVersion({}), 3);
}

TEST_F(DeltaFollow, ChangesOutliveTheirLogAndItsSource) {
  Create(kFeedOn);
  AppendUntil(1, 1);
  auto log = Follow();
  const auto changes = Take(*log);
  log.reset();
  EXPECT_THAT(ReadImages(*changes), SizeIs(10));
}

TEST_F(DeltaFollow, LocalTablesAreAskedOften) {
  Create(kFeedOn);
  EXPECT_EQ(Follow()->poll_interval().min, std::chrono::milliseconds(2));
}

TEST_F(DeltaFollow, AForeignPositionIsRefused) {
  Create(kFeedOn);
  for (const char* text : {"", "{}", "17", R"({"format":2,"version":1})", "no json"}) {
    request_.after = text;
    EXPECT_EQ(TryFollow().status().code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST_F(DeltaFollow, AMissingCommitBetweenOthersStops) {
  Create(kFeedOn);
  AppendUntil(1, 3);
  RemoveCommit(2);
  auto log = Follow();
  EXPECT_NE(Take(*log), nullptr);
  ExpectStopped(log->Next({}).status(), "commit 2 is missing");
  ExpectStopped(log->Next({}).status(), "commit 2 is missing");  // and again
}

TEST_F(DeltaFollow, AMissingCommitIsNoticedWhileNothingCame) {
  Create(kFeedOn);
  auto log = Follow();
  EXPECT_EQ(Take(*log), nullptr);
  AppendUntil(1, 2);
  RemoveCommit(1);
  ExpectStopped(NextListing(*log), "commit 1 is missing");
}

TEST_F(DeltaFollow, ALogWithoutTheVersionIsOfAnotherTable) {
  Create(kFeedOn);
  AppendUntil(1, 3);
  request_.after = Position();
  for (int64_t version = 1; version <= 3; ++version) RemoveCommit(version);
  ExpectStopped(TryFollow().status(), "the latest version");
}

TEST_F(DeltaFollow, ATableCreatedAnewIsNoticedWhileNothingCame) {
  Create(kFeedOn);
  AppendUntil(1, 3);
  request_.after = Position();
  auto log = Follow();
  for (int64_t version = 1; version <= 3; ++version) RemoveCommit(version);
  ExpectStopped(NextListing(*log), "created anew");
}

TEST_F(DeltaFollow, ALogThatIsGoneIsNotFound) {
  Create(kFeedOn);
  std::filesystem::remove_all(table_.path("_delta_log"));
  EXPECT_EQ(TryFollow().status().code(), StatusCode::kNotFound);
}

TEST_F(DeltaFollow, AnotherCommitAtThePositionIsAnotherTable) {
  Create(kFeedOn);
  AppendUntil(1, 1);
  request_.after = Position();
  table_.ContinueAt(1).Commit({Add("other.parquet")});
  ExpectStopped(TryFollow().status(), "commit 1");
}

TEST_F(DeltaFollow, ATableThatGrewAnewBetweenTwoPollsIsNoticed) {
  Create(kFeedOn);
  AppendUntil(1, 1);
  request_.after = Position();
  auto log = Follow();
  EXPECT_EQ(Take(*log), nullptr);
  table_.ContinueAt(1).Commit({Add("other.parquet")}).Commit({Add("more.parquet")});
  ExpectStopped(log->Next({}).status(), "commit 1");
}

TEST_F(DeltaFollow, AnotherTableIdInTheLogStops) {
  Create(kFeedOn);
  table_.Commit({Metadata(kFeedOn, "table-2"), Remove("a.parquet"), Add("b.parquet")});
  auto log = Follow();
  ExpectStopped(log->Next({}).status(), "replaced by version 1");
  EXPECT_THAT(std::string(log->Next({}).status().message()),
              AllOf(HasSubstr("table-1"), HasSubstr("table-2")));
}

TEST_F(DeltaFollow, WithoutItsCommitThePositionIsKnownByTheTablesId) {
  Create(kFeedOn);
  table_.Commit({ProtocolAction(), Metadata(kFeedOn, "table-2")});
  std::string position = Position();  // of a table that was replaced
  request_.after = position.replace(position.find("table-2"), 7, "table-9");
  std::string content = position;
  const size_t at = content.find(R"("fingerprint":")") + 15;
  request_.after = content.erase(at, content.find('"', at) - at);
  ExpectStopped(TryFollow().status(), "table-9");
}

TEST_F(DeltaFollow, CleanedCommitsStopThePoliciesThatNeedThem) {
  Create(kFeedOn);
  AppendUntil(1, 4);
  RemoveCommit(0);
  RemoveCommit(1);
  RemoveCommit(2);
  for (const ChangePolicy policy : {ChangePolicy::kFeed, ChangePolicy::kFiles}) {
    request_.policy = policy;
    ExpectStopped(TryFollow().status(), "the commits from 1 to 2 were cleaned");
  }
}

TEST_F(DeltaFollow, CleanedCommitsAreToldAsADifferenceWhereBothVersionsAreThere) {
  CreateWithCheckpoints();
  request_.after = Position();  // of version 1
  AppendUntil(2, 4);
  CheckpointAt(1, {"a.parquet", "1.parquet"});
  CheckpointAt(3, {"a.parquet", "1.parquet", "2.parquet", "3.parquet"});
  auto log = Follow();
  for (int64_t version = 0; version <= 2; ++version) RemoveCommit(version);
  for (const auto& following : {std::move(log), Follow()}) {  // begun before, and after
    const auto changes = Take(*following);
    ASSERT_NE(changes, nullptr);
    EXPECT_EQ(changes->info().method, ChangeMethod::kDiff);
    EXPECT_EQ(changes->info().method_reason, "the commits from 2 to 2 were cleaned from the log");
    EXPECT_EQ(changes->info().first_version, 2);
    EXPECT_EQ(changes->info().version, 4);
    EXPECT_THAT(ReadImages(*changes), SizeIs(30));
    EXPECT_EQ(Take(*following), nullptr);
  }
  table_.Commit({Remove("a.parquet")});
  EXPECT_EQ(Take(*Follow())->info().method, ChangeMethod::kDiff);
}

TEST_F(DeltaFollow, VersionsAreComparedWhetherOrNotTheCommitsBetweenThemAreThere) {
  CreateWithCheckpoints();
  request_.after = Position();
  request_.policy = ChangePolicy::kDiff;
  AppendUntil(2, 4);
  CheckpointAt(1, {"a.parquet", "1.parquet"});
  CheckpointAt(3, {"a.parquet", "1.parquet", "2.parquet", "3.parquet"});
  RemoveCommit(2);
  RemoveCommit(1);
  const auto log = Follow();
  const auto changes = Take(*log);
  ASSERT_NE(changes, nullptr);
  EXPECT_EQ(changes->info().method, ChangeMethod::kDiff);
  EXPECT_EQ(changes->info().first_version, 2);
  EXPECT_EQ(changes->info().version, 4);
  EXPECT_EQ(Take(*log), nullptr);
}

TEST_F(DeltaFollow, AfterADifferenceVersionsAreToldOneByOneAgain) {
  CreateWithCheckpoints();
  request_.after = Position();
  AppendUntil(2, 3);
  CheckpointAt(1, {"a.parquet", "1.parquet"});
  CheckpointAt(3, {"a.parquet", "1.parquet", "2.parquet", "3.parquet"});
  RemoveCommit(2);
  RemoveCommit(1);
  auto log = Follow();
  EXPECT_EQ(Take(*log)->info().method, ChangeMethod::kDiff);
  AppendUntil(4, 4);
  const auto changes = Take(*log);
  EXPECT_EQ(changes->info().version, 4);
  EXPECT_EQ(changes->info().method, ChangeMethod::kFeed);
}

TEST_F(DeltaFollow, CleanedCommitsStopWhereNoVersionIsLeftToCompareWith) {
  CreateWithCheckpoints();
  request_.after = Position();
  AppendUntil(2, 4);
  CheckpointAt(3, {"a.parquet", "1.parquet", "2.parquet", "3.parquet"});
  for (int64_t version = 0; version <= 2; ++version) RemoveCommit(version);
  const Status status = Follow()->Next({}).status();
  ExpectStopped(status, "the commits from 2 to 2 were cleaned");
  EXPECT_THAT(std::string(status.message()), HasSubstr("version 1"));
}

TEST_F(DeltaFollow, ALogThatCannotBeReadAtAllStops) {
  Create(kFeedOn);
  AppendUntil(1, 4);
  RemoveCommit(0);
  RemoveCommit(1);
  EXPECT_EQ(TryFollow().status().code(), StatusCode::kDataLoss);
}

TEST_F(DeltaFollow, ACommitThatIsStillBeingWrittenIsNotThereYet) {
  Create(kFeedOn);
  auto log = Follow();
  const std::string add = Add("b.parquet");
  for (const std::string& part :
       {std::string(), add.substr(0, 20), add.substr(0, add.size() - 1)}) {
    table_.Write(CommitName(1), part);
    EXPECT_EQ(Take(*log), nullptr) << part;
  }
  table_.Write(CommitName(1), add);  // the end of the last line may be left out
  EXPECT_THAT(ReadImages(*Take(*log)), SizeIs(10));
}

TEST_F(DeltaFollow, ACommitThatStaysCutOffIsDataLoss) {
  Create(kFeedOn);
  auto log = Follow();
  table_.Write(CommitName(1), R"({"add":{"pa)");
  for (uint32_t i = 0; i < DeltaChangeLog::kCutOffLooksMax; ++i) EXPECT_EQ(Take(*log), nullptr);
  const Status status = log->Next({}).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("middle of a line"));
}

TEST_F(DeltaFollow, AStopEndsFollowing) {
  Create(kFeedOn);
  AppendUntil(1, 1);
  auto log = Follow();
  const auto changes = Take(*log);
  std::stop_source stop;
  stop.request_stop();
  const CallContext stopped{.stop = stop.get_token()};
  EXPECT_EQ(log->Next(stopped).status().code(), StatusCode::kCancelled);
  EXPECT_EQ(log->LatestVersion(stopped).status().code(), StatusCode::kCancelled);
  EXPECT_EQ(changes->OpenSplit(0, stopped).status().code(), StatusCode::kCancelled);
  EXPECT_EQ(OpenSource()->OpenChanges(request_, stopped).status().code(), StatusCode::kCancelled);
}

TEST_F(DeltaFollow, VersionsCanBeToldAsOneDifference) {
  Create(kFeedOn, R"("deletionVectors")");
  AppendUntil(1, 2);
  table_.Commit(
      {Remove("1.parquet"), Add("a.parquet", InlineDeletionVector({0})), Remove("a.parquet")});
  request_.policy = ChangePolicy::kDiff;
  auto log = Follow();
  const auto changes = Take(*log);
  ASSERT_NE(changes, nullptr);
  EXPECT_EQ(changes->info().first_version, 1);
  EXPECT_EQ(changes->info().version, 3);
  EXPECT_EQ(changes->info().method, ChangeMethod::kDiff);
  EXPECT_THAT(changes->info().method_reason, HasSubstr("diff"));
  const std::vector<std::string> images = ReadImages(*changes);
  ASSERT_THAT(images, SizeIs(11));  // file 1 came and went
  EXPECT_EQ(images[0], "+0|row 0");
  EXPECT_EQ(images[10], "-0|row 0");
  EXPECT_EQ(Take(*log), nullptr);
  request_.after = changes->info().position;
  AppendUntil(4, 4);
  EXPECT_EQ(Take(*log)->info().version, 4);
  EXPECT_EQ(Take(*Follow())->info().first_version, 4);
}

TEST_F(DeltaFollow, ADifferenceEndsWithTheLastVersionAskedFor) {
  Create(kFeedOn);
  AppendUntil(1, 3);
  request_.policy = ChangePolicy::kDiff;
  request_.until = 2;
  auto log = Follow();
  EXPECT_EQ(Take(*log)->info().version, 2);
  EXPECT_EQ(Take(*log), nullptr);
}

TEST_F(DeltaFollow, ADifferenceAcrossAReplacedTableStops) {
  Create(kFeedOn);
  table_.Commit({Metadata(kFeedOn, "table-2")});
  request_.policy = ChangePolicy::kDiff;
  ExpectStopped(Follow()->Next({}).status(), "replaced");
}

TEST_F(DeltaFollow, ADifferenceWithAVersionThatIsGoneStops) {
  Create(kFeedOn);
  AppendUntil(1, 1);
  request_.policy = ChangePolicy::kDiff;
  auto log = Follow();
  RemoveCommit(0);
  ExpectStopped(log->Next({}).status(), "version 0");
}

}  // namespace
}  // namespace spillway
