// IndexWindowReader: tells what changed without a log: reads the whole table as it is now and
// compares it with the index of what the destination was told (changes/table_index.h). It reads
// twice: first every row, of which only hashes are kept; then, of the files that hold any, the rows
// that are new or differ. So a table of any size takes 40 bytes of disk per row and bounded memory,
// and what did not change is never written down.
#ifndef SPILLWAY_CHANGES_INDEX_WINDOW_H_
#define SPILLWAY_CHANGES_INDEX_WINDOW_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "changes/change_window.h"
#include "changes/table_index.h"
#include "changes/window_reader.h"
#include "engine/budget.h"
#include "engine/load_run.h"

namespace spillway {

struct IndexWindowRequest {
  const Checkpoint& checkpoint;
  std::optional<int64_t> until;  // the last version to be looked at
  std::string reason;            // why the whole table is compared
};

// Used by one thread at a time; it reads with several.
class IndexWindowReader {
 public:
  IndexWindowReader(const LoadParts& parts, const DocumentOptions& documents,
                    const WindowReaderOptions& options, RunMeter& meter, RunStop& stop);

  // Makes the index anew, of the version of the checkpoint. kDataLoss: the table does not have it
  // any more.
  Status Build(const Checkpoint& checkpoint, TableIndex& index);

  // The changes from what the index says to the table as it is now; an empty window when the table
  // is where the checkpoint is. kConflict: two rows share an identity, under
  // DuplicatePolicy::kFail. REQUIRES: the index stands at the checkpoint, or has a window begun
  // there.
  Result<std::unique_ptr<ChangeWindow>> Read(const IndexWindowRequest& request,
                                             const TableIndex& index);

  // Of the table as it was read last.
  const std::vector<std::string>& columns() const { return columns_; }

 private:
  Result<std::unique_ptr<Snapshot>> Open(std::optional<int64_t> version);
  Result<std::unique_ptr<Snapshot>> OpenNewest(std::optional<int64_t> until);
  Status CheckSameTable(const Checkpoint& checkpoint, const Snapshot& snapshot);
  Result<std::unique_ptr<ChangeWindow>> Finished(std::unique_ptr<ChangeWindow> window);
  Status Describe(const Snapshot& snapshot, const IndexWindowRequest& request,
                  ChangeWindow& window);
  Status Compare(const Snapshot& snapshot, const Checkpoint& checkpoint, const TableIndex& index,
                 ChangeWindow& window);

  const LoadParts& parts_;
  const DocumentOptions& documents_;
  const WindowReaderOptions options_;
  RunMeter& meter_;
  RunStop& stop_;
  const CallContext ctx_;
  Budget reading_;
  std::vector<std::string> columns_;
};

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_INDEX_WINDOW_H_
