// ReportFile: every difference of a verification, one JSON object a line.
#ifndef SPILLWAY_VERIFY_REPORT_FILE_H_
#define SPILLWAY_VERIFY_REPORT_FILE_H_

#include <memory>
#include <string>

#include "base/json_writer.h"
#include "engine/spill_file.h"
#include "verify/difference.h"

namespace spillway {

// An object: kind, partition_key, id, fields, and written_by where that is known.
void WriteDifference(const Difference& difference, JsonWriter& json);

// Used by one thread.
class ReportFile {
 public:
  // In place of what is there; readable by its owner alone, since it holds keys. kInvalidArgument:
  // the name does not end with .jsonl, .ndjson or .json.
  static Result<std::unique_ptr<ReportFile>> Create(const std::string& path);

  Status Add(const Difference& difference);
  // Everything is in the file. No Add after it.
  Status Close();
  uint64_t lines() const { return lines_; }

 private:
  explicit ReportFile(std::unique_ptr<SpillFile> file) : file_(std::move(file)) {}
  Status Flush();

  const std::unique_ptr<SpillFile> file_;
  std::string buffer_;
  uint64_t lines_ = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_VERIFY_REPORT_FILE_H_
