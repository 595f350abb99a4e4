// IndexCursor: several files of an index as one: per identity what the newest says.
#ifndef SPILLWAY_CHANGES_INDEX_CURSOR_H_
#define SPILLWAY_CHANGES_INDEX_CURSOR_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "changes/index_file.h"

namespace spillway {

// Used by one thread.
class IndexCursor {
 public:
  struct Options {
    // What the last file says may have been done in part: each of its identities may be there or
    // not, with this document or another, so it is told as there, its content not known.
    bool last_is_uncertain = false;
    // Entries that only say that an older file's is no more: told for a file that is to cover older
    // ones.
    bool keep_removed = false;
  };

  // `files`: the oldest first.
  static Result<std::unique_ptr<IndexCursor>> Open(
      const std::vector<std::shared_ptr<const SpillFile>>& files, const Options& options);

  // In order of identity; good until the next call. nullptr: all files were read to their end, and
  // are whole.
  Result<const IndexEntry*> Next();

 private:
  struct Head {
    IndexFileReader reader;
    const IndexEntry* entry = nullptr;  // nullptr: at its end
  };

  explicit IndexCursor(const Options& options) : options_(options) {}
  Status Step(Head& head);

  const Options options_;
  std::vector<Head> heads_;
  std::vector<Head*> taken_;  // told by the last Next: to be moved on first
  IndexEntry entry_;
};

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_INDEX_CURSOR_H_
