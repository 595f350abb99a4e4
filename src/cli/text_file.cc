#include "cli/text_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/result.h"

namespace spillway {
namespace {

Status CannotWrite(const std::string& path) {
  const int error = errno;
  return InvalidArgument(fmt::format("{} cannot be written: {}", path, std::strerror(error)));
}

// Closes the file, whatever becomes of it.
Status WriteAndClose(int file, const std::string& path, const std::string& text) {
  if (file < 0) return CannotWrite(path);
  for (size_t written = 0; written < text.size();) {
    const ssize_t count = write(file, text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      Status failed = CannotWrite(path);
      close(file);
      return failed;
    }
    written += static_cast<size_t>(count);
  }
  if (close(file) != 0) return CannotWrite(path);
  return Status::Ok();
}

}  // namespace

Status ReplaceTextFile(const std::string& path, const std::string& text) {
  const std::string part = path + ".part";
  const int file = open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  RETURN_IF_ERROR(WriteAndClose(file, path, text));
  if (std::rename(part.c_str(), path.c_str()) == 0) return Status::Ok();
  Status failed = CannotWrite(path);
  (void)std::remove(part.c_str());
  return failed;
}

}  // namespace spillway
