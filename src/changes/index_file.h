// A file of the index of a table (changes/table_index.h): entries in order of their identity, in
// blocks with a checksum each. An entry costs the hash of its document, its key less what it shares
// with the key before it, and 2 to 4 bytes; the identity is made of the key again when it is read.
#ifndef SPILLWAY_CHANGES_INDEX_FILE_H_
#define SPILLWAY_CHANGES_INDEX_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "engine/spill_file.h"

namespace spillway {

// A view: the texts belong to whoever gave it.
struct IndexEntry {
  Hash128 identity;                // of the two texts (json/document_key.h)
  Hash128 content;                 // of the document's bytes; {} when it is not known
  std::string_view partition_key;  // as Document::partition_key
  std::string_view id;
  bool removed = false;  // there is no such document; only in a part that covers older ones
};

// Used by one thread.
class IndexFileWriter {
 public:
  // `file` is empty.
  explicit IndexFileWriter(std::shared_ptr<SpillFile> file) : file_(std::move(file)) {}

  // REQUIRES: an identity above the one before.
  Status Append(const IndexEntry& entry);
  // Nothing can be appended any more, and the file can be read. What it holds is on disk for good
  // only after SpillFile::Sync.
  Status Finish();
  uint64_t rows() const { return rows_; }

 private:
  void AppendText(std::string_view text, std::string& before);
  Status WriteBlock();

  const std::shared_ptr<SpillFile> file_;
  uint64_t rows_ = 0;
  uint64_t chained_ = 0;  // the checksums of all blocks
  Hash128 last_;
  uint32_t block_rows_ = 0;
  std::string block_;
  std::string id_;             // of the entry before
  std::string partition_key_;  // of the entry before that spelt one out
};

// Used by one thread; several may read one file.
class IndexFileReader {
 public:
  explicit IndexFileReader(std::shared_ptr<const SpillFile> file) : file_(std::move(file)) {}

  // The next entry, good until the next call; nullptr: that was all, and it was whole. kDataLoss:
  // the file is not what was written.
  Result<const IndexEntry*> Next();

 private:
  Status ReadBlock();
  Status ReadEntry();
  Status ReadText(std::string& text);
  Result<uint64_t> ReadVarint();
  Status Damaged(std::string_view what) const;

  const std::shared_ptr<const SpillFile> file_;
  uint64_t offset_ = 0;
  uint64_t rows_ = 0;
  uint64_t chained_ = 0;
  bool ended_ = false;
  std::string block_;
  size_t at_ = 0;
  uint32_t block_rows_left_ = 0;
  std::string id_;
  std::string partition_key_;
  std::string own_key_;  // a partition key that is the id
  IndexEntry entry_;
};

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_INDEX_FILE_H_
