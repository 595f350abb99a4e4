// IndexKeeper: keeps the index of a pipeline in step with its checkpoint, and has it compared with
// the table when a run asks for that.
#ifndef SPILLWAY_CHANGES_INDEX_KEEPER_H_
#define SPILLWAY_CHANGES_INDEX_KEEPER_H_

#include <memory>
#include <optional>
#include <string>

#include "changes/index_window.h"
#include "changes/table_index.h"

namespace spillway {

// Used by one thread, of the run that has the lease.
class IndexKeeper {
 public:
  // kDataLoss: the index is damaged; `checkpoint` as IndexStanding is told by.
  static Result<std::unique_ptr<IndexKeeper>> Open(const LoadParts& parts,
                                                   const DocumentOptions& documents,
                                                   const WindowReaderOptions& options,
                                                   const Checkpoint& checkpoint, RunMeter& meter,
                                                   RunStop& stop);

  IndexStanding StandingAt(const Checkpoint& checkpoint) const;
  // Makes it anew, of the checkpoint's version, unless it stands there.
  Status BringTo(const Checkpoint& checkpoint);
  // As IndexWindowReader::Read. REQUIRES: BringTo, or a window begun there.
  Result<std::unique_ptr<ChangeWindow>> ReadWindow(const IndexWindowRequest& request);
  // Before the first write of a window, whoever told it. Does nothing for an index that does not
  // stand at the checkpoint: it is made anew when it is needed.
  Status BeginWindow(const Checkpoint& checkpoint, const ChangeWindow& window);
  // The checkpoint is behind the window.
  Status EndWindow(const Checkpoint& checkpoint);

 private:
  IndexKeeper(const LoadParts& parts, const DocumentOptions& documents,
              const WindowReaderOptions& options, RunMeter& meter, RunStop& stop)
      : reader_(parts, documents, options, meter, stop) {}

  std::unique_ptr<TableIndex> index_;
  IndexWindowReader reader_;
};

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_INDEX_KEEPER_H_
