#include "columns/column_view.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

namespace spillway {
namespace {

// How many buffers the layout of a type has, validity included.
int64_t BufferCount(ColumnType type) {
  switch (type) {
    case ColumnType::kNull:
      return 0;
    case ColumnType::kStruct:
    case ColumnType::kVariant:
    case ColumnType::kFixedSizeList:
      return 1;
    case ColumnType::kUtf8:
    case ColumnType::kLargeUtf8:
    case ColumnType::kBinary:
    case ColumnType::kLargeBinary:
      return 3;
    default:
      return 2;
  }
}

Status Broken(const ColumnShape& shape, std::string_view what) {
  return DataLoss(fmt::format("column \"{}\" ({}): {}", shape.name, TypeName(shape), what));
}

}  // namespace

__int128 ColumnView::Decimal(int64_t row) const {
  __int128 value;
  std::memcpy(&value, static_cast<const char*>(values_) + (row + offset_) * 16, sizeof(value));
  return value;
}

Result<ColumnView> ColumnView::Bind(const ColumnShape& shape, const ArrowArray& array) {
  return BindRange(shape, array, 0, array.length);
}

Result<ColumnView> ColumnView::BindColumn(const ColumnShape& shape, const ArrowArray& batch,
                                          int64_t child) {
  if (child < 0 || child >= batch.n_children) return Broken(shape, "missing in the batch");
  return BindRange(shape, *batch.children[child], batch.offset, batch.length);
}

Result<ColumnView> ColumnView::BindRange(const ColumnShape& shape, const ArrowArray& array,
                                         int64_t skip, int64_t length) {
  if (array.offset < 0 || array.length < 0 || skip < 0 || skip > array.length - length) {
    return Broken(
        shape, fmt::format("{} rows from {} asked of an array of {}", length, skip, array.length));
  }
  if (array.dictionary != nullptr) return Broken(shape, "dictionary-encoded");
  ColumnView view;
  view.shape_ = &shape;
  view.offset_ = array.offset + skip;
  view.length_ = length;
  RETURN_IF_ERROR(view.BindBuffers(array));
  RETURN_IF_ERROR(view.BindChildren(array));
  return view;
}

Status ColumnView::BindBuffers(const ArrowArray& array) {
  const int64_t buffers = BufferCount(shape_->type);
  if (array.n_buffers != buffers) {
    return Broken(*shape_, fmt::format("{} buffers instead of {}", array.n_buffers, buffers));
  }
  if (buffers == 0) return Status::Ok();
  if (array.null_count != 0) validity_ = static_cast<const uint8_t*>(array.buffers[0]);
  if (array.null_count > 0 && validity_ == nullptr && array.length > 0) {
    return Broken(*shape_, "nulls without a validity bitmap");
  }
  if (buffers == 1) return Status::Ok();
  values_ = array.buffers[1];
  if (values_ == nullptr && length_ > 0) return Broken(*shape_, "no buffer of values");
  if (buffers == 3) data_ = static_cast<const char*>(array.buffers[2]);
  if (length_ == 0) return Status::Ok();
  switch (shape_->type) {
    case ColumnType::kUtf8:
    case ColumnType::kBinary:
      return CheckOffsets<int32_t>(data_ == nullptr ? 0 : INT32_MAX);
    case ColumnType::kLargeUtf8:
    case ColumnType::kLargeBinary:
      return CheckOffsets<int64_t>(data_ == nullptr ? 0 : INT64_MAX);
    default:
      return Status::Ok();
  }
}

template <typename Offset>
Status ColumnView::CheckOffsets(int64_t limit) const {
  const Offset* offsets = static_cast<const Offset*>(values_) + offset_;
  bool ascending = offsets[0] >= 0;
  for (int64_t i = 0; i < length_; ++i) ascending &= offsets[i] <= offsets[i + 1];
  if (ascending && offsets[length_] <= limit) return Status::Ok();
  return Broken(*shape_, "the offsets do not ascend within the data");
}

Status ColumnView::BindChildren(const ArrowArray& array) {
  const std::vector<ColumnShape>& shapes = shape_->children;
  if (array.n_children != static_cast<int64_t>(shapes.size())) {
    return Broken(*shape_,
                  fmt::format("{} children instead of {}", array.n_children, shapes.size()));
  }
  const bool is_struct =
      shape_->type == ColumnType::kStruct || shape_->type == ColumnType::kVariant;
  for (size_t i = 0; i < shapes.size(); ++i) {
    const ArrowArray& child = *array.children[shape_->child_index[i]];
    ASSIGN_OR_RETURN(ColumnView view, is_struct ? BindRange(shapes[i], child, offset_, length_)
                                                : BindRange(shapes[i], child, 0, child.length));
    children_.push_back(std::move(view));
  }
  if (is_struct || length_ == 0 || shapes.empty()) return Status::Ok();
  const int64_t elements = children_[0].length();
  switch (shape_->type) {
    case ColumnType::kFixedSizeList:
      if ((offset_ + length_) * shape_->width <= elements) return Status::Ok();
      return Broken(*shape_, "fewer elements than its rows need");
    case ColumnType::kLargeList:
      return CheckOffsets<int64_t>(elements);
    default:
      return CheckOffsets<int32_t>(elements);
  }
}

}  // namespace spillway
