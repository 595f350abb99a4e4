#include "engine/spill_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace spillway {
namespace {

Status FromErrno(const char* doing, const std::string& path) {
  const int error = errno;
  Status status =
      error == ENOSPC || error == EIO
          ? Unavailable(fmt::format("{} {}: {}", doing, path, std::strerror(error)))
          : PermissionDenied(fmt::format("{} {}: {}", doing, path, std::strerror(error)));
  return std::move(status).WithHint("check the folder beside the state: its owner and its space");
}

Status MakeFolders(const std::string& path) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return FromErrno("making", folder);
  }
  return Status::Ok();
}

}  // namespace

Result<std::unique_ptr<SpillFile>> SpillFile::OpenWith(const std::string& path, int flags) {
  RETURN_IF_ERROR(MakeFolders(path));
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | flags, 0600);
  if (file < 0) return FromErrno("opening", path);
  struct stat info {};
  if (fstat(file, &info) != 0) {
    Status failed = FromErrno("looking at", path);
    close(file);
    return failed;
  }
  return std::unique_ptr<SpillFile>(new SpillFile(path, file, static_cast<uint64_t>(info.st_size)));
}

Result<std::unique_ptr<SpillFile>> SpillFile::Open(const std::string& path) {
  return OpenWith(path, 0);
}

Result<std::unique_ptr<SpillFile>> SpillFile::CreateTemporary(const std::string& path) {
  ASSIGN_OR_RETURN(std::unique_ptr<SpillFile> file, OpenWith(path, O_TRUNC));
  RETURN_IF_ERROR(file->Remove());
  return file;
}

SpillFile::~SpillFile() {
  close(file_);
}

Status SpillFile::Append(const void* data, uint64_t bytes) {
  const auto* at = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = write(file_, at, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FromErrno("writing", path_);
    at += written;
    bytes -= static_cast<uint64_t>(written);
    size_ += static_cast<uint64_t>(written);
  }
  return Status::Ok();
}

Status SpillFile::ReadAt(uint64_t offset, void* data, uint64_t bytes) const {
  auto* at = static_cast<char*>(data);
  while (bytes > 0) {
    const ssize_t got = pread(file_, at, bytes, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FromErrno("reading", path_);
    if (got == 0) return DataLoss(fmt::format("{} ends too early", path_));
    at += got;
    offset += static_cast<uint64_t>(got);
    bytes -= static_cast<uint64_t>(got);
  }
  return Status::Ok();
}

Status SpillFile::Sync() {
  return fdatasync(file_) == 0 ? Status::Ok() : FromErrno("syncing", path_);
}

Status SpillFile::Truncate(uint64_t size) {
  if (ftruncate(file_, static_cast<off_t>(size)) != 0) return FromErrno("truncating", path_);
  size_ = size;
  return Status::Ok();
}

Status SpillFile::Remove() {
  return unlink(path_.c_str()) == 0 || errno == ENOENT ? Status::Ok()
                                                       : FromErrno("removing", path_);
}

std::string FileNameFor(const std::string& name) {
  std::string file;
  for (const unsigned char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_';
    file += plain ? std::string(1, static_cast<char>(c)) : fmt::format("%{:02X}", c);
  }
  return file;
}

}  // namespace spillway
