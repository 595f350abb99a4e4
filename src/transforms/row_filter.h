// RowFilter: decides which rows of a batch become documents, exactly, with SQL's three-valued
// logic: a row stays only when the filter is true, not when it is unknown.
//
// Integers and decimals compare exactly; where a float or double takes part, both sides compare as
// doubles, NaN equal to itself and above all others (as Spark does). Strings compare by their
// bytes. Timestamps without a zone compare as if they were UTC.
#ifndef SPILLWAY_TRANSFORMS_ROW_FILTER_H_
#define SPILLWAY_TRANSFORMS_ROW_FILTER_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/batch.h"
#include "transforms/filter_parser.h"

namespace spillway {

// Immutable and thread-safe.
class RowFilter {
 public:
  // Fails with kInvalidArgument and lists all problems: syntax, unknown columns, types that do not
  // compare (both are named).
  static Result<RowFilter> Make(std::string_view text, const ArrowSchema& schema);

  RowFilter(RowFilter&&) noexcept;
  RowFilter& operator=(RowFilter&&) noexcept;
  ~RowFilter();

  // 1 for each row that stays, 0 for the others. Fails with kDataLoss when the batch does not have
  // the schema's columns.
  Result<std::vector<uint8_t>> Evaluate(const Batch& batch) const;

  struct Program;  // in row_filter.cc

 private:
  explicit RowFilter(std::unique_ptr<const Program> program);
  std::unique_ptr<const Program> program_;
};

}  // namespace spillway

#endif  // SPILLWAY_TRANSFORMS_ROW_FILTER_H_
