#include "sources/delta/delta_options.h"

#include <fmt/format.h>

#include <string_view>

namespace spillway {
namespace {

bool IsLocation(std::string_view text) {
  return text.starts_with('/') || text.find("://") != std::string_view::npos;
}

bool Climbs(std::string_view path) {
  while (!path.empty()) {
    const size_t slash = path.find('/');
    if (path.substr(0, slash) == "..") return true;
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return false;
}

}  // namespace

Result<std::string> TableLocation(const DeltaOptions& options) {
  if (options.root.empty() && options.table.empty()) {
    return InvalidArgument("no table: neither a root nor a table is given");
  }
  if (options.root.empty()) return options.table;
  if (options.table.empty()) return options.root;
  if (IsLocation(options.table) || Climbs(options.table)) {
    return InvalidArgument(
               fmt::format("table \"{}\" is not below the root {}", options.table, options.root))
        .WithHint("Name the table by its path below the root, or leave the root out.");
  }
  const bool has_slash = options.root.ends_with('/');
  return fmt::format("{}{}{}", options.root, has_slash ? "" : "/", options.table);
}

bool IsAzureLocation(std::string_view location) {
  const size_t end = location.find("://");
  if (end == std::string_view::npos) return false;
  const std::string_view scheme = location.substr(0, end);
  return scheme == "abfss" || scheme == "abfs" || scheme == "az" || scheme == "azure" ||
         scheme == "adl";
}

bool HasAzureCredential(const DeltaOptions& options) {
  constexpr std::string_view kMarks[] = {
      "key", "sas", "token", "secret", "client", "skip_signature", "use_azure_cli", "msi"};
  for (const auto& [name, value] : options.storage) {
    for (const std::string_view mark : kMarks) {
      if (name.find(mark) != std::string::npos) return true;
    }
  }
  return false;
}

}  // namespace spillway
