// Reading: what comes out of data files, in which types, under which log.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <stop_token>

#include "sources/delta/delta_source.h"
#include "sources/delta/delta_test_table.h"

namespace spillway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kModern =  // a protocol with the features that a test needs
    R"("minReaderVersion":3,"minWriterVersion":7,"readerFeatures":[{0}],"writerFeatures":[{0}])";

std::string Modern(const std::string& features) {
  return ProtocolAction(fmt::format(fmt::runtime(kModern), features));
}

std::unique_ptr<Snapshot> Open(const DeltaTestTable& table, const SnapshotRequest& request = {}) {
  auto source = MakeDeltaSource({.root = table.root()});
  EXPECT_TRUE(source.ok()) << source.status().ToString();
  auto snapshot = (*source)->OpenSnapshot(request, {});
  EXPECT_TRUE(snapshot.ok()) << snapshot.status().ToString();
  return snapshot.ok() ? *std::move(snapshot) : nullptr;
}

SnapshotRequest Columns(std::vector<std::string> columns) {
  SnapshotRequest request;
  request.columns = std::move(columns);
  return request;
}

using Kind = Expression::Kind;

Expression Of(Kind kind, std::vector<Expression> operands) {
  Expression expression;
  expression.kind = kind;
  expression.operands = std::move(operands);
  return expression;
}

Expression Column(const std::string& name) {
  Expression expression = Of(Kind::kColumn, {});
  expression.column = {name};
  return expression;
}

Expression Number(const std::string& text) {
  Expression expression = Of(Kind::kLiteral, {});
  expression.literal = NumberLiteral{text};
  return expression;
}

// One file of ten rows in three row groups.
class DeltaRead : public ::testing::Test {
 protected:
  std::string Rows(const AddOptions& options = {}, const std::string& path = "rows.parquet") {
    table_.Place(path, "rows.parquet");
    return AddAction(path, TestdataSize("rows.parquet"), options);
  }

  DeltaTestTable table_;
};

TEST_F(DeltaRead, EveryTypeArrivesWithItsNulls) {
  table_.Commit({Modern(R"("timestampNtz")"), MetadataAction(RowsFields()), Rows()});
  const auto snapshot = Open(table_);
  const std::vector<std::string> rows = ReadRows(*snapshot);
  ASSERT_THAT(rows, SizeIs(10));
  EXPECT_EQ(rows[2],
            "2|row 2|250|1704067202000500|946684742000000|19775|0.5|true|x02ff|[t0,t1]|"
            "[{key:k0,value:0}]|{street:street 2,zip:1002}");
  EXPECT_EQ(rows[3], "3|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅");
  EXPECT_THAT(rows[5], HasSubstr("|[{key:k0,value:0},{key:k1,value:1}]|{street:∅,zip:∅}"));
}

TEST_F(DeltaRead, SchemaIsInTableOrderAndNamesTheDeltaTypes) {
  table_.Commit({Modern(R"("timestampNtz")"), MetadataAction(RowsFields()), Rows()});
  const auto snapshot = Open(table_, Columns({"local", "id"}));
  const ArrowSchema& schema = snapshot->schema()->get();
  ASSERT_EQ(schema.n_children, 2);
  EXPECT_STREQ(schema.children[0]->name, "id");
  EXPECT_STREQ(schema.children[1]->name, "local");
  EXPECT_STREQ(schema.children[1]->format, "tsu:");
  const int32_t pairs = *reinterpret_cast<const int32_t*>(schema.children[1]->metadata);
  EXPECT_EQ(pairs, 1);
  EXPECT_THAT(std::string(schema.children[1]->metadata + 8, 10), "delta.type");
  EXPECT_EQ(ReadRows(*snapshot)[1], "1|946684741000000");
}

TEST_F(DeltaRead, PartitionColumnsComeFromTheLogInEveryType) {
  const std::vector<std::pair<std::string, std::string>> values = {
      {"byte", "-128"},
      {"short", "300"},
      {"integer", "-7"},
      {"long", "9007199254740993"},
      {"float", "1.5"},
      {"double", "-0.25"},
      {"boolean", "true"},
      {"date", "2024-02-29"},
      {"string", "a b%/ü='"},
      {"decimal(10,2)", "12.5"},
      {"binary", "\\u0001xyz"},
      {"timestamp", "2024-01-01 00:00:00.000001"},
      {"timestamp_ntz", "1969-12-31 23:59:59"}};
  std::string fields = Simple("id", "long");
  std::string names;
  std::string members;
  std::string nulls;
  for (const auto& [type, value] : values) {
    const std::string name = "p_" + type.substr(0, type.find('('));
    fields += ',' + Simple(name, type);
    names += fmt::format("{}\"{}\"", names.empty() ? "" : ",", name);
    members += fmt::format("{}\"{}\":\"{}\"", members.empty() ? "" : ",", name, value);
    nulls += fmt::format("{}\"{}\":null", nulls.empty() ? "" : ",", name);
  }
  table_.Commit({Modern(R"("timestampNtz")"), MetadataAction(fields, names),
                 Rows({.partition_values = members}, "a.parquet"),
                 Rows({.partition_values = nulls}, "b.parquet")});
  const auto snapshot = Open(table_);
  const std::vector<std::string> rows = ReadRows(*snapshot);
  ASSERT_THAT(rows, SizeIs(20));
  EXPECT_EQ(rows[1],
            "1|-128|300|-7|9007199254740993|1.5|-0.25|true|19782|a b%/ü='|1250|x0178797a|"
            "1704067200000001|-1000000");
  EXPECT_EQ(rows[11], "1|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅");
}

TEST_F(DeltaRead, OnlyPartitionColumnsStillGiveEveryRow) {
  table_.Commit(
      {ProtocolAction(),
       MetadataAction(Simple("id", "long") + ',' + Simple("p", "string"), "\"p\""),
       Rows({.partition_values = R"("p":"x")", .deletion_vector = InlineDeletionVector({0, 9})})});
  const auto snapshot = Open(table_, Columns({"p"}));
  EXPECT_THAT(ReadRows(*snapshot), ElementsAre("x", "x", "x", "x", "x", "x", "x", "x"));
}

TEST_F(DeltaRead, EmptyPartitionValuesAreNull) {
  table_.Commit({ProtocolAction(),
                 MetadataAction(Simple("id", "long") + ',' + Simple("p", "string"), "\"p\""),
                 Rows({.partition_values = R"("p":"")"})});
  EXPECT_EQ(ReadRows(*Open(table_))[0], "0|∅");
}

TEST_F(DeltaRead, FilesWithoutRowsAndTablesWithoutFilesAreEmpty) {
  table_.Commit({ProtocolAction(), MetadataAction(Simple("id", "long"))});
  EXPECT_THAT(ReadRows(*Open(table_)), IsEmpty());
  table_.Place("e.parquet", "empty.parquet");
  table_.Commit({AddAction("e.parquet", TestdataSize("empty.parquet"))});
  const auto snapshot = Open(table_);
  EXPECT_EQ(snapshot->splits().size(), 1u);
  EXPECT_THAT(ReadRows(*snapshot), IsEmpty());
}

TEST_F(DeltaRead, DeletedRowsAreLeftOutInEveryRowGroup) {
  table_.Commit({Modern(R"("deletionVectors")"), MetadataAction(Simple("id", "long")),
                 Rows({.stats = R"({"numRecords":10})",
                       .deletion_vector = InlineDeletionVector({0, 3, 4, 5, 6, 7, 9})})});
  const auto snapshot = Open(table_);
  EXPECT_THAT(ReadRows(*snapshot), ElementsAre("1", "2", "8"));
  EXPECT_EQ(snapshot->info().rows, 3u);
  EXPECT_EQ(snapshot->splits()[0].rows, 3u);
}

// The second row group is ruled out by its statistics; the deletion vector must still mean the
// physical rows, and the ordinals must still count the rows left out.
TEST_F(DeltaRead, DeletionVectorsHoldWhereRowGroupsAreSkipped) {
  table_.Commit({Modern(R"("deletionVectors")"), MetadataAction(Simple("id", "long")),
                 Rows({.deletion_vector = InlineDeletionVector({1, 5, 8})})});
  SnapshotRequest request;
  request.filter = Of(Kind::kOr, {Of(Kind::kLess, {Column("id"), Number("4")}),
                                  Of(Kind::kGreaterOrEqual, {Column("id"), Number("8")})});
  const auto snapshot = Open(table_, request);
  EXPECT_THAT(ReadRows(*snapshot), ElementsAre("0", "2", "3", "9"));
  auto reader = snapshot->OpenSplit(0, 3, {});
  ASSERT_TRUE(reader.ok());
  const auto batch = (*reader)->Next({});
  ASSERT_TRUE(batch.ok() && batch->has_value());
  EXPECT_THAT(RenderRows(**batch), ElementsAre("9"));
  EXPECT_EQ((*batch)->first_row, 6u);  // 0 2 3 4 6 7 come before it
}

TEST_F(DeltaRead, ResumesAfterAnyNumberOfLiveRows) {
  table_.Commit({Modern(R"("deletionVectors")"), MetadataAction(Simple("id", "long")),
                 Rows({.deletion_vector = InlineDeletionVector({0, 4, 5})})});
  const auto snapshot = Open(table_);
  const std::vector<std::string> all = ReadRows(*snapshot);
  ASSERT_THAT(all, ElementsAre("1", "2", "3", "6", "7", "8", "9"));
  for (uint64_t skip = 0; skip <= all.size() + 1; ++skip) {
    auto reader = snapshot->OpenSplit(0, skip, {});
    ASSERT_TRUE(reader.ok());
    uint64_t next = skip;
    while (true) {
      const auto batch = (*reader)->Next({});
      ASSERT_TRUE(batch.ok());
      if (!batch->has_value()) break;
      EXPECT_EQ((*batch)->first_row, next);
      for (const std::string& row : RenderRows(**batch)) EXPECT_EQ(row, all[next++]);
    }
    EXPECT_EQ(next, std::max<uint64_t>(skip, all.size()));
  }
}

TEST_F(DeltaRead, BatchesKeepToTheWishedBytes) {
  table_.Commit({Modern(R"("timestampNtz")"), MetadataAction(RowsFields()), Rows()});
  SnapshotRequest request;
  request.batch_bytes_target = 1;
  const auto snapshot = Open(table_, request);
  auto reader = snapshot->OpenSplit(0, 0, {});
  ASSERT_TRUE(reader.ok());
  for (uint64_t row = 0; row < 10; ++row) {
    const auto batch = (*reader)->Next({});
    ASSERT_TRUE(batch.ok() && batch->has_value());
    EXPECT_EQ((*batch)->rows(), 1);
    EXPECT_EQ((*batch)->first_row, row);
  }
}

TEST_F(DeltaRead, WidenedTypesAndAddedColumnsReadAsTheTableSaysNow) {
  table_.Place("n.parquet", "narrow.parquet");
  table_.Commit({Modern(R"("typeWidening","timestampNtz")"),
                 MetadataAction(Simple("id", "long") + ',' + Simple("name", "string") + ',' +
                                Simple("price", "decimal(10,2)") + ',' + Simple("ratio", "double") +
                                ',' + Simple("day", "timestamp_ntz")),
                 AddAction("n.parquet", TestdataSize("narrow.parquet"))});
  EXPECT_THAT(ReadRows(*Open(table_)),
              ElementsAre("1|∅|125|0.5|1709164800000000", "∅|∅|125|1.5|1709164800000000"));
}

TEST_F(DeltaRead, TimestampsOfSparkKeepTheirWholeRange) {
  table_.Place("t.parquet", "int96.parquet");
  table_.Commit({ProtocolAction(),
                 MetadataAction(Simple("id", "long") + ',' + Simple("created", "timestamp")),
                 AddAction("t.parquet", TestdataSize("int96.parquet"))});
  EXPECT_THAT(ReadRows(*Open(table_)), ElementsAre("1|-62135596800000000", "2|253402300799999999"));
}

std::string Mapping(int id, const std::string& physical) {
  return fmt::format(R"("delta.columnMapping.id":{},"delta.columnMapping.physicalName":"{}")", id,
                     physical);
}

TEST_F(DeltaRead, MappedColumnsHaveTheirLogicalNamesAtEveryDepth) {
  table_.Place("m.parquet", "mapped.parquet");
  const std::string inner = fmt::format(R"({{"type":"struct","fields":[{}]}})",
                                        Field("street", "\"string\"", Mapping(3, "col-3")));
  table_.Commit({Modern(R"("columnMapping")"),
                 MetadataAction(Field("the id", "\"long\"", Mapping(1, "col-1")) + ',' +
                                    Field("address", inner, Mapping(2, "col-2")),
                                "", R"("delta.columnMapping.mode":"name")"),
                 AddAction("m.parquet", TestdataSize("mapped.parquet"))});
  SnapshotRequest request;
  request.filter = Of(Kind::kGreater, {Column("the id"), Number("7")});
  const auto snapshot = Open(table_, request);
  const std::vector<std::string> rows = ReadRows(*snapshot);  // the first row group is skipped
  ASSERT_THAT(rows, SizeIs(5));
  EXPECT_EQ(rows[0], "5|{street:s5}");
}

TEST_F(DeltaRead, ColumnsMappedByIdAreFoundWhateverTheirNames) {
  table_.Place("i.parquet", "by_id.parquet");
  table_.Commit({Modern(R"("columnMapping")"),
                 MetadataAction(Field("name", "\"string\"", Mapping(8, "col-8")) + ',' +
                                    Field("id", "\"long\"", Mapping(7, "col-7")),
                                "", R"("delta.columnMapping.mode":"id")"),
                 AddAction("i.parquet", TestdataSize("by_id.parquet"))});
  SnapshotRequest request;
  request.filter = Of(Kind::kEqual, {Column("id"), Number("2")});
  EXPECT_THAT(ReadRows(*Open(table_, request)), ElementsAre("a|1", "∅|2"));
}

TEST_F(DeltaRead, FilesAreSkippedByStatisticsAndPartitionValues) {
  const std::string stats = R"({"numRecords":10,"minValues":{"id":0},"maxValues":{"id":9},)"
                            R"("nullCount":{"id":0}})";
  table_.Commit({ProtocolAction(),
                 MetadataAction(Simple("id", "long") + ',' + Simple("p", "decimal(5,2)"), "\"p\""),
                 Rows({.partition_values = R"("p":"1.50")", .stats = stats}, "a.parquet"),
                 Rows({.partition_values = R"("p":"2.50")", .stats = stats}, "b.parquet"),
                 Rows({.partition_values = R"("p":null)"}, "c.parquet")});
  const auto keys = [&](const Expression& filter) {
    SnapshotRequest request;
    request.filter = filter;
    std::vector<std::string> out;
    const auto snapshot = Open(table_, request);
    if (snapshot == nullptr) return out;
    for (const Split& split : snapshot->splits()) out.push_back(split.key);
    return out;
  };
  EXPECT_THAT(keys(Of(Kind::kGreater, {Column("id"), Number("9")})), ElementsAre("c.parquet"));
  EXPECT_THAT(keys(Of(Kind::kGreater, {Column("p"), Number("2")})), ElementsAre("b.parquet"));
  EXPECT_THAT(keys(Of(Kind::kIsNull, {Column("p")})), ElementsAre("c.parquet"));
  EXPECT_THAT(keys(Of(Kind::kLess, {Column("p"), Number("2")})), ElementsAre("a.parquet"));
}

TEST_F(DeltaRead, AFilterThatCannotSkipStillOpensTheTable) {
  table_.Commit({ProtocolAction(),
                 MetadataAction(Simple("id", "long") + ',' + Simple("p", "decimal(5,2)"), "\"p\""),
                 Rows({.partition_values = R"("p":"1.5")"})});  // not all its digits
  SnapshotRequest request;
  request.filter = Of(Kind::kEqual, {Column("p"), Number("1.5")});
  EXPECT_THAT(ReadRows(*Open(table_, request)), SizeIs(10));
}

TEST_F(DeltaRead, VoidColumnsAreNull) {
  table_.Commit({ProtocolAction(),
                 MetadataAction(Simple("id", "long") + ',' + Simple("nothing", "void")), Rows()});
  EXPECT_EQ(ReadRows(*Open(table_))[4], "4|∅");
}

TEST_F(DeltaRead, AStopEndsAReaderForGood) {
  table_.Commit({ProtocolAction(), MetadataAction(Simple("id", "long")), Rows()});
  SnapshotRequest request;
  request.batch_bytes_target = 1;
  const auto snapshot = Open(table_, request);
  std::stop_source stop;
  const CallContext ctx{.stop = stop.get_token()};
  auto reader = snapshot->OpenSplit(0, 0, ctx);
  ASSERT_TRUE(reader.ok());
  ASSERT_TRUE((*reader)->Next(ctx).ok());
  stop.request_stop();
  EXPECT_EQ((*reader)->Next(ctx).status().code(), StatusCode::kCancelled);
  EXPECT_EQ(snapshot->OpenSplit(0, 0, ctx).status().code(), StatusCode::kCancelled);
}

TEST_F(DeltaRead, AMissingFileIsDataLossAndNamesIt) {
  table_.Commit(
      {ProtocolAction(), MetadataAction(Simple("id", "long")), AddAction("gone.parquet", 10)});
  const Status status = Open(table_)->OpenSplit(0, 0, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("gone.parquet"));
  EXPECT_THAT(std::string(status.hint()), HasSubstr("VACUUM"));
}

TEST_F(DeltaRead, ATruncatedFileIsDataLoss) {
  const std::string add = Rows();
  std::filesystem::resize_file(table_.path("rows.parquet"), 1000);
  table_.Commit({ProtocolAction(), MetadataAction(Simple("id", "long")), add});
  const Status status = Open(table_)->OpenSplit(0, 0, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("rows.parquet"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("has 1000 bytes"));
}

TEST_F(DeltaRead, AFileThatIsNotParquetIsDataLoss) {
  table_.Write("x.parquet", std::string(500, 'x'));
  table_.Commit(
      {ProtocolAction(), MetadataAction(Simple("id", "long")), AddAction("x.parquet", 500)});
  EXPECT_EQ(Open(table_)->OpenSplit(0, 0, {}).status().code(), StatusCode::kDataLoss);
}

TEST_F(DeltaRead, AFileWithoutBytesIsDataLoss) {
  table_.Write("x.parquet", "");
  table_.Commit(
      {ProtocolAction(), MetadataAction(Simple("id", "long")), AddAction("x.parquet", 0)});
  EXPECT_EQ(Open(table_)->OpenSplit(0, 0, {}).status().code(), StatusCode::kDataLoss);
}

TEST_F(DeltaRead, DamagedPagesAreDataLossNotRows) {
  const std::string add = Rows();
  {
    std::fstream file(table_.path("rows.parquet"), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4);
    file << std::string(1500, '\xee');
  }
  table_.Commit({Modern(R"("timestampNtz")"), MetadataAction(RowsFields()), add});
  EXPECT_THAT(ReadRows(*Open(table_)), ElementsAre(HasSubstr("data loss")));
}

TEST_F(DeltaRead, AColumnOfAnotherTypeIsRefused) {
  table_.Commit({ProtocolAction(), MetadataAction(Simple("name", "long")), Rows()});
  const Status status = Open(table_)->OpenSplit(0, 0, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("rows.parquet"));
}

TEST_F(DeltaRead, ADeletionVectorThatDoesNotFitIsDataLoss) {
  table_.Commit({Modern(R"("deletionVectors")"), MetadataAction(Simple("id", "long")),
                 Rows({.deletion_vector = InlineDeletionVector({2, 10})})});
  const Status status = Open(table_)->OpenSplit(0, 0, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("deletion vector"));
}

TEST_F(DeltaRead, AMissingDeletionVectorFileIsDataLoss) {
  const std::string vector =
      R"({"storageType":"u","pathOrInlineDv":"vBn[lx{q8@P<9BNH/isA","offset":1,)"
      R"("sizeInBytes":36,"cardinality":2})";
  table_.Commit({Modern(R"("deletionVectors")"), MetadataAction(Simple("id", "long")),
                 Rows({.deletion_vector = vector})});
  const Status status = Open(table_)->OpenSplit(0, 0, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("deletion_vector_61d16c75"));
}

}  // namespace
}  // namespace spillway
