// DocumentColumns: JSON documents into Arrow columns of a given schema: the way back of
// DocumentEncoder, for programs that read a destination (a Spark task).
//
// A column takes the top-level field of its name; the column `_rawBody` (text) takes the whole
// document. A field that is missing is null; one that has no column is left. What a column takes:
//   boolean         true, false
//   integers        a number without a fraction, in the type's range
//   float, double   any number; "NaN", "Infinity", "-Infinity"
//   decimal         a number or its text, of the type's digits
//   text            a text; of anything else its JSON
//   binary          base64
//   date            a number (see `epoch_millis`) or "2024-01-31"
//   timestamp       a number (see `epoch_millis`) or ISO-8601 text
//   list, struct, map (of text)   an array, an object
// Anything else does not fit: with `relaxed` it becomes null and is counted, else it is an error.
#ifndef SPILLWAY_TRANSFORMS_DOCUMENT_COLUMNS_H_
#define SPILLWAY_TRANSFORMS_DOCUMENT_COLUMNS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/arrow_abi.h"

namespace spillway {

// The column that takes the whole document.
inline constexpr std::string_view kRawBodyColumn = "_rawBody";

struct DocumentColumnsOptions {
  bool relaxed = false;
  // Numbers in dates and timestamps are milliseconds since 1970; else days and microseconds.
  bool epoch_millis = false;
};

// Used by one thread at a time.
class DocumentColumns {
 public:
  // `schema`: a struct with a child per column. kUnsupported: of a type that no document fills.
  static Result<std::unique_ptr<DocumentColumns>> Make(const ArrowSchema& schema,
                                                       const DocumentColumnsOptions& options);
  ~DocumentColumns();

  // Adds a row. kDataLoss: it is no JSON object, or names a field twice; kInvalidArgument: a value
  // does not fit its column, which is named. After an error the rows so far cannot be used.
  Status Append(std::string_view document);

  int64_t rows() const;
  uint64_t bytes() const;    // of the documents that were added since the last Take
  uint64_t misfits() const;  // values that became null because they did not fit, so far
  // The rows since the last Take, as a struct array of the schema.
  OwnedArray Take();

 private:
  class Impl;
  explicit DocumentColumns(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace spillway

#endif  // SPILLWAY_TRANSFORMS_DOCUMENT_COLUMNS_H_
