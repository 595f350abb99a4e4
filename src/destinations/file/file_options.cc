#include "destinations/file/file_options.h"

#include <fmt/format.h>

#include "json/document_key.h"

namespace spillway {

Status CheckFileOptions(const FileOptions& options) {
  constexpr uint32_t kPartitionsMax = 4096;
  std::string errors;
  const auto add = [&errors](std::string_view error) {
    if (!errors.empty()) errors += '\n';
    errors += error;
  };
  if (options.folder.empty()) add("the file connection names no folder");
  if (options.container.empty() || options.container.find('/') != std::string::npos ||
      options.container.starts_with('.')) {
    add(fmt::format("the container name \"{}\" is not a plain file name", options.container));
  }
  if (options.partitions < 1 || options.partitions > kPartitionsMax) {
    add(fmt::format("partitions is {}, not 1 to {}", options.partitions, kPartitionsMax));
  }
  for (const std::string& path : options.partition_key_paths) {
    const auto names = ParsePartitionKeyPath(path);
    if (!names.ok()) add(names.status().message());
  }
  return errors.empty() ? Status::Ok() : InvalidArgument(std::move(errors));
}

}  // namespace spillway
