// ReportFile: every difference of a verification in a file: one JSON object a line, or the rows of
// a Parquet file.
#ifndef SPILLWAY_VERIFY_REPORT_FILE_H_
#define SPILLWAY_VERIFY_REPORT_FILE_H_

#include <memory>
#include <optional>
#include <string>

#include "base/json_writer.h"
#include "base/new_file.h"
#include "parquet/parquet_writer.h"
#include "verify/difference.h"

namespace spillway {

// An object: kind, partition_key, id, fields, and written_by where that is known.
void WriteDifference(const Difference& difference, JsonWriter& json);

// Used by one thread; holds some MiB at most. A report that is not closed leaves no file.
class ReportFile {
 public:
  // In place of what is there; readable by its owner alone, since it holds keys. The end of its
  // name says what it is: .parquet, or .jsonl, .ndjson or .json. In Parquet the columns are as the
  // members of WriteDifference: `partition_key` the text of a JSON array, `fields` a list, and
  // `written_by` NULL where it is not known. kInvalidArgument: another name, or as NewFile.
  static Result<std::unique_ptr<ReportFile>> Create(const std::string& path);

  // Errors as NewFile.
  Status Add(const Difference& difference);
  // The file is whole and has its name. No Add after it.
  Status Close();
  uint64_t differences() const { return differences_; }

 private:
  ReportFile(std::unique_ptr<NewFile> file, bool parquet);

  const std::unique_ptr<NewFile> file_;
  std::optional<ParquetWriter> parquet_;  // nullopt: JSON lines
  uint64_t differences_ = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_VERIFY_REPORT_FILE_H_
