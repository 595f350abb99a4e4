// The log: which version opens, what is told of it, and how a broken or strange one is refused.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <stop_token>

#include "sources/delta/delta_source.h"
#include "sources/delta/delta_test_table.h"

namespace spillway {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<std::unique_ptr<Snapshot>> TryOpen(const std::string& root, const VersionSelector& at = {},
                                          const CallContext& ctx = {}) {
  ASSIGN_OR_RETURN(auto source, MakeDeltaSource({.root = root}));
  SnapshotRequest request;
  request.at = at;
  return source->OpenSnapshot(request, ctx);
}

VersionSelector Version(int64_t version) {
  return {.version = version, .timestamp_ms = {}};
}

VersionSelector Time(int64_t timestamp_ms) {
  return {.version = {}, .timestamp_ms = timestamp_ms};
}

class DeltaLog : public ::testing::Test {
 protected:
  // Versions 0 to 2, with one more file each.
  void CommitThree() {
    table_.Commit({ProtocolAction(), MetadataAction(Simple("id", "long")), Rows("a.parquet")});
    table_.Commit({Rows("b.parquet")});
    table_.Commit({Rows("c.parquet")});
  }

  std::string Rows(const std::string& path) {
    table_.Place(path, "rows.parquet");
    return AddAction(path, TestdataSize("rows.parquet"), {.stats = R"({"numRecords":10})"});
  }

  // Opens, and expects it to fail so.
  void ExpectRefused(StatusCode code, const std::string& part, const VersionSelector& at = {}) {
    const auto snapshot = TryOpen(table_.root(), at);
    ASSERT_FALSE(snapshot.ok());
    EXPECT_EQ(snapshot.status().code(), code) << snapshot.status().ToString();
    EXPECT_THAT(std::string(snapshot.status().message()), HasSubstr(part));
  }

  DeltaTestTable table_;
};

TEST_F(DeltaLog, TheLatestVersionOpensByDefaultAndAnOlderOneOnRequest) {
  CommitThree();
  const auto latest = TryOpen(table_.root());
  ASSERT_TRUE(latest.ok()) << latest.status().ToString();
  EXPECT_EQ((*latest)->info().version, 2);
  EXPECT_EQ((*latest)->info().files, 3u);
  EXPECT_EQ((*latest)->info().rows, 30u);
  EXPECT_EQ((*latest)->info().bytes, 3 * TestdataSize("rows.parquet"));
  EXPECT_EQ((*latest)->info().file_bytes_max, TestdataSize("rows.parquet"));
  const auto older = TryOpen(table_.root(), Version(1));
  ASSERT_TRUE(older.ok());
  EXPECT_EQ((*older)->info().version, 1);
  EXPECT_EQ((*older)->info().files, 2u);
}

TEST_F(DeltaLog, SplitsAreInOrderOfTheirPaths) {
  table_.Commit({ProtocolAction(), MetadataAction(Simple("id", "long")), Rows("b.parquet"),
                 Rows("p=2/a.parquet"), Rows("a.parquet")});
  const auto snapshot = TryOpen(table_.root());
  ASSERT_TRUE(snapshot.ok());
  std::vector<std::string> keys;
  for (const Split& split : (*snapshot)->splits()) keys.push_back(split.key);
  EXPECT_THAT(keys, ElementsAre("a.parquet", "b.parquet", "p=2/a.parquet"));
}

TEST_F(DeltaLog, ATimeMeansTheLastVersionAtOrBeforeIt) {
  CommitThree();
  const auto base = std::filesystem::file_time_type::clock::now();
  const int64_t base_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                              std::chrono::file_clock::to_sys(base).time_since_epoch())
                              .count();
  for (int version = 0; version < 3; ++version) {
    std::filesystem::last_write_time(table_.path(fmt::format("_delta_log/{:020}.json", version)),
                                     base + std::chrono::hours(version));
  }
  const int64_t hour_ms = 3'600'000;
  const auto second = TryOpen(table_.root(), Time(base_ms + hour_ms + 5));
  ASSERT_TRUE(second.ok()) << second.status().ToString();
  EXPECT_EQ((*second)->info().version, 1);
  EXPECT_NEAR(static_cast<double>(*(*second)->info().timestamp_ms),
              static_cast<double>(base_ms + hour_ms), 1);
  const auto last = TryOpen(table_.root(), Time(base_ms + 9 * hour_ms));
  ASSERT_TRUE(last.ok());
  EXPECT_EQ((*last)->info().version, 2);
  ExpectRefused(StatusCode::kNotFound, "out of range", Time(base_ms - hour_ms));
}

TEST_F(DeltaLog, AVersionAndATimeContradict) {
  CommitThree();
  ExpectRefused(StatusCode::kInvalidArgument, "only one", {.version = 1, .timestamp_ms = 5});
  ExpectRefused(StatusCode::kInvalidArgument, "negative", Version(-3));
}

TEST_F(DeltaLog, AVersionThatIsNotThereNamesTheLatest) {
  CommitThree();
  ExpectRefused(StatusCode::kNotFound, "version 9 is not there: the latest is 2", Version(9));
}

TEST_F(DeltaLog, ALogThatBeginsLaterWithoutACheckpointIsBroken) {
  CommitThree();
  std::filesystem::remove(table_.path("_delta_log/00000000000000000000.json"));
  ExpectRefused(StatusCode::kDataLoss, "begins at commit 1 without a checkpoint");
}

TEST_F(DeltaLog, AMissingCommitIsNamed) {
  CommitThree();
  std::filesystem::remove(table_.path("_delta_log/00000000000000000001.json"));
  ExpectRefused(StatusCode::kDataLoss, "commit 1 is missing");
}

TEST_F(DeltaLog, NothingThereIsNotFound) {
  const auto snapshot = TryOpen(table_.root() + "/no/such/folder");
  EXPECT_EQ(snapshot.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(std::string(snapshot.status().message()), HasSubstr("no Delta table"));
}

TEST_F(DeltaLog, AFolderOfParquetFilesIsNoTable) {
  table_.Place("rows.parquet", "rows.parquet");
  ExpectRefused(StatusCode::kNotFound, "no Delta table");
}

TEST_F(DeltaLog, AnEmptyLogIsNotFound) {
  std::filesystem::create_directories(table_.path("_delta_log"));
  ExpectRefused(StatusCode::kNotFound, "is empty");
  table_.Write("_delta_log/.part", "x");
  ExpectRefused(StatusCode::kNotFound, "has no commit");
}

TEST_F(DeltaLog, ACorruptCommitIsNamedWithItsLine) {
  CommitThree();
  table_.Commit({R"({"commitInfo":{}})", R"({"add":{"path":"x)"});
  ExpectRefused(StatusCode::kDataLoss, "commit 3 is corrupt at line 2");
}

TEST_F(DeltaLog, ACommitOfGarbageIsDataLoss) {
  CommitThree();
  table_.Commit({"not json at all"});
  ExpectRefused(StatusCode::kDataLoss, "commit 3 is corrupt at line 1");
}

TEST_F(DeltaLog, ALogWithoutMetadataIsDataLoss) {
  table_.Commit({ProtocolAction()});
  ExpectRefused(StatusCode::kDataLoss, "etadata");
}

TEST_F(DeltaLog, UnknownReaderFeaturesAreNamed) {
  table_.Commit({ProtocolAction(R"("minReaderVersion":3,"minWriterVersion":7,)"
                                R"("readerFeatures":["timeCrystals"],)"
                                R"("writerFeatures":["timeCrystals"])"),
                 MetadataAction(Simple("id", "long"))});
  ExpectRefused(StatusCode::kUnsupported, "timeCrystals");
}

TEST_F(DeltaLog, TablesOfACatalogAreRefusedByName) {
  table_.Commit({ProtocolAction(R"("minReaderVersion":3,"minWriterVersion":7,)"
                                R"("readerFeatures":["catalogManaged"],)"
                                R"("writerFeatures":["catalogManaged","inCommitTimestamp"])"),
                 MetadataAction(Simple("id", "long"))});
  ExpectRefused(StatusCode::kUnsupported, "atalog");
}

TEST_F(DeltaLog, AFutureProtocolIsUnsupported) {
  table_.Commit({ProtocolAction(R"("minReaderVersion":4,"minWriterVersion":8)"),
                 MetadataAction(Simple("id", "long"))});
  ExpectRefused(StatusCode::kUnsupported, "4");
}

TEST_F(DeltaLog, ShreddedVariantsAreRefusedByName) {
  table_.Commit({ProtocolAction(R"("minReaderVersion":3,"minWriterVersion":7,)"
                                R"("readerFeatures":["variantType","variantShredding-preview"],)"
                                R"("writerFeatures":["variantType","variantShredding-preview"])"),
                 MetadataAction(Simple("id", "long") + ',' + Simple("v", "variant"))});
  ExpectRefused(StatusCode::kUnsupported, "variantShredding");
}

TEST_F(DeltaLog, TypesWidenedInsideOfArraysAreRefusedByName) {
  const std::string array = R"({"type":"array","elementType":"long","containsNull":true})";
  const std::string changes =
      R"("delta.typeChanges":[{"fromType":"integer","toType":"long","fieldPath":"element"}])";
  table_.Commit({ProtocolAction(R"("minReaderVersion":3,"minWriterVersion":7,)"
                                R"("readerFeatures":["typeWidening"],)"
                                R"("writerFeatures":["typeWidening"])"),
                 MetadataAction(Simple("id", "long") + ',' + Field("list", array, changes))});
  ExpectRefused(StatusCode::kUnsupported, "typeWidening");
}

TEST_F(DeltaLog, PathsThatLeaveTheTableAreRefused) {
  for (const std::string path :
       {"../outside.parquet", "a/../../outside.parquet", "%2e%2e/outside.parquet",
        "a%2F..%2F..%2Foutside.parquet", "/etc/passwd", "file:///etc/passwd",
        "s3://other/bucket.parquet"}) {
    DeltaTestTable table;
    table.Commit({ProtocolAction(), MetadataAction(Simple("id", "long")), AddAction(path, 10)});
    const auto snapshot = TryOpen(table.root());
    ASSERT_FALSE(snapshot.ok()) << path;
    EXPECT_EQ(snapshot.status().code(), StatusCode::kUnsupported) << path;
    EXPECT_THAT(std::string(snapshot.status().message()),
                AllOf(HasSubstr("outside of the table"), HasSubstr(path)));
  }
}

TEST_F(DeltaLog, DeletionVectorsThatLeaveTheTableAreRefused) {
  for (const std::string vector :
       {R"({"storageType":"p","pathOrInlineDv":"file:///etc/passwd","offset":1,"sizeInBytes":36,)"
        R"("cardinality":2})",
        R"({"storageType":"u","pathOrInlineDv":"../../vBn[lx{q8@P<9BNH/isA","offset":1,)"
        R"("sizeInBytes":36,"cardinality":2})"}) {
    DeltaTestTable table;
    table.Commit({ProtocolAction(R"("minReaderVersion":3,"minWriterVersion":7,)"
                                 R"("readerFeatures":["deletionVectors"],)"
                                 R"("writerFeatures":["deletionVectors"])"),
                  MetadataAction(Simple("id", "long")),
                  AddAction("a.parquet", 10, {.deletion_vector = vector})});
    const auto snapshot = TryOpen(table.root());
    ASSERT_FALSE(snapshot.ok());
    EXPECT_EQ(snapshot.status().code(), StatusCode::kUnsupported) << snapshot.status().ToString();
  }
}

TEST_F(DeltaLog, EncodedPathsAreDecodedOnce) {
  table_.Place("p=a b%2F/x.parquet", "rows.parquet");
  table_.Commit({ProtocolAction(), MetadataAction(Simple("id", "long")),
                 AddAction("p=a%20b%252F/x.parquet", TestdataSize("rows.parquet"))});
  const auto snapshot = TryOpen(table_.root());
  ASSERT_TRUE(snapshot.ok()) << snapshot.status().ToString();
  EXPECT_EQ(ReadRows(**snapshot).size(), 10u);
}

TEST_F(DeltaLog, RemovedAndReplacedFilesAreNotRead) {
  CommitThree();
  table_.Commit({R"({"remove":{"path":"a.parquet","dataChange":true,"deletionTimestamp":1}})"});
  const auto snapshot = TryOpen(table_.root());
  ASSERT_TRUE(snapshot.ok());
  EXPECT_EQ((*snapshot)->splits().size(), 2u);
}

TEST_F(DeltaLog, TheTableIsDescribed) {
  DeltaTestTable table;
  table.Commit({ProtocolAction(R"("minReaderVersion":3,"minWriterVersion":7,)"
                               R"("readerFeatures":["deletionVectors"],)"
                               R"("writerFeatures":["deletionVectors","appendOnly"])"),
                MetadataAction(Simple("p", "string") + ',' +
                                   Field("s", fmt::format(R"({{"type":"struct","fields":[{}]}})",
                                                          Simple("a", "decimal(12,2)"))),
                               "\"p\"", R"("delta.appendOnly":"true")", "some-id"),
                AddAction("a.parquet", 10)});
  const auto snapshot = TryOpen(table.root());
  ASSERT_TRUE(snapshot.ok()) << snapshot.status().ToString();
  const TableInfo& info = (*snapshot)->info();
  EXPECT_EQ(info.table_id, "some-id");
  EXPECT_EQ(info.location, "file://" + table.root() + "/");
  EXPECT_THAT(info.partition_columns, ElementsAre("p"));
  ASSERT_EQ(info.columns.size(), 2u);
  EXPECT_TRUE(info.columns[0].partition);
  EXPECT_EQ(info.columns[1].type, "struct<a: decimal(12,2)>");
  EXPECT_TRUE(info.columns[1].nullable);
  EXPECT_EQ(info.properties.at("delta.appendOnly"), "true");
  ASSERT_EQ(info.features.size(), 2u);
  EXPECT_EQ(info.features[1].name, "deletionVectors");
  EXPECT_TRUE(info.features[1].supported);
  EXPECT_FALSE(info.rows.has_value());  // the file has no statistics
  EXPECT_FALSE(info.change_feed);
}

TEST_F(DeltaLog, TheChangeFeedIsDatedByTheCommitThatTurnedItOn) {
  const std::string on = R"("delta.enableChangeDataFeed":"true")";
  const std::string off = R"("delta.enableChangeDataFeed":"false")";
  const std::string column = Simple("id", "long");
  table_.Commit({ProtocolAction(R"("minReaderVersion":1,"minWriterVersion":4)"),
                 MetadataAction(column, "", on)});
  table_.Commit({MetadataAction(column, "", off)});
  table_.Commit({Rows("a.parquet")});
  table_.Commit({MetadataAction(column, "", on)});
  table_.Commit({MetadataAction(column + ',' + Simple("name", "string"), "", on)});
  table_.Commit({Rows("b.parquet")});
  const auto latest = TryOpen(table_.root());
  ASSERT_TRUE(latest.ok()) << latest.status().ToString();
  EXPECT_TRUE((*latest)->info().change_feed);
  EXPECT_EQ((*latest)->info().change_feed_since, 3);
  const auto first = TryOpen(table_.root(), Version(0));
  ASSERT_TRUE(first.ok());
  EXPECT_EQ((*first)->info().change_feed_since, 0);
  const auto between = TryOpen(table_.root(), Version(2));
  ASSERT_TRUE(between.ok());
  EXPECT_FALSE((*between)->info().change_feed);
}

TEST_F(DeltaLog, AStoppedContextOpensNothing) {
  CommitThree();
  std::stop_source stop;
  stop.request_stop();
  const auto snapshot = TryOpen(table_.root(), {}, {.stop = stop.get_token()});
  EXPECT_EQ(snapshot.status().code(), StatusCode::kCancelled);
}

}  // namespace
}  // namespace spillway
