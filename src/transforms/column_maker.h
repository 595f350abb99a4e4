// ColumnMaker: fills one Arrow column from JSON values; one kind per type of column. The parts of
// DocumentColumns.
#ifndef SPILLWAY_TRANSFORMS_COLUMN_MAKER_H_
#define SPILLWAY_TRANSFORMS_COLUMN_MAKER_H_

#include <simdjson.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columns/column_shape.h"
#include "model/arrow_abi.h"
#include "transforms/document_columns.h"

namespace spillway {

// What does not fit its column. Shared by the makers of a schema.
struct Misfits {
  uint64_t count = 0;
  std::string first;  // "column price: \"abc\" is no double"; of the first since it was cleared
};

// Growing buffers of a column: validity and what comes after it.
class ColumnMaker {
 public:
  virtual ~ColumnMaker() = default;
  // Adds the value, or null when it does not fit or is null. Another error than SUCCESS: the
  // document is damaged.
  virtual simdjson::error_code Append(simdjson::ondemand::value value) = 0;
  // Adds null; to a column that has no nulls, an empty value.
  virtual void AppendNull() = 0;
  // Moves what was added out, as a part of an array; its release callback owns it.
  virtual void Take(ArrowArray* out) = 0;
  // Adds a text as it is. REQUIRES: a column of text.
  virtual void AppendText(std::string_view) {}

  // `path` names the column in messages.
  static Result<std::unique_ptr<ColumnMaker>> Make(const ColumnShape& shape, std::string path,
                                                   const DocumentColumnsOptions& options,
                                                   Misfits& misfits);
};

// A struct array of such children, without nulls.
void TakeStruct(int64_t rows, std::vector<ArrowArray> children, ArrowArray* out);

// Fills a struct from an object's fields, by their names.
class StructMaker {
 public:
  // `prefix`: of the children's names in messages, "inner." or nothing.
  static Result<std::unique_ptr<StructMaker>> Make(const ColumnShape& shape,
                                                   const std::string& prefix,
                                                   const DocumentColumnsOptions& options,
                                                   Misfits& misfits);
  // Adds a value to every child but `except`. kDuplicate: a field stands there twice.
  static constexpr simdjson::error_code kDuplicate = simdjson::UNEXPECTED_ERROR;
  simdjson::error_code Append(simdjson::ondemand::object object, size_t except = SIZE_MAX);
  void AppendNull();
  ColumnMaker& child(size_t index) { return *children_[index]; }
  // The children's parts of an array.
  std::vector<ArrowArray> Take();

 private:
  // The child of this name, mostly the one after the last; size(): there is none.
  size_t Find(std::string_view name, size_t expected) const;

  std::vector<std::string> names_;
  std::vector<std::unique_ptr<ColumnMaker>> children_;
  std::vector<bool> seen_;
};

}  // namespace spillway

#endif  // SPILLWAY_TRANSFORMS_COLUMN_MAKER_H_
