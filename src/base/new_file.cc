#include "base/new_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace spillway {
namespace {

constexpr size_t kBufferBytesMax = 64 << 10;

Status CannotWrite(const std::string& path, int error) {
  const std::string text = fmt::format("{} cannot be written: {}", path, std::strerror(error));
  return error == ENOSPC || error == EDQUOT || error == EIO ? Unavailable(text)
                                                            : InvalidArgument(text);
}

}  // namespace

Result<std::unique_ptr<NewFile>> NewFile::Create(const std::string& path, ExistingFile existing) {
  if (existing == ExistingFile::kRefuse && access(path.c_str(), F_OK) == 0) {
    return CannotWrite(path, EEXIST);
  }
  const std::string part = path + ".part";
  const int file = open(part.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return CannotWrite(path, errno);
  auto made = std::unique_ptr<NewFile>(new NewFile(path, existing, file));
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    made->finished_ = true;  // it is not ours to take away
    return InvalidArgument(fmt::format("{} is being written by another program", path));
  }
  struct stat info {};
  if (fstat(file, &info) != 0) return CannotWrite(path, errno);
  if (info.st_nlink > 1) {
    // One that was killed had finished it and not taken this name away.
    made.reset();
    return Create(path, existing);
  }
  // What one that was killed left behind goes.
  if (ftruncate(file, 0) != 0 || fchmod(file, 0600) != 0) return CannotWrite(path, errno);
  return made;
}

NewFile::~NewFile() {
  if (!finished_) unlink(PartPath().c_str());
  close(file_);
}

std::string NewFile::PartPath() const {
  return path_ + ".part";
}

Status NewFile::Append(std::string_view bytes) {
  buffer_ += bytes;
  return buffer_.size() < kBufferBytesMax ? Status::Ok() : Flush();
}

Status NewFile::Flush() {
  std::string_view left = buffer_;
  while (!left.empty()) {
    const ssize_t written = write(file_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return CannotWrite(path_, errno);
    left.remove_prefix(static_cast<size_t>(written));
  }
  buffer_.clear();
  return Status::Ok();
}

// A link is refused where a file has the name, a rename replaces it. Where links are not known the
// look that Create took has to do.
Status NewFile::TakeName() {
  const std::string part = PartPath();
  if (existing_ == ExistingFile::kRefuse) {
    if (link(part.c_str(), path_.c_str()) == 0) {
      unlink(part.c_str());
      return Status::Ok();
    }
    if (errno == EEXIST) return CannotWrite(path_, errno);
  }
  return std::rename(part.c_str(), path_.c_str()) == 0 ? Status::Ok() : CannotWrite(path_, errno);
}

Status NewFile::Finish() {
  RETURN_IF_ERROR(Flush());
  if (fsync(file_) != 0) return CannotWrite(path_, errno);
  RETURN_IF_ERROR(TakeName());
  finished_ = true;
  return Status::Ok();
}

}  // namespace spillway
