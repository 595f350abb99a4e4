#include "config/relative_path.h"

#include <filesystem>

namespace spillway {

std::string ResolvePath(const std::string& folder, const std::string& path) {
  const bool as_it_is =
      path.empty() || path.find("://") != std::string::npos || path.starts_with('/');
  return as_it_is ? path : (std::filesystem::path(folder) / path).lexically_normal().string();
}

}  // namespace spillway
