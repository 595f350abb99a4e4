#include "sources/delta/column_changes.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sources/delta/delta_test_table.h"

namespace spillway {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Kind = ColumnChange::Kind;

// The metaData action of these fields, as the bridge describes a table.
DeltaTableDetails Table(const std::string& fields) {
  DeltaTableDetails details;
  const std::string action = MetadataAction(fields);
  const std::string prefix = R"({"metaData":)";
  details.metadata = action.substr(prefix.size(), action.size() - prefix.size() - 1);
  return details;
}

std::vector<std::string> Changes(const std::string& before, const std::string& after) {
  const auto changes = ColumnChangesBetween(Table(before), Table(after));
  EXPECT_TRUE(changes.ok()) << changes.status().ToString();
  std::vector<std::string> out;
  for (const ColumnChange& change : *changes) {
    static constexpr const char* kNames[] = {"added", "dropped", "renamed", "widened", "retyped"};
    std::string text = fmt::format("{} {}", kNames[static_cast<int>(change.kind)], change.column);
    if (!change.old_column.empty()) text += " from " + change.old_column;
    out.push_back(text);
  }
  return out;
}

std::string Mapped(const std::string& name, int id, const std::string& type = "long") {
  return Field(name, '"' + type + '"', fmt::format(R"("delta.columnMapping.id":{})", id));
}

// What becomes of a column of one type that gets another.
std::string Retype(const std::string& before, const std::string& after) {
  const auto changes = Changes(Field("c", before), Field("c", after));
  return changes.empty() ? "same" : changes[0].substr(0, changes[0].find(' '));
}

std::string RetypeSimple(const std::string& before, const std::string& after) {
  return Retype('"' + before + '"', '"' + after + '"');
}

std::string Struct(const std::string& fields) {
  return fmt::format(R"({{"type":"struct","fields":[{}]}})", fields);
}

std::string Array(const std::string& element) {
  return fmt::format(R"({{"type":"array","elementType":{},"containsNull":true}})", element);
}

std::string Map(const std::string& value) {
  return fmt::format(
      R"({{"type":"map","keyType":"string","valueType":{},"valueContainsNull":true}})", value);
}

TEST(ColumnChanges, TheSameColumnsAreNoChange) {
  EXPECT_THAT(Changes(Simple("a", "long"), Simple("a", "long")), IsEmpty());
}

TEST(ColumnChanges, CommentsNullabilityAndOrderAreNoChange) {
  const std::string before =
      R"({"name":"a","type":"long","nullable":false,"metadata":{}},)" + Simple("b", "string");
  const std::string after =
      Simple("b", "string") + ',' + Field("a", "\"long\"", R"("comment":"the key")");
  EXPECT_THAT(Changes(before, after), IsEmpty());
}

TEST(ColumnChanges, ColumnsComeAndGo) {
  EXPECT_THAT(Changes(Simple("a", "long") + ',' + Simple("b", "long"),
                      Simple("c", "long") + ',' + Simple("a", "long")),
              ElementsAre("added c", "dropped b"));
}

TEST(ColumnChanges, IdsTellARename) {
  EXPECT_THAT(Changes(Mapped("a", 1) + ',' + Mapped("b", 2), Mapped("x", 1) + ',' + Mapped("b", 2)),
              ElementsAre("renamed x from a"));
}

TEST(ColumnChanges, ARenamedColumnMayAlsoBeWidened) {
  EXPECT_THAT(Changes(Mapped("a", 1, "integer"), Mapped("x", 1, "long")),
              ElementsAre("renamed x from a", "widened x"));
}

TEST(ColumnChanges, ANameMayGoOverToAnotherColumn) {
  EXPECT_THAT(Changes(Mapped("a", 1), Mapped("b", 1) + ',' + Mapped("a", 2)),
              ElementsAre("renamed b from a", "added a"));
  EXPECT_THAT(Changes(Mapped("a", 1) + ',' + Mapped("b", 2), Mapped("b", 1) + ',' + Mapped("a", 2)),
              ElementsAre("renamed b from a", "renamed a from b"));
}

TEST(ColumnChanges, AColumnWrittenAnewUnderItsNameIsTheSame) {
  EXPECT_THAT(Changes(Mapped("a", 1), Mapped("a", 7)), IsEmpty());
  EXPECT_THAT(Changes(Simple("a", "long"), Mapped("a", 1)), IsEmpty());  // mapping turned on
}

TEST(ColumnChanges, EveryStepOfWideningIsKnown) {
  for (const auto& [before, after] :
       std::vector<std::pair<std::string, std::string>>{{"byte", "short"},
                                                        {"byte", "long"},
                                                        {"short", "integer"},
                                                        {"integer", "long"},
                                                        {"byte", "double"},
                                                        {"integer", "double"},
                                                        {"float", "double"},
                                                        {"byte", "decimal(3,0)"},
                                                        {"integer", "decimal(10,0)"},
                                                        {"integer", "decimal(12, 2)"},
                                                        {"long", "decimal(20,0)"},
                                                        {"decimal(10,2)", "decimal(12,2)"},
                                                        {"decimal(10,2)", "decimal(12,4)"}}) {
    EXPECT_EQ(RetypeSimple(before, after), "widened") << before << " to " << after;
  }
}

TEST(ColumnChanges, WhatMayLoseMeaningIsNoWidening) {
  for (const auto& [before, after] : std::vector<std::pair<std::string, std::string>>{
           {"long", "integer"},
           {"long", "double"},
           {"double", "float"},
           {"integer", "float"},
           {"integer", "decimal(9,0)"},
           {"integer", "decimal(11,2)"},
           {"decimal(10,2)", "decimal(11,3)" /* fits */},
           {"decimal(10,2)", "decimal(10,3)"},
           {"decimal(10,2)", "decimal(12,1)"},
           {"decimal(10,2)", "double"},
           {"date", "timestamp_ntz"},
           {"string", "long"},
           {"long", "string"}}) {
    const char* expected = after == "decimal(11,3)" ? "widened" : "retyped";
    EXPECT_EQ(RetypeSimple(before, after), expected) << before << " to " << after;
  }
}

TEST(ColumnChanges, NestedTypesAreComparedInDepth) {
  const std::string a = Simple("a", "integer");
  const std::string b = Simple("b", "string");
  EXPECT_EQ(Retype(Struct(a), Struct(a)), "same");
  EXPECT_EQ(Retype(Struct(a), Struct(a + ',' + b)), "widened");
  EXPECT_EQ(Retype(Struct(a), Struct(Simple("a", "long"))), "widened");
  EXPECT_EQ(Retype(Struct(a + ',' + b), Struct(a)), "retyped");
  EXPECT_EQ(Retype(Struct(Mapped("a", 3)), Struct(Mapped("x", 3))), "retyped");
  EXPECT_EQ(Retype(Array("\"integer\""), Array("\"long\"")), "widened");
  EXPECT_EQ(Retype(Array("\"integer\""), Array("\"string\"")), "retyped");
  EXPECT_EQ(Retype(Map(Struct(a)), Map(Struct(a + ',' + b))), "widened");
  EXPECT_EQ(Retype(Map("\"long\""), Map("\"integer\"")), "retyped");
  EXPECT_EQ(Retype(Map("\"long\""), Array("\"long\"")), "retyped");
  EXPECT_EQ(Retype("\"long\"", Struct(a)), "retyped");
}

TEST(ColumnChanges, OnlyThoseOfTheProjectionMatter) {
  const auto changes =
      ColumnChangesBetween(Table(Mapped("a", 1) + ',' + Mapped("b", 2)),
                           Table(Mapped("x", 1) + ',' + Mapped("c", 3) + ',' + Mapped("d", 4)));
  ASSERT_TRUE(changes.ok());
  EXPECT_EQ(changes->size(), 4u);
  EXPECT_EQ(OfColumns(*changes, {}).size(), 4u);
  const auto touched = OfColumns(*changes, {"a", "d"});
  ASSERT_EQ(touched.size(), 2u);
  EXPECT_EQ(touched[0].kind, Kind::kRenamed);
  EXPECT_EQ(touched[1].column, "d");
}

TEST(ColumnChanges, ASchemaThatMakesNoSenseIsDataLoss) {
  DeltaTableDetails broken;
  broken.metadata = R"({"schemaString":"{"})";
  EXPECT_EQ(ColumnChangesBetween(Table(Simple("a", "long")), broken).status().code(),
            StatusCode::kDataLoss);
}

}  // namespace
}  // namespace spillway
