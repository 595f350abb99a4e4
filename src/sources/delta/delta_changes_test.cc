// What the versions of a table changed, from logs written by hand.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sources/delta/delta_follow_fixture.h"

namespace spillway {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class DeltaChanges : public DeltaFollowFixture {};

// Ten new images of testdata/rows.parquet.
std::vector<std::string> AllRows(const std::string& sign) {
  std::vector<std::string> out;
  for (int i = 0; i < 10; ++i) {
    out.push_back(fmt::format("{}{}|{}", sign, i, i == 3 ? "∅" : fmt::format("row {}", i)));
  }
  return out;
}

TEST_F(DeltaChanges, AddedFilesAreNewImages) {
  Create(kFeedOn);
  table_.Commit({Add("a.parquet")});
  const auto changes = Only();
  ASSERT_NE(changes, nullptr);
  EXPECT_EQ(changes->info().version, 1);
  EXPECT_EQ(changes->info().first_version, 1);
  EXPECT_EQ(changes->info().method, ChangeMethod::kFeed);
  EXPECT_EQ(changes->info().method_reason, "");
  EXPECT_EQ(ReadImages(*changes), AllRows("+"));
  ASSERT_THAT(changes->splits(), SizeIs(1));
  EXPECT_EQ(changes->splits()[0].key, "a.parquet");
  EXPECT_EQ(changes->splits()[0].bytes, TestdataSize("rows.parquet"));
}

TEST_F(DeltaChanges, RemovedFilesAreOldImages) {
  Create(kFeedOn);
  const std::string size_known = Remove("a.parquet");
  table_.Commit({size_known});
  EXPECT_EQ(ReadImages(*Only()), AllRows("-"));
}

TEST_F(DeltaChanges, FilesOfTheFeedStandForAllOthers) {
  Create(kFeedOn);
  table_.Commit({Add("b.parquet"), Remove("a.parquet"), Feed("feed.parquet")});
  EXPECT_THAT(ReadImages(*Only()),
              ElementsAre("+100|name 0", "-100|name 1", "+101|name 2", "-101|name 3"));
}

TEST_F(DeltaChanges, TheFeedsOfOldWritersAreUnderstood) {
  Create(kFeedOn);
  table_.Commit({Feed("feed_old.parquet")});
  EXPECT_THAT(ReadImages(*Only()), ElementsAre("-100|name 0", "+100|name 1"));
}

TEST_F(DeltaChanges, AnUnknownTypeOfChangeStops) {
  Create(kFeedOn);
  table_.Commit({Feed("feed_unknown.parquet")});
  EXPECT_THAT(ReadImages(*Only()), ElementsAre(AllOf(HasSubstr("data loss"), HasSubstr("upsert"))));
}

TEST_F(DeltaChanges, ARowOfTheFeedWithoutATypeOfChangeStops) {
  Create(kFeedOn);
  table_.Commit({Feed("feed_null.parquet")});
  EXPECT_THAT(ReadImages(*Only()), ElementsAre(HasSubstr("row 1 does not say what it changed")));
}

TEST_F(DeltaChanges, AFileOfTheFeedWithoutTheColumnStops) {
  Create(kFeedOn);
  table_.Commit({Feed("rows.parquet")});
  EXPECT_THAT(ReadImages(*Only()), ElementsAre(HasSubstr("_change_type")));
}

TEST_F(DeltaChanges, FilesThatChangedNoRowAreNotTold) {
  Create(kFeedOn);
  table_.Commit({WithoutDataChange(Add("b.parquet")), WithoutDataChange(Remove("a.parquet"))});
  const auto changes = Only();
  ASSERT_NE(changes, nullptr);
  EXPECT_THAT(changes->splits(), IsEmpty());
}

TEST_F(DeltaChanges, ADeletionVectorTellsTheRowsItAdds) {
  Create(kFeedOn, R"("deletionVectors")");
  table_.Commit({Add("a.parquet", InlineDeletionVector({1, 8})), Remove("a.parquet")});
  const auto changes = Only();
  EXPECT_THAT(ReadImages(*changes), ElementsAre("-1|row 1", "-8|row 8"));
  EXPECT_THAT(changes->splits()[0].key, HasSubstr("a.parquet?dv=i"));
}

TEST_F(DeltaChanges, BetweenTwoDeletionVectorsRowsGoAndComeBack) {
  Create(kFeedOn, R"("deletionVectors")");
  table_.Commit({Remove("a.parquet", InlineDeletionVector({1, 4, 5})),
                 Add("a.parquet", InlineDeletionVector({0, 4, 9}))});
  EXPECT_THAT(ReadImages(*Only()), ElementsAre("-0|row 0", "+1|row 1", "+5|row 5", "-9|row 9"));
}

// More than one row in eight: whole row groups are read.
TEST_F(DeltaChanges, ManyChangesOfDeletionVectorsAreToldLikeFew) {
  Create(kFeedOn, R"("deletionVectors")");
  table_.Commit({Remove("a.parquet", InlineDeletionVector({1})),
                 Add("a.parquet", InlineDeletionVector({0, 2, 3, 4, 6, 7, 8, 9}))});
  EXPECT_THAT(ReadImages(*Only()),
              ElementsAre("-0|row 0", "+1|row 1", "-2|row 2", "-3|∅", "-4|row 4", "-6|row 6",
                          "-7|row 7", "-8|row 8", "-9|row 9"));
}

TEST_F(DeltaChanges, TheSameDeletionVectorChangesNothing) {
  Create(kFeedOn, R"("deletionVectors")");
  table_.Commit({Remove("a.parquet", InlineDeletionVector({1})),
                 Add("a.parquet", InlineDeletionVector({1}))});
  EXPECT_THAT(Only()->splits(), IsEmpty());
}

TEST_F(DeltaChanges, ARemovedFileHadOnlyItsLiveRows) {
  Create(kFeedOn, R"("deletionVectors")");
  table_.Commit({Remove("a.parquet", InlineDeletionVector({0, 1, 2, 3, 4, 5, 6}))});
  EXPECT_THAT(ReadImages(*Only()), ElementsAre("-7|row 7", "-8|row 8", "-9|row 9"));
}

std::string MergeInfo(const std::string& updated, const std::string& operation = "MERGE") {
  return fmt::format(
      R"({{"commitInfo":{{"operation":"{}","operationMetrics":{{"numTargetRowsInserted":"0",)"
      R"("numTargetRowsUpdated":"{}","numTargetRowsDeleted":"0"}}}}}})",
      operation, updated);
}

TEST_F(DeltaChanges, AMergeThatChangedNoRowTellsNothing) {
  Create(kFeedOn);
  table_.Commit({Add("b.parquet"), Remove("a.parquet"), MergeInfo("0")});
  EXPECT_THAT(Only()->splits(), IsEmpty());
}

TEST_F(DeltaChanges, AMergeThatChangedRowsTellsThem) {
  Create(kFeedOn);
  table_.Commit({MergeInfo("1"), Add("b.parquet"), Remove("a.parquet")});
  EXPECT_THAT(Only()->splits(), SizeIs(2));
}

TEST_F(DeltaChanges, OtherOperationsThatCountNothingAreTold) {
  Create(kFeedOn);
  table_.Commit({MergeInfo("0", "WRITE"), Add("b.parquet"), Remove("a.parquet")});
  EXPECT_THAT(Only()->splits(), SizeIs(2));
}

TEST_F(DeltaChanges, SplitsAreInTheOrderOfTheLog) {
  Create(kFeedOn);
  table_.Commit({Add("c.parquet"), Remove("a.parquet"), Add("b.parquet")});
  const auto changes = Only();
  std::vector<std::string> keys;
  for (const Split& split : changes->splits()) keys.push_back(split.key);
  EXPECT_THAT(keys, ElementsAre("c.parquet", "a.parquet?removed", "b.parquet"));
}

TEST_F(DeltaChanges, WithoutTheFeedVersionsAreToldByTheirFilesWithAReason) {
  Create(kFeedOff);
  table_.Commit({Add("b.parquet"), Remove("a.parquet")});
  const auto changes = Only();
  EXPECT_EQ(changes->info().method, ChangeMethod::kFiles);
  EXPECT_EQ(changes->info().method_reason, "the change feed was off");
  EXPECT_THAT(ReadImages(*changes), SizeIs(20));
}

TEST_F(DeltaChanges, TheFeedIsUsedFromTheVersionThatTurnsItOnUntilTheOneThatTurnsItOff) {
  Create(kFeedOff);
  table_.Commit({Add("b.parquet")});
  table_.Commit({Metadata(kFeedOn)});
  table_.Commit({Remove("b.parquet"), Feed("feed.parquet")});
  table_.Commit({Metadata(kFeedOff), Add("c.parquet")});
  auto log = Follow();
  std::vector<ChangeMethod> methods;
  for (int i = 0; i < 4; ++i) methods.push_back(Take(*log)->info().method);
  EXPECT_THAT(methods, ElementsAre(ChangeMethod::kFiles, ChangeMethod::kFeed, ChangeMethod::kFeed,
                                   ChangeMethod::kFiles));
  EXPECT_EQ(Take(*log), nullptr);
}

TEST_F(DeltaChanges, ThePolicyFeedTakesNothingElse) {
  Create(kFeedOff);
  table_.Commit({WithoutDataChange(Add("b.parquet"))});
  table_.Commit({Add("c.parquet")});
  request_.policy = ChangePolicy::kFeed;
  auto log = Follow();
  EXPECT_NE(Take(*log), nullptr);  // changed no row: nothing that a feed would tell
  const Status status = log->Next({}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("version 2"), HasSubstr("delta.enableChangeDataFeed")));
}

TEST_F(DeltaChanges, ThePolicyFilesTakesFilesWhereThereIsAFeed) {
  Create(kFeedOn);
  table_.Commit({Add("b.parquet"), Remove("a.parquet"), Feed("feed.parquet")});
  request_.policy = ChangePolicy::kFiles;
  const auto changes = Only();
  EXPECT_EQ(changes->info().method, ChangeMethod::kFiles);
  EXPECT_THAT(changes->info().method_reason, HasSubstr("files"));
  EXPECT_THAT(ReadImages(*changes), SizeIs(20));
}

TEST_F(DeltaChanges, PartitionValuesAreOfTheLog) {
  columns_ = Simple("id", "long") + ',' + Simple("p", "string");
  partitions_ = "\"p\"";
  Create(kFeedOn, "", R"("p":"x")");
  table_.Place("feed.parquet", "feed.parquet");
  table_.Commit({FeedAction("feed.parquet", TestdataSize("feed.parquet"), R"("p":"a/b %")")});
  EXPECT_THAT(ReadImages(*Only()),
              ElementsAre("+100|a/b %", "-100|a/b %", "+101|a/b %", "-101|a/b %"));
}

TEST_F(DeltaChanges, APartitionValueThatIsLeftOutIsNull) {
  columns_ = Simple("id", "long") + ',' + Simple("p", "string");
  partitions_ = "\"p\"";
  Create(kFeedOn, "", R"("p":null)");
  table_.Commit({Remove("a.parquet")});
  EXPECT_EQ(ReadImages(*Only())[2], "-2|∅");
}

TEST_F(DeltaChanges, ARemoveThatSaysNothingOfItsFileIsLookedUp) {
  columns_ = Simple("id", "long") + ',' + Simple("p", "string");
  partitions_ = "\"p\"";
  Create(kFeedOn, "", R"("p":"x")");
  table_.Commit({R"({"remove":{"path":"a.parquet","dataChange":true}})"});
  const std::vector<std::string> images = ReadImages(*Only());
  ASSERT_THAT(images, SizeIs(10));
  EXPECT_EQ(images[2], "-2|x");
}

TEST_F(DeltaChanges, ARemoveThatCannotBeLookedUpIsDataLoss) {
  columns_ = Simple("id", "long") + ',' + Simple("p", "string");
  partitions_ = "\"p\"";
  Create(kFeedOn, "", R"("p":"x")");
  table_.Commit({R"({"remove":{"path":"a.parquet","dataChange":true}})"});
  auto log = Follow();
  std::filesystem::remove(table_.path("_delta_log/00000000000000000000.json"));
  const Status status = log->Next({}).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status.ToString();
  EXPECT_THAT(std::string(status.message()), HasSubstr("a.parquet"));
}

TEST_F(DeltaChanges, ARemoveWithoutASizeIsReadByTheFiles) {
  Create(kFeedOn);
  table_.Commit({R"({"remove":{"path":"a.parquet","dataChange":true}})"});
  EXPECT_EQ(ReadImages(*Only()), AllRows("-"));
}

TEST_F(DeltaChanges, AVacuumedFileIsDataLossThatExplainsItself) {
  Create(kFeedOn);
  const std::string feed = Feed("_change_data/feed.parquet", "feed.parquet");
  table_.Commit({feed});
  const auto changes = Only();
  std::filesystem::remove(table_.path("_change_data/feed.parquet"));
  const Status status = changes->OpenSplit(0, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("version 1"), HasSubstr("_change_data/feed.parquet")));
  EXPECT_THAT(
      std::string(status.hint()),
      AllOf(HasSubstr("VACUUM"), HasSubstr("deletedFileRetentionDuration"), HasSubstr("--resync")));
}

TEST_F(DeltaChanges, PathsOutOfTheTableAreRefused) {
  Create(kFeedOn);
  table_.Commit({FeedAction("../outside.parquet", 10)});
  const Status status = Follow()->Next({}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_THAT(std::string(status.message()), HasSubstr("outside of the table"));
}

TEST_F(DeltaChanges, BatchesKeepToTheWishedBytesAndCountTheirImages) {
  Create(kFeedOn);
  table_.Commit({Feed("feed.parquet")});
  request_.batch_bytes_target = 1;
  const auto changes = Only();
  auto reader = changes->OpenSplit(0, {});
  ASSERT_TRUE(reader.ok());
  for (uint64_t row = 0; row < 4; ++row) {
    const auto batch = (*reader)->Next({});
    ASSERT_TRUE(batch.ok() && batch->has_value());
    EXPECT_EQ((*batch)->rows.first_row, row);
    EXPECT_EQ((*batch)->rows.rows(), 1);
    EXPECT_THAT((*batch)->images, ElementsAre(row % 2 == 0 ? Image::kNew : Image::kOld));
  }
}

TEST_F(DeltaChanges, TheTimeIsTheCommitsOwnWhereItHasOne) {
  Create(kFeedOn);
  table_.Commit({R"({"commitInfo":{"inCommitTimestamp":1234567}})", Add("b.parquet")});
  EXPECT_EQ(Only()->info().timestamp_ms, 1234567);
}

TEST_F(DeltaChanges, UnknownActionsAreLeftAlone) {
  Create(kFeedOn);
  table_.Commit({R"({"txn":{"appId":"a","version":1}})", R"({"domainMetadata":{"domain":"d"}})",
                 Add("b.parquet")});
  EXPECT_THAT(ReadImages(*Only()), SizeIs(10));
}

TEST_F(DeltaChanges, AnUnsupportedFeatureIsNamed) {
  Create(kFeedOn);
  table_.Commit({ProtocolAction(R"("minReaderVersion":3,"minWriterVersion":7,)"
                                R"("readerFeatures":["timeCrystals"],)"
                                R"("writerFeatures":["timeCrystals"])")});
  const Status status = Follow()->Next({}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_THAT(std::string(status.message()), HasSubstr("timeCrystals"));
}

TEST_F(DeltaChanges, ACorruptCommitIsNamedWithItsLine) {
  Create(kFeedOn);
  table_.Commit({R"({"commitInfo":{}})", "not json", Add("b.parquet")});
  const Status status = Follow()->Next({}).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("commit 1"), HasSubstr("corrupt at line 2")));
}

}  // namespace
}  // namespace spillway
