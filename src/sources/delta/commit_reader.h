// CommitReader: the commits of a log in order; while there are many still to come, several are
// fetched at the same time.
#ifndef SPILLWAY_SOURCES_DELTA_COMMIT_READER_H_
#define SPILLWAY_SOURCES_DELTA_COMMIT_READER_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "sources/delta/delta_table.h"

namespace spillway {

// Used by one thread at a time.
class CommitReader {
 public:
  // Held at most: this many, and about this many bytes, unless one commit alone is larger.
  static constexpr size_t kCommitsAheadMax = 16;
  static constexpr size_t kBytesAheadMax = 8 << 20;

  explicit CommitReader(std::shared_ptr<const DeltaTable> table) : table_(std::move(table)) {}

  // nullopt when there is no such commit. `known_latest` is known to be there.
  Result<std::optional<CommitFile>> Read(int64_t version, int64_t known_latest,
                                         const CallContext& ctx);

 private:
  size_t CountFor(int64_t version, int64_t known_latest) const;

  const std::shared_ptr<const DeltaTable> table_;
  std::deque<CommitFile> ahead_;
  int64_t first_ahead_ = 0;  // the version of ahead_'s first
  size_t count_ = 1;         // of the next fetch
};

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_COMMIT_READER_H_
