// IndexBuilder: the documents of a whole table, in any order, as entries in order of identity, in
// bounded memory: sorted runs are spilled and merged.
#ifndef SPILLWAY_CHANGES_INDEX_BUILDER_H_
#define SPILLWAY_CHANGES_INDEX_BUILDER_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "changes/index_file.h"
#include "model/document.h"

namespace spillway {

class IndexBuilder {
 public:
  // `spill_path`: of files that have no name once they are open.
  IndexBuilder(std::string spill_path, uint64_t memory_bytes_max)
      : spill_path_(std::move(spill_path)), memory_bytes_max_(memory_bytes_max) {}

  // Thread-safe.
  Status Add(const EncodedBatch& batch);

  // Appends everything, in order. Of documents with one identity it keeps one, and its content as
  // not known unless all have the same. No Add after it.
  Status WriteTo(IndexFileWriter& writer);

 private:
  struct Record {
    Hash128 identity;
    Hash128 content;
    uint64_t offset = 0;  // in texts_: partition key, id
    uint32_t partition_key_bytes = 0;
    uint32_t id_bytes = 0;
  };
  class Unique;

  IndexEntry EntryOf(const Record& record) const;
  Status WriteRecords(IndexFileWriter& writer);
  Status Spill();
  Status Merge(IndexFileWriter& writer) const;

  const std::string spill_path_;
  const uint64_t memory_bytes_max_;
  std::mutex mutex_;
  std::vector<Record> records_;
  std::string texts_;
  std::vector<std::shared_ptr<const SpillFile>> runs_;
};

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_INDEX_BUILDER_H_
