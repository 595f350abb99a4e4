// ColumnView: checked, read-only access to one Arrow array. Binding checks counts, buffers and
// offsets once; access afterwards is unchecked. Offsets of sliced arrays are folded in, so row 0 of
// a view is the first row of the slice, and row i of a struct is row i of each of its children.
// Source: Arrow specification, "Arrow columnar format", section "Physical memory layout".
#ifndef SPILLWAY_COLUMNS_COLUMN_VIEW_H_
#define SPILLWAY_COLUMNS_COLUMN_VIEW_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/result.h"
#include "columns/column_shape.h"
#include "model/arrow_abi.h"

namespace spillway {

// Half-open, in rows of child(0).
struct ElementRange {
  int64_t begin = 0;
  int64_t end = 0;
};

// Borrows shape and array: both must outlive it. Thread-safe (immutable).
class ColumnView {
 public:
  // An empty view; only for containers.
  ColumnView() = default;

  // Fails with kDataLoss, and names the column, when the array does not have the shape's layout.
  static Result<ColumnView> Bind(const ColumnShape& shape, const ArrowArray& array);
  // Of the child of a struct array (a record batch): its rows [0, batch.length).
  static Result<ColumnView> BindColumn(const ColumnShape& shape, const ArrowArray& batch,
                                       int64_t child);

  const ColumnShape& shape() const { return *shape_; }
  int64_t length() const { return length_; }
  bool has_nulls() const { return validity_ != nullptr || shape_->type == ColumnType::kNull; }

  bool IsNull(int64_t row) const {
    if (validity_ == nullptr) return shape_->type == ColumnType::kNull;
    const uint64_t bit = static_cast<uint64_t>(row + offset_);
    return ((validity_[bit >> 3] >> (bit & 7)) & 1) == 0;
  }

  // REQUIRES: T is the type's C++ form (int32_t for dates and year-month intervals, int64_t for
  // timestamps and day-time intervals).
  template <typename T>
  T Value(int64_t row) const {
    return static_cast<const T*>(values_)[row + offset_];
  }
  bool Bool(int64_t row) const {
    const uint64_t bit = static_cast<uint64_t>(row + offset_);
    return ((static_cast<const uint8_t*>(values_)[bit >> 3] >> (bit & 7)) & 1) != 0;
  }
  // Sign-extended (or zero-extended), whatever the width. REQUIRES: an integer type below uint64.
  int64_t Integer(int64_t row) const;
  __int128 Decimal(int64_t row) const;
  // REQUIRES: a string or binary type.
  std::string_view Bytes(int64_t row) const;
  // REQUIRES: a list or a map.
  ElementRange Elements(int64_t row) const;

  size_t child_count() const { return children_.size(); }
  const ColumnView& child(size_t index) const { return children_[index]; }

  // For column-wise work: the first offset and value of row 0, as the format lays them out.
  const int32_t* offsets32() const { return static_cast<const int32_t*>(values_) + offset_; }
  const int64_t* offsets64() const { return static_cast<const int64_t*>(values_) + offset_; }
  const char* data() const { return data_; }

 private:
  static Result<ColumnView> BindRange(const ColumnShape& shape, const ArrowArray& array,
                                      int64_t skip, int64_t length);
  Status BindBuffers(const ArrowArray& array);
  Status BindChildren(const ArrowArray& array);
  template <typename Offset>
  Status CheckOffsets(int64_t limit) const;

  const ColumnShape* shape_ = nullptr;
  const uint8_t* validity_ = nullptr;  // null: no row is null
  const void* values_ = nullptr;       // values, or offsets of variable-length types
  const char* data_ = nullptr;         // bytes of strings and binaries
  int64_t offset_ = 0;
  int64_t length_ = 0;
  std::vector<ColumnView> children_;
};

inline int64_t ColumnView::Integer(int64_t row) const {
  switch (shape_->type) {
    case ColumnType::kInt8:
      return Value<int8_t>(row);
    case ColumnType::kInt16:
      return Value<int16_t>(row);
    case ColumnType::kInt32:
      return Value<int32_t>(row);
    case ColumnType::kInt64:
      return Value<int64_t>(row);
    case ColumnType::kUInt8:
      return Value<uint8_t>(row);
    case ColumnType::kUInt16:
      return Value<uint16_t>(row);
    case ColumnType::kUInt32:
      return Value<uint32_t>(row);
    default:
      SPILLWAY_CHECK(false);
      return 0;
  }
}

inline std::string_view ColumnView::Bytes(int64_t row) const {
  const int64_t at = row + offset_;
  switch (shape_->type) {
    case ColumnType::kUtf8:
    case ColumnType::kBinary: {
      const int32_t* offsets = static_cast<const int32_t*>(values_) + at;
      return {data_ + offsets[0], static_cast<size_t>(offsets[1] - offsets[0])};
    }
    case ColumnType::kFixedBinary:
      return {static_cast<const char*>(values_) + at * shape_->width,
              static_cast<size_t>(shape_->width)};
    default: {
      const int64_t* offsets = static_cast<const int64_t*>(values_) + at;
      return {data_ + offsets[0], static_cast<size_t>(offsets[1] - offsets[0])};
    }
  }
}

inline ElementRange ColumnView::Elements(int64_t row) const {
  const int64_t at = row + offset_;
  switch (shape_->type) {
    case ColumnType::kFixedSizeList:
      return {at * shape_->width, (at + 1) * shape_->width};
    case ColumnType::kLargeList: {
      const int64_t* offsets = static_cast<const int64_t*>(values_) + at;
      return {offsets[0], offsets[1]};
    }
    default: {
      const int32_t* offsets = static_cast<const int32_t*>(values_) + at;
      return {offsets[0], offsets[1]};
    }
  }
}

}  // namespace spillway

#endif  // SPILLWAY_COLUMNS_COLUMN_VIEW_H_
