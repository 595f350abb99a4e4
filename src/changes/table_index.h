// TableIndex: what a pipeline has told its destination of a table: of every document its key and a
// hash of its bytes. With it a whole snapshot can be compared with what is there, whatever has
// become of the table's log and old files (docs/decisions/0006). It is a folder beside the state: a
// base, parts that say what each window of changes did since, and a list of both that is replaced
// as one. Parts are merged as they grow in number.
//
// It moves before the checkpoint does, and knows which checkpoint it was moved from: the state
// alone decides what holds.
#ifndef SPILLWAY_CHANGES_TABLE_INDEX_H_
#define SPILLWAY_CHANGES_TABLE_INDEX_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "changes/index_cursor.h"

namespace spillway {

enum class IndexStanding : uint8_t {
  kNone,     // there is none, or it belongs to another load, mapping or checkpoint
  kCurrent,  // it says what the destination was told up to the checkpoint
  kBegun,    // its last part is of a window behind the checkpoint, which may have been sent in part
};

// Used by one thread: that of the runner which has the lease.
class TableIndex {
 public:
  // Opens what is there for this pipeline, an empty one when nothing is. kDataLoss: it is damaged.
  static Result<std::unique_ptr<TableIndex>> Open(const std::string& folder,
                                                  const std::string& pipeline,
                                                  const std::string& mapping_hash);

  // `position`: of the checkpoint.
  IndexStanding StandingAt(std::string_view position) const;

  // The columns of the table at the time of the last part.
  const std::vector<std::string>& columns() const { return columns_; }
  uint64_t rows() const;   // of all parts; an identity may be in several
  uint64_t bytes() const;  // of their files
  size_t parts() const { return parts_.size(); }

  // What was told up to the checkpoint; of kBegun, the last part is uncertain.
  Result<std::unique_ptr<IndexCursor>> Read(std::string_view position) const;

  // Writes the entries that `write` appends.
  using WriteEntries = std::function<Status(IndexFileWriter& writer)>;

  // Replaces everything: the index is at `position` then.
  Status WriteBase(std::string_view position, std::vector<std::string> columns,
                   const WriteEntries& write);
  // A window begins at the checkpoint's `after` and ends at `through`: `write` says what it will
  // do, in order of identity. Durable when it returns. A part that was begun there before is merged
  // into it: what it may have done is still not known.
  struct Entries {
    // The next one, good until the next call; nullptr: that was all.
    std::function<Result<const IndexEntry*>()> next;
  };
  Status BeginWindow(std::string_view after, std::string_view through,
                     std::vector<std::string> columns, const Entries& entries);
  // Merges parts when there are many: each is at least twice as large as the next one then, so that
  // an entry is written again a few times only. REQUIRES: nothing is begun.
  Status Compact();

 private:
  struct Part {
    std::string file;  // name in the folder; empty: it holds nothing
    std::string from;  // fingerprints of the positions; empty: the base
    std::string to;
    uint64_t rows = 0;
    uint64_t bytes = 0;
    std::shared_ptr<const SpillFile> content;
  };

  TableIndex(std::string folder, std::string mapping_hash)
      : folder_(std::move(folder)), mapping_hash_(std::move(mapping_hash)) {}
  Status Load();
  Status ParseList(std::string_view text);
  Status OpenParts();
  std::string ListText() const;
  Status StoreList();
  void RemoveUnlisted() const;
  std::vector<std::shared_ptr<const SpillFile>> Files(size_t first) const;
  Result<Part> WritePart(const WriteEntries& write);
  Status Replace(std::vector<Part> parts);
  Status Damaged(std::string_view what) const;

  const std::string folder_;
  const std::string mapping_hash_;
  std::vector<std::string> columns_;
  std::vector<Part> parts_;  // the base, then the others in order; empty: there is none
  uint64_t next_file_ = 1;
};

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_TABLE_INDEX_H_
