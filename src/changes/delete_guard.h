// DeleteGuard: stops a run that would delete more than its user expects, before it writes anything:
// a table emptied by mistake must not empty the destination by itself.
#ifndef SPILLWAY_CHANGES_DELETE_GUARD_H_
#define SPILLWAY_CHANGES_DELETE_GUARD_H_

#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"

namespace spillway {

// `sync.delete_guard`. Over the share, and over so many documents at least, is too much; all of
// several documents always is.
struct DeleteGuardOptions {
  std::optional<double> share = 0.1;  // of the documents in the destination; nullopt: no guard
  uint64_t documents_min = 100;
};

// Used by one thread.
class DeleteGuard {
 public:
  // `command`: that is given --allow-deletes; empty: `sync` of the pipeline.
  DeleteGuard(const DeleteGuardOptions& options, std::string pipeline, std::string command = {})
      : options_(options), pipeline_(std::move(pipeline)), command_(std::move(command)) {
    if (command_.empty()) command_ = "sync " + pipeline_;
  }

  // Before a window is written that deletes so many documents of the `documents` there are. Counts
  // them together with the windows before it since Reset. kConflict says how to allow it.
  Status Check(uint64_t deletes, uint64_t documents);
  // What was deleted so far is no longer held against the next window.
  void Reset() { deleted_ = 0; }

 private:
  const DeleteGuardOptions options_;
  const std::string pipeline_;
  std::string command_;
  uint64_t deleted_ = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_DELETE_GUARD_H_
