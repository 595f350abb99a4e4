#include "columns/column_view.h"

#include <gtest/gtest.h>

#include <memory>

#include "columns/array_builder.h"

namespace spillway {
namespace {

// A column with everything that its view borrows.
struct Bound {
  explicit Bound(const BuiltColumn& column)
      : schema(ExportSchema("x", column)),
        array(ExportArray(column)),
        shape(*ParseShape(schema.get())),
        view(ColumnView::Bind(shape, array.get())) {}
  OwnedSchema schema;
  OwnedArray array;
  ColumnShape shape;
  Result<ColumnView> view;
};

Status BindBroken(const BuiltColumn& column, void (*breakage)(ArrowArray*)) {
  const OwnedSchema schema = ExportSchema("x", column);
  OwnedArray array = ExportArray(column);
  const ColumnShape shape = *ParseShape(schema.get());
  breakage(array.mutable_get());
  return ColumnView::Bind(shape, array.get()).status();
}

TEST(ColumnView, ReadsValuesAndNulls) {
  const Bound bound(Int64s({7, std::nullopt, -3}));
  ASSERT_TRUE(bound.view.ok());
  EXPECT_EQ(bound.view->Value<int64_t>(0), 7);
  EXPECT_TRUE(bound.view->IsNull(1));
  EXPECT_FALSE(bound.view->IsNull(2));
  EXPECT_EQ(bound.view->Integer(2), -3);
}

TEST(ColumnView, NarrowIntegersKeepTheirSign) {
  EXPECT_EQ(Bound(Int8s({-1})).view->Integer(0), -1);
  EXPECT_EQ(Bound(UInt8s({255})).view->Integer(0), 255);
  EXPECT_EQ(Bound(UInt32s({4294967295u})).view->Integer(0), 4294967295);
}

TEST(ColumnView, ReadsStringsOfBothWidths) {
  EXPECT_EQ(Bound(Strings({"ab", "", "cde"})).view->Bytes(2), "cde");
  EXPECT_EQ(Bound(LargeStrings({"ab", "", "cde"})).view->Bytes(2), "cde");
  EXPECT_EQ(Bound(FixedBinaries(2, {"ab", "cd"})).view->Bytes(1), "cd");
}

TEST(ColumnView, ReadsDecimalsBeyond64Bits) {
  const __int128 big = static_cast<__int128>(INT64_MAX) * 1000 + 7;
  EXPECT_TRUE(Bound(Decimals(38, 3, {0, -big})).view->Decimal(1) == -big);
}

TEST(ColumnView, ASliceStartsAtItsOwnFirstRow) {
  const Batch batch = SliceBatch(
      {{"s", Strings({"a", "b", std::nullopt, "d"})},
       {"t", Structs({{"n", Int32s({1, 2, 3, 4})}})},
       {"b", Bools({true, false, true, std::nullopt})},
       {"f", FixedSizeLists(2, Int8s({1, 2, 3, 4, 5, 6, 7, 8}), {true, true, true, true})}},
      1, 3);
  const auto view = [&](int64_t i) {
    static std::vector<std::unique_ptr<ColumnShape>> shapes;
    shapes.push_back(std::make_unique<ColumnShape>(*ParseShape(*batch.schema->get().children[i])));
    return *ColumnView::BindColumn(*shapes.back(), batch.columns.get(), i);
  };
  EXPECT_EQ(view(0).Bytes(0), "b");
  EXPECT_TRUE(view(0).IsNull(1));
  EXPECT_EQ(view(1).child(0).Value<int32_t>(2), 4);
  EXPECT_FALSE(view(2).Bool(0));
  EXPECT_TRUE(view(2).IsNull(2));
  EXPECT_EQ(view(3).Elements(0).begin, 2);
  EXPECT_EQ(view(3).child(0).Value<int8_t>(view(3).Elements(0).begin), 3);
}

TEST(ColumnView, ASlicedStructInsideABatchFoldsBothOffsets) {
  const BuiltColumn inner = Structs({{"n", Int32s({1, 2, 3, 4, 5})}});
  const OwnedSchema schema = ExportSchema("x", inner);
  OwnedArray array = ExportArray(inner);
  array.mutable_get()->offset = 1;
  array.mutable_get()->length = 3;
  array.mutable_get()->children[0]->offset = 1;
  array.mutable_get()->children[0]->length = 4;
  const ColumnShape shape = *ParseShape(schema.get());
  const auto view = ColumnView::Bind(shape, array.get());
  ASSERT_TRUE(view.ok()) << view.status().ToString();
  EXPECT_EQ(view->child(0).Value<int32_t>(0), 3);
}

TEST(ColumnView, ListsAndMapsGiveElementRanges) {
  const Bound list(Lists(Int64s({1, 2, 3}), {2, std::nullopt, 1}));
  EXPECT_EQ(list.view->Elements(2).begin, 2);
  EXPECT_EQ(list.view->Elements(2).end, 3);
  EXPECT_TRUE(list.view->IsNull(1));
  const Bound map(Maps(Strings({"a", "b"}), Int64s({1, 2}), {0, 2}));
  EXPECT_EQ(map.view->child(0).child(0).Bytes(map.view->Elements(1).begin + 1), "b");
}

TEST(ColumnView, EveryRowOfANullColumnIsNull) {
  const Bound bound(Nulls(3));
  ASSERT_TRUE(bound.view.ok());
  EXPECT_TRUE(bound.view->IsNull(2));
}

TEST(ColumnView, AnEmptyArrayMayLackItsBuffers) {
  EXPECT_TRUE(
      BindBroken(Strings({}), [](ArrowArray* a) { a->buffers[1] = a->buffers[2] = nullptr; }).ok());
}

TEST(ColumnView, BrokenLayoutsAreRefusedAndNamed) {
  const auto expect_refused = [](const BuiltColumn& column, void (*breakage)(ArrowArray*)) {
    const Status status = BindBroken(column, breakage);
    EXPECT_EQ(status.code(), StatusCode::kDataLoss);
    EXPECT_TRUE(status.message().starts_with("column \"")) << status.ToString();
  };
  expect_refused(Int64s({1}), [](ArrowArray* a) { a->n_buffers = 1; });
  expect_refused(Int64s({1}), [](ArrowArray* a) { a->buffers[1] = nullptr; });
  expect_refused(Int64s({1}), [](ArrowArray* a) { a->null_count = 1; });
  expect_refused(Int64s({1}), [](ArrowArray* a) { a->offset = -1; });
  expect_refused(Strings({"ab"}), [](ArrowArray* a) { a->buffers[2] = nullptr; });
  expect_refused(Strings({"a", "b"}), [](ArrowArray* a) {
    const_cast<int32_t*>(static_cast<const int32_t*>(a->buffers[1]))[1] = 9;
  });
  expect_refused(Lists(Int64s({1}), {1}), [](ArrowArray* a) {
    const_cast<int32_t*>(static_cast<const int32_t*>(a->buffers[1]))[1] = 2;
  });
  expect_refused(Structs({{"n", Int32s({1})}}), [](ArrowArray* a) { a->length = 2; });
  expect_refused(Structs({{"n", Int32s({1})}}), [](ArrowArray* a) { a->n_children = 0; });
  expect_refused(FixedSizeLists(2, Int8s({1, 2}), {true}), [](ArrowArray* a) { a->length = 2; });
}

}  // namespace
}  // namespace spillway
