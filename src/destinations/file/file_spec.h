// The keys of a `file` connection and of a pipeline's destination there, as spillway.yaml has them.
#ifndef SPILLWAY_DESTINATIONS_FILE_FILE_SPEC_H_
#define SPILLWAY_DESTINATIONS_FILE_FILE_SPEC_H_

#include <cstdint>
#include <string>
#include <vector>

#include "config/spec.h"
#include "destinations/file/file_options.h"

namespace spillway::file {

struct FileConnection {
  std::string root;
};

struct FileContainer {
  std::string container;
  uint32_t partitions = 16;
  bool durable = true;
};

const Spec<FileConnection>& FileConnectionSpec();
const Spec<FileContainer>& FileContainerSpec();

// A relative root starts at `folder`.
FileOptions MakeFileOptions(const FileConnection& connection, const FileContainer& container,
                            const std::vector<std::string>& partition_key,
                            const std::string& folder);

}  // namespace spillway::file

#endif  // SPILLWAY_DESTINATIONS_FILE_FILE_SPEC_H_
