// FileOptions: where and how the `file` destination keeps documents.
#ifndef SPILLWAY_DESTINATIONS_FILE_FILE_OPTIONS_H_
#define SPILLWAY_DESTINATIONS_FILE_FILE_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace spillway {

struct FileOptions {
  std::string folder;                            // of the connection; holds a folder per container
  std::string container;                         // a plain name
  std::vector<std::string> partition_key_paths;  // as DocumentOptions::partition_key_paths
  uint32_t partitions = 16;  // files of a new container; an existing one keeps its own
  uint64_t document_bytes_max = 64 << 20;
  bool sync =
      true;  // a write is durable against power loss, not only against a crash of the process
};

// All problems at once, one per line (kInvalidArgument).
Status CheckFileOptions(const FileOptions& options);

}  // namespace spillway

#endif  // SPILLWAY_DESTINATIONS_FILE_FILE_OPTIONS_H_
