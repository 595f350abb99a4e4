// ChangeFollower: where a run of changes gets its windows: from the table's log or, when that does
// not tell what changed, from a comparison of the whole table with the index. It waits where there
// is nothing new, and for a source that is away.
#ifndef SPILLWAY_CHANGES_CHANGE_FOLLOWER_H_
#define SPILLWAY_CHANGES_CHANGE_FOLLOWER_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "changes/change_run.h"
#include "changes/index_keeper.h"
#include "changes/window_reader.h"
#include "engine/run_meter.h"
#include "engine/run_stop.h"

namespace spillway {

// All of it outlives the follower.
struct FollowerParts {
  const LoadParts& run;
  const DocumentOptions& documents;
  const ChangeOptions& options;
  const Checkpoint& checkpoint;  // of the run as it is stored: windows begin behind it
  IndexKeeper* index;            // null: none is kept
  RunMeter& meter;
  RunStop& stop;
};

// How windows are read under these options.
WindowReaderOptions ReadingOptions(const ChangeOptions& options);

// Used by one thread.
class ChangeFollower {
 public:
  // `on_away`: told at every attempt why the source of a continuous run is away.
  ChangeFollower(const FollowerParts& parts, std::function<void(const Status&)> on_away);

  // The very window that the checkpoint says was begun.
  Result<std::unique_ptr<ChangeWindow>> ReadBegun();
  // From then on Next goes on behind the checkpoint. Also after a failed run of a begun window.
  Status Start();
  // An empty window: there is nothing new. nullptr: the source was away, and is back. Errors: those
  // of WindowReader and IndexKeeper, and why the run was stopped.
  Result<std::unique_ptr<ChangeWindow>> Next();
  // The last window is settled, and the checkpoint behind it.
  Status OnApplied();
  // After an empty window: false when the run was stopped first.
  bool WaitForVersion();
  // Whether a comparison can stand in after this failure: the log or the files that it names are
  // gone, and there is an index. `begun`: it was a begun window that failed.
  bool CompareInstead(const Status& failed, bool begun);

 private:
  Status OpenLog(std::optional<int64_t> until);
  Result<std::unique_ptr<ChangeWindow>> ReadWindow();
  Status WaitForSource(Status why);

  const FollowerParts parts_;
  const std::function<void(const Status&)> on_away_;
  const CallContext ctx_;
  std::unique_ptr<ChangeLog> log_;
  std::unique_ptr<WindowReader> reader_;
  std::string compare_reason_;  // why the next window is a comparison; empty: it is not
  std::chrono::milliseconds poll_wait_{0};
  std::chrono::milliseconds reopen_wait_;
};

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_CHANGE_FOLLOWER_H_
