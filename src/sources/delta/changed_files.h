// Which files of a commit hold images of rows, and which rows of them (Delta protocol, "Add CDC
// File" and "Deletion Vectors").
#ifndef SPILLWAY_SOURCES_DELTA_CHANGED_FILES_H_
#define SPILLWAY_SOURCES_DELTA_CHANGED_FILES_H_

#include <vector>

#include "connector/change_log.h"
#include "sources/delta/delta_commit.h"
#include "spillway_bridge.h"

namespace spillway {

struct ChangedFile {
  LoggedFile file;
  BridgeRole role = BRIDGE_ROWS_LIVE;
  std::string deletion_vector_before;  // of BRIDGE_ROWS_BETWEEN_VECTORS, a JSON object
};

// In the order of the commit's lines. With kFeed the files of the feed stand for all others where
// the commit has any. REQUIRES: `method` is kFeed or kFiles.
std::vector<ChangedFile> ChangedFilesOf(DeltaCommit commit, ChangeMethod method);

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_CHANGED_FILES_H_
