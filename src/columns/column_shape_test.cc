#include "columns/column_shape.h"

#include <gtest/gtest.h>

#include "columns/array_builder.h"

namespace spillway {
namespace {

Result<ColumnShape> ShapeOf(const BuiltColumn& column) {
  const OwnedSchema schema = ExportSchema("x", column);
  return ParseShape(schema.get());
}

BuiltColumn OfFormat(const char* format) {
  BuiltColumn column;
  column.format = format;
  return column;
}

struct NameCase {
  const char* format;
  const char* name;
};

TEST(ColumnShape, EveryFlatTypeIsReadFromItsFormat) {
  for (const NameCase& c : {NameCase{"n", "void"},
                            {"b", "boolean"},
                            {"c", "byte"},
                            {"s", "short"},
                            {"i", "integer"},
                            {"l", "long"},
                            {"C", "unsigned byte"},
                            {"L", "unsigned long"},
                            {"f", "float"},
                            {"g", "double"},
                            {"u", "string"},
                            {"U", "string"},
                            {"z", "binary"},
                            {"Z", "binary"},
                            {"w:16", "binary(16)"},
                            {"tdD", "date"},
                            {"tsu:UTC", "timestamp"},
                            {"tsn:", "timestamp_ntz"},
                            {"d:12,2", "decimal(12,2)"},
                            {"d:38,-3,128", "decimal(38,-3)"},
                            {"tiM", "interval year to month"}}) {
    const auto shape = ShapeOf(OfFormat(c.format));
    ASSERT_TRUE(shape.ok()) << c.format << shape.status().ToString();
    EXPECT_EQ(TypeName(*shape), c.name) << c.format;
  }
}

TEST(ColumnShape, NestedTypesNameTheirParts) {
  const auto shape = ShapeOf(Structs(
      {{"a", Lists(Int64s({1}), {1})}, {"m", Maps(Strings({"k"}), Decimals(4, 1, {5}), {1})}}));
  ASSERT_TRUE(shape.ok());
  EXPECT_EQ(TypeName(*shape), "struct<a:list<long>,m:map<string,decimal(4,1)>>");
}

TEST(ColumnShape, TypesWithoutADocumentFormAreRefusedByName) {
  for (const char* format : {"e", "d:40,2,256", "ttu", "tDu", "tin", "vu", "+vl", "+r", "tdm",
                             "d:39,0", "ts", "tsx:", "", "?"}) {
    const auto shape = ShapeOf(Structs({{"inner", OfFormat(format)}}));
    ASSERT_FALSE(shape.ok()) << format;
    EXPECT_NE(shape.status().message().find("\"x.inner\""), std::string::npos)
        << shape.status().ToString();
  }
}

TEST(ColumnShape, TheKernelsVariantStructIsRecognised) {
  const auto shape = ShapeOf(Variants({{{"m", "v"}}}));
  ASSERT_TRUE(shape.ok());
  EXPECT_EQ(shape->type, ColumnType::kVariant);
}

TEST(ColumnShape, AVariantWithItsPartsSwappedIsPutInOrder) {
  BuiltColumn column = Variants({{{"m", "v"}}});
  std::swap(column.children[0], column.children[1]);
  const auto shape = ShapeOf(column);
  ASSERT_TRUE(shape.ok());
  EXPECT_EQ(shape->type, ColumnType::kVariant);
  EXPECT_EQ(shape->children[0].name, "metadata");
  EXPECT_EQ(shape->child_index[0], 1u);
}

TEST(ColumnShape, AUsersStructOfTwoNullableBinariesStaysAStruct) {
  const auto shape = ShapeOf(Structs({{"metadata", Binaries({"a"})}, {"value", Binaries({"b"})}}));
  ASSERT_TRUE(shape.ok());
  EXPECT_EQ(shape->type, ColumnType::kStruct);
}

TEST(ColumnShape, AnExtensionNameMakesItAVariant) {
  const auto shape =
      ShapeOf(WithMetadata(Structs({{"metadata", Binaries({"a"})}, {"value", Binaries({"b"})}}),
                           "ARROW:extension:name", "parquet.variant"));
  ASSERT_TRUE(shape.ok());
  EXPECT_EQ(shape->type, ColumnType::kVariant);
}

TEST(ColumnShape, IntervalsAreToldFromIntegersByTheirMetadata) {
  EXPECT_EQ(ShapeOf(YearMonthIntervals({14}))->type, ColumnType::kYearMonthInterval);
  EXPECT_EQ(ShapeOf(DayTimeIntervals({14}))->type, ColumnType::kDayTimeInterval);
  const auto wrong =
      ShapeOf(WithMetadata(Strings({"x"}), kTypeMetadataKey, "interval year to month"));
  EXPECT_EQ(wrong.status().code(), StatusCode::kUnsupported);
}

}  // namespace
}  // namespace spillway
