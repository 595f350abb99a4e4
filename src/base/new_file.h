// NewFile: a file that others find whole or not at all: it is written under another name beside it
// and renamed when it is finished.
#ifndef SPILLWAY_BASE_NEW_FILE_H_
#define SPILLWAY_BASE_NEW_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace spillway {

// What becomes of a file that has the name already.
enum class ExistingFile : uint8_t { kReplace, kRefuse };

// For its owner alone to read (0600). Used by one thread. kInvalidArgument: the file cannot be
// made, there is one that is not to be replaced, or another program is making it; kUnavailable: the
// disk is full or broken.
class NewFile {
 public:
  static Result<std::unique_ptr<NewFile>> Create(const std::string& path, ExistingFile existing);
  // What was not finished is gone.
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  Status Append(std::string_view bytes);
  // Durable, and under its name from now on. Nothing is appended after it.
  Status Finish();

 private:
  NewFile(std::string path, ExistingFile existing, int file)
      : path_(std::move(path)), existing_(existing), file_(file) {}
  std::string PartPath() const;
  Status Flush();
  Status TakeName();

  const std::string path_;
  const ExistingFile existing_;
  const int file_;
  std::string buffer_;
  bool finished_ = false;
};

}  // namespace spillway

#endif  // SPILLWAY_BASE_NEW_FILE_H_
