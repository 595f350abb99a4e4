// The `file` destination: documents as JSON lines in a folder, for looking at them before they go
// anywhere else. A container is a folder with one file per hash partition (partition_store.h) and a
// `_container.json` that fixes the number of partitions and the key.
//
// Modes: mirror, upsert, append, update, delete. Numbers are kept as written. One run at a time:
// the container is locked while it is written or read.
#ifndef SPILLWAY_DESTINATIONS_FILE_FILE_DESTINATION_H_
#define SPILLWAY_DESTINATIONS_FILE_FILE_DESTINATION_H_

#include <memory>

#include "base/result.h"
#include "connector/destination.h"
#include "destinations/file/file_options.h"

namespace spillway {

// Touches no file. Fails with kInvalidArgument.
Result<std::unique_ptr<Destination>> MakeFileDestination(FileOptions options);

}  // namespace spillway

#endif  // SPILLWAY_DESTINATIONS_FILE_FILE_DESTINATION_H_
