// The few file operations of the `file` destination: appends that are whole or not there,
// replacements that are atomic, and reading by lines.
#ifndef SPILLWAY_DESTINATIONS_FILE_POSIX_FILE_H_
#define SPILLWAY_DESTINATIONS_FILE_POSIX_FILE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace spillway {

// "what: path: why", with the code that errno means: kNotFound, kPermissionDenied, kInvalidArgument
// (a file where a folder should be, and the like), kUnavailable for the rest (a full disk, an I/O
// error).
Status FileError(std::string_view what, const std::string& path, int error_number);

// An open file; closed by the destructor. Move only.
class PosixFile {
 public:
  PosixFile() = default;
  ~PosixFile();
  PosixFile(PosixFile&& other) noexcept;
  PosixFile& operator=(PosixFile&& other) noexcept;

  // `flags` as open(2) takes them. New files are private to the user: they hold the user's data.
  static Result<PosixFile> Open(const std::string& path, int flags);

  bool is_open() const { return descriptor_ >= 0; }
  const std::string& path() const { return path_; }
  Result<uint64_t> Size() const;
  // Writes all of `bytes` at the end of the first `size` bytes; after a failure the file has `size`
  // bytes again (kUnavailable: as before) or may have more (kUnsure).
  Status AppendAt(uint64_t size, std::string_view bytes);
  Status Truncate(uint64_t size);
  Status Sync();
  // Reads at most `size` bytes at `offset`; fewer only at the end.
  Result<size_t> ReadAt(uint64_t offset, char* out, size_t size) const;
  // Takes the file's exclusive lock for as long as it is open; kLocked when another holds it.
  Status Lock();

 private:
  void Close();

  int descriptor_ = -1;
  std::string path_;
};

// Makes the names in `folder` durable.
Status SyncFolder(const std::string& folder);
// Writes a new file beside `path` and renames it over: readers see the old content or the new.
Status ReplaceFile(const std::string& path, std::string_view content, bool sync);
Status RenameFile(const std::string& from, const std::string& to);

// Reads lines one after the other. Used by one thread.
class LineReader {
 public:
  // Borrows `file`. Lines longer than `line_bytes_max` are kDataLoss.
  LineReader(const PosixFile* file, size_t line_bytes_max)
      : file_(file), line_bytes_max_(line_bytes_max) {}

  // The next line without its newline; it lives until the next call. nullopt at the end; a last
  // line without a newline was never finished and is left out.
  Result<std::optional<std::string_view>> Next();
  // Where the line that Next gave begins, and where the one after it does.
  uint64_t line_begin() const { return line_begin_; }
  uint64_t line_end() const { return line_end_; }

 private:
  const PosixFile* file_;
  size_t line_bytes_max_;
  std::string buffer_;
  size_t at_ = 0;               // in buffer_
  uint64_t buffer_offset_ = 0;  // of buffer_ in the file
  uint64_t line_begin_ = 0;
  uint64_t line_end_ = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_DESTINATIONS_FILE_POSIX_FILE_H_
