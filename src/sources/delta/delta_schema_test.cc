// Changes across versions with other columns: what is told of the columns, and how older files are
// read.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sources/delta/delta_follow_fixture.h"

namespace spillway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Kind = ColumnChange::Kind;

std::string Mapped(const std::string& name, const std::string& type, int id,
                   const std::string& physical) {
  return Field(name, '"' + type + '"',
               fmt::format(R"("delta.columnMapping.id":{},"delta.columnMapping.physicalName":"{}")",
                           id, physical));
}

const std::string kByName = std::string(kFeedOn) + R"(,"delta.columnMapping.mode":"name")";

class DeltaSchema : public DeltaFollowFixture {
 protected:
  static std::vector<std::string> ColumnsOf(const VersionChanges& changes) {
    const ArrowSchema& schema = changes.schema()->get();
    std::vector<std::string> out;
    for (int64_t i = 0; i < schema.n_children; ++i) out.push_back(schema.children[i]->name);
    return out;
  }
};

TEST_F(DeltaSchema, AnAddedColumnIsTold) {
  Create(kFeedOn);
  columns_ += ',' + Simple("flag", "boolean");
  table_.Commit({Metadata(kFeedOn)});
  table_.Commit({Add("b.parquet"), Remove("a.parquet")});
  auto log = Follow();
  const auto first = Take(*log);
  EXPECT_THAT(first->splits(), IsEmpty());
  ASSERT_THAT(first->info().column_changes, SizeIs(1));
  EXPECT_EQ(first->info().column_changes[0].kind, Kind::kAdded);
  EXPECT_EQ(first->info().column_changes[0].column, "flag");
  const auto second = Take(*log);
  EXPECT_THAT(second->info().column_changes, IsEmpty());
  EXPECT_THAT(ColumnsOf(*second), ElementsAre("id", "name", "flag"));
  EXPECT_EQ(ReadImages(*second)[4], "+4|row 4|true");
}

TEST_F(DeltaSchema, ColumnsThatAVersionDoesNotHaveAreLeftOut) {
  Create(kFeedOn);
  request_.columns = {"flag", "name"};
  table_.Commit({Add("b.parquet")});
  columns_ += ',' + Simple("flag", "boolean");
  table_.Commit({Metadata(kFeedOn), Add("c.parquet")});
  auto log = Follow();
  const auto first = Take(*log);
  EXPECT_THAT(ColumnsOf(*first), ElementsAre("name"));
  EXPECT_EQ(ReadImages(*first)[1], "+row 1");
  const auto second = Take(*log);
  EXPECT_THAT(ColumnsOf(*second), ElementsAre("name", "flag"));
  EXPECT_EQ(ReadImages(*second)[1], "+row 1|false");
}

TEST_F(DeltaSchema, AVersionMayHaveNoneOfTheColumns) {
  Create(kFeedOn);
  request_.columns = {"flag"};
  table_.Commit({Feed("feed.parquet")});
  const auto changes = Only();
  EXPECT_THAT(ColumnsOf(*changes), IsEmpty());
  EXPECT_THAT(ReadImages(*changes), ElementsAre("+", "-", "+", "-"));
}

TEST_F(DeltaSchema, CommentsChangeNothing) {
  Create(kFeedOn);
  columns_ = Field("id", "\"long\"", R"("comment":"the key")") + ',' + Simple("name", "string");
  table_.Commit({Metadata(kFeedOn)});
  EXPECT_THAT(Only()->info().column_changes, IsEmpty());
}

TEST_F(DeltaSchema, OldImagesHaveTheTypesOfNow) {
  columns_ = Simple("id", "integer") + ',' + Simple("ratio", "float");
  table_.Place("n.parquet", "narrow.parquet");
  table_.Commit({ProtocolAction(R"("minReaderVersion":3,"minWriterVersion":7,)"
                                R"("readerFeatures":["typeWidening"],)"
                                R"("writerFeatures":["typeWidening","changeDataFeed"])"),
                 Metadata(kFeedOn), AddAction("n.parquet", TestdataSize("narrow.parquet"))});
  request_.after = Position();
  columns_ = Simple("id", "long") + ',' + Simple("ratio", "double") + ',' + Simple("x", "string");
  table_.Commit({Metadata(kFeedOn), RemoveAction("n.parquet", TestdataSize("narrow.parquet"))});
  const auto changes = Only();
  ASSERT_THAT(changes->info().column_changes, SizeIs(3));
  EXPECT_EQ(changes->info().column_changes[0].kind, Kind::kWidened);
  EXPECT_EQ(changes->info().column_changes[0].old_type, "integer");
  EXPECT_EQ(changes->info().column_changes[0].new_type, "long");
  EXPECT_THAT(ReadImages(*changes), ElementsAre("-1|0.5|∅", "-∅|1.5|∅"));
}

TEST_F(DeltaSchema, OldImagesOfARetypedColumnStop) {
  Create(kFeedOn);
  columns_ = Simple("id", "string") + ',' + Simple("name", "string");
  table_.Commit({Metadata(kFeedOn), Remove("a.parquet")});
  const Status status = Follow()->Next({}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported) << status.ToString();
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"id\""));
  request_.columns = {"name"};  // the retyped one does not matter then
  EXPECT_EQ(ReadImages(*Only())[1], "-row 1");
}

// Replacing the schema gives columns other physical names; files written before keep theirs.
TEST_F(DeltaSchema, OldImagesAreReadUnderTheNamesTheyWereWrittenWith) {
  columns_ = Mapped("id", "long", 1, "id") + ',' + Mapped("label", "string", 2, "name");
  Create(kByName, R"("columnMapping")");
  columns_ = Mapped("label", "string", 3, "col-3") + ',' + Mapped("id", "long", 4, "col-1");
  table_.Place("m.parquet", "mapped.parquet");
  table_.Commit({Metadata(kByName), Remove("a.parquet"),
                 AddAction("m.parquet", TestdataSize("mapped.parquet"))});
  const auto changes = Only();
  EXPECT_THAT(changes->info().column_changes, IsEmpty());
  const std::vector<std::string> images = ReadImages(*changes);
  ASSERT_THAT(images, SizeIs(20));
  EXPECT_EQ(images[2], "-row 2|2");
  EXPECT_EQ(images[12], "+∅|2");
}

TEST_F(DeltaSchema, ARenamedColumnKeepsItsValues) {
  columns_ = Mapped("id", "long", 1, "id") + ',' + Mapped("name", "string", 2, "name");
  Create(kByName, R"("columnMapping")");
  columns_ = Mapped("id", "long", 1, "id") + ',' + Mapped("label", "string", 2, "name");
  table_.Commit({Metadata(kByName), Remove("a.parquet")});
  const auto changes = Only();
  ASSERT_THAT(changes->info().column_changes, SizeIs(1));
  EXPECT_EQ(changes->info().column_changes[0].kind, Kind::kRenamed);
  EXPECT_EQ(changes->info().column_changes[0].old_column, "name");
  EXPECT_THAT(ColumnsOf(*changes), ElementsAre("id", "label"));
  EXPECT_EQ(ReadImages(*changes)[2], "-2|row 2");
}

TEST_F(DeltaSchema, APartitionColumnMayBecomeAnOrdinaryOne) {
  columns_ = Simple("id", "long") + ',' + Simple("p", "integer");
  partitions_ = "\"p\"";
  Create(kFeedOn, "", R"("p":"7")");
  partitions_ = "";
  table_.Commit({Metadata(kFeedOn), RemoveAction("a.parquet", TestdataSize("rows.parquet"),
                                                 {.partition_values = R"("p":"7")"})});
  EXPECT_EQ(ReadImages(*Only())[2], "-2|7");
}

TEST_F(DeltaSchema, ADifferenceReadsEachSideUnderItsOwnColumns) {
  columns_ = Mapped("id", "long", 1, "id") + ',' + Mapped("name", "string", 2, "name");
  Create(kByName, R"("columnMapping")");
  columns_ = Mapped("id", "long", 1, "id") + ',' + Mapped("label", "string", 2, "name");
  table_.Commit({Metadata(kByName)});
  table_.Commit({Remove("a.parquet"), Add("b.parquet")});
  request_.policy = ChangePolicy::kDiff;
  const auto changes = Only();
  ASSERT_THAT(changes->info().column_changes, SizeIs(1));
  const std::vector<std::string> images = ReadImages(*changes);
  ASSERT_THAT(images, SizeIs(20));
  EXPECT_EQ(images[2], "-2|row 2");
  EXPECT_EQ(images[12], "+2|row 2");
}

TEST_F(DeltaSchema, VariantsThatMayBeShreddedAreRefusedFromTheirVersionOn) {
  Create(kFeedOn);
  columns_ += ',' + Simple("v", "variant");
  table_.Commit({ProtocolAction(R"("minReaderVersion":3,"minWriterVersion":7,)"
                                R"("readerFeatures":["variantType","variantShredding-preview"],)"
                                R"("writerFeatures":["variantType","variantShredding-preview"])"),
                 Metadata(kFeedOn)});
  const Status status = Follow()->Next({}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_THAT(std::string(status.message()), HasSubstr("variantShredding"));
}

}  // namespace
}  // namespace spillway
