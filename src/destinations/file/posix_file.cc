#include "destinations/file/posix_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace spillway {
namespace {

constexpr size_t kReadBytes = 256 << 10;
constexpr mode_t kPrivate = 0600;

}  // namespace

Status FileError(std::string_view what, const std::string& path, int error_number) {
  std::string message = fmt::format("{}: {}: {}", what, path, std::strerror(error_number));
  switch (error_number) {
    case ENOENT:
      return NotFound(std::move(message));
    case EACCES:
    case EPERM:
    case EROFS:
      return PermissionDenied(std::move(message));
    case ENOTDIR:
    case EISDIR:
    case ENAMETOOLONG:
    case EEXIST:
      return InvalidArgument(std::move(message));
    default:
      return Unavailable(std::move(message));
  }
}

PosixFile::~PosixFile() {
  Close();
}

PosixFile::PosixFile(PosixFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

PosixFile& PosixFile::operator=(PosixFile&& other) noexcept {
  if (this != &other) {
    Close();
    descriptor_ = std::exchange(other.descriptor_, -1);
    path_ = std::move(other.path_);
  }
  return *this;
}

void PosixFile::Close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

Result<PosixFile> PosixFile::Open(const std::string& path, int flags) {
  PosixFile file;
  file.path_ = path;
  file.descriptor_ = ::open(path.c_str(), flags | O_CLOEXEC, kPrivate);
  if (file.descriptor_ < 0) return FileError("opening", path, errno);
  return file;
}

Result<uint64_t> PosixFile::Size() const {
  struct stat info {};
  if (::fstat(descriptor_, &info) != 0) return FileError("reading the size", path_, errno);
  return static_cast<uint64_t>(info.st_size);
}

Status PosixFile::AppendAt(uint64_t size, std::string_view bytes) {
  uint64_t at = size;
  while (!bytes.empty()) {
    const ssize_t written =
        ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const Status cause = FileError("writing", path_, errno);
      if (Truncate(size).ok()) return cause;
      return Unsure(std::string(cause.message()));
    }
    at += static_cast<uint64_t>(written);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return Status::Ok();
}

Status PosixFile::Truncate(uint64_t size) {
  if (::ftruncate(descriptor_, static_cast<off_t>(size)) == 0) return Status::Ok();
  return FileError("cutting back", path_, errno);
}

Status PosixFile::Sync() {
  if (::fdatasync(descriptor_) == 0) return Status::Ok();
  return FileError("making durable", path_, errno);
}

Result<size_t> PosixFile::ReadAt(uint64_t offset, char* out, size_t size) const {
  size_t total = 0;
  while (total < size) {
    const ssize_t read =
        ::pread(descriptor_, out + total, size - total, static_cast<off_t>(offset + total));
    if (read < 0 && errno == EINTR) continue;
    if (read < 0) return FileError("reading", path_, errno);
    if (read == 0) break;
    total += static_cast<size_t>(read);
  }
  return total;
}

Status PosixFile::Lock() {
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return Status::Ok();
  if (errno != EWOULDBLOCK) return FileError("locking", path_, errno);
  return Locked(fmt::format("{} is in use by another run", path_));
}

Status SyncFolder(const std::string& folder) {
  ASSIGN_OR_RETURN(PosixFile file, PosixFile::Open(folder, O_RDONLY | O_DIRECTORY));
  return file.Sync();
}

Status RenameFile(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0) return Status::Ok();
  return FileError("renaming", from, errno);
}

Status ReplaceFile(const std::string& path, std::string_view content, bool sync) {
  const std::string temporary = path + ".new";
  ASSIGN_OR_RETURN(PosixFile file, PosixFile::Open(temporary, O_WRONLY | O_CREAT | O_TRUNC));
  RETURN_IF_ERROR(file.AppendAt(0, content));
  if (sync) RETURN_IF_ERROR(file.Sync());
  RETURN_IF_ERROR(RenameFile(temporary, path));
  return sync ? SyncFolder(std::filesystem::path(path).parent_path().string()) : Status::Ok();
}

Result<std::optional<std::string_view>> LineReader::Next() {
  size_t searched = at_;
  while (true) {
    const size_t newline = buffer_.find('\n', searched);
    if (newline != std::string::npos) {
      const std::string_view line(buffer_.data() + at_, newline - at_);
      line_begin_ = buffer_offset_ + at_;
      line_end_ = buffer_offset_ + newline + 1;
      at_ = newline + 1;
      return std::optional(line);
    }
    buffer_.erase(0, at_);
    buffer_offset_ += at_;
    at_ = 0;
    searched = buffer_.size();
    if (searched > line_bytes_max_) {
      return DataLoss(fmt::format("{}: a line at byte {} is longer than {} bytes", file_->path(),
                                  buffer_offset_, line_bytes_max_));
    }
    buffer_.resize(searched + kReadBytes);
    ASSIGN_OR_RETURN(const size_t read, file_->ReadAt(buffer_offset_ + searched,
                                                      buffer_.data() + searched, kReadBytes));
    buffer_.resize(searched + read);
    if (read == 0) return std::optional<std::string_view>();
  }
}

}  // namespace spillway
