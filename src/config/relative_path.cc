#include "config/relative_path.h"

#include <filesystem>
#include <system_error>

namespace spillway {

std::string ResolvePath(const std::string& folder, const std::string& path) {
  if (path.empty() || path.find("://") != std::string::npos) return path;
  const std::filesystem::path joined = std::filesystem::path(folder) / path;
  std::error_code error;  // without a working directory the path stays relative
  const std::filesystem::path absolute = std::filesystem::absolute(joined, error);
  return (error ? joined : absolute).lexically_normal().string();
}

}  // namespace spillway
