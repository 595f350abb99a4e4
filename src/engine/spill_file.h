// SpillFile: a private file beside the state for what does not fit into memory: append, read, make
// durable.
#ifndef SPILLWAY_ENGINE_SPILL_FILE_H_
#define SPILLWAY_ENGINE_SPILL_FILE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace spillway {

// Mode 0600, in a folder that is made with 0700 where it is missing. Append and Truncate: one
// thread at a time; ReadAt: any.
class SpillFile {
 public:
  // Keeps what is there.
  static Result<std::unique_ptr<SpillFile>> Open(const std::string& path);
  // Empty, and without a name as soon as it is open: it is gone with this object, or with the
  // process.
  static Result<std::unique_ptr<SpillFile>> CreateTemporary(const std::string& path);
  ~SpillFile();
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;

  Status Append(const void* data, uint64_t bytes);
  // kDataLoss when there is less.
  Status ReadAt(uint64_t offset, void* data, uint64_t bytes) const;
  // What was appended survives a power loss.
  Status Sync();
  Status Truncate(uint64_t size);
  // Takes its name away.
  Status Remove();
  uint64_t size() const { return size_; }
  const std::string& path() const { return path_; }

 private:
  SpillFile(std::string path, int file, uint64_t size)
      : path_(std::move(path)), file_(file), size_(size) {}
  static Result<std::unique_ptr<SpillFile>> OpenWith(const std::string& path, int flags);

  const std::string path_;
  const int file_;
  uint64_t size_;
};

// A name for a file, whatever `name` holds; two names never give the same.
std::string FileNameFor(const std::string& name);

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_SPILL_FILE_H_
