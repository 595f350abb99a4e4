// PartitionStore: the documents of one hash partition of a container, in two files:
//
//   part-00007.jsonl    documents, one per line; replaced as a whole, by rename
//   part-00007.journal  what was written since: documents, and "-hash" lines for deletes
//
// A write is durable when it is in the journal. Compact merges the journal into a new part file,
// renames that over the old one and empties the journal; a crash in between replays the journal
// over what it already holds, which changes nothing.
#ifndef SPILLWAY_DESTINATIONS_FILE_PARTITION_STORE_H_
#define SPILLWAY_DESTINATIONS_FILE_PARTITION_STORE_H_

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "connector/destination.h"
#include "destinations/file/posix_file.h"
#include "json/document_key.h"

namespace spillway {

struct HashOfIdentity {
  size_t operator()(const Hash128& hash) const { return static_cast<size_t>(hash.low); }
};

// Thread-safe.
class PartitionStore {
 public:
  // `stem`: the path without its ending. `paths` have been checked.
  PartitionStore(std::string stem, std::vector<std::string> paths, size_t document_bytes_max,
                 bool sync);

  // Writes the documents by the meaning of `mode` and appends one outcome each. On failure none of
  // them is applied, except for kUnsure.
  Status Apply(std::span<const Document* const> documents, WriteMode mode,
               std::vector<RowOutcome>* outcomes);
  // Leaves the part file complete and the journal empty.
  Status Compact();
  // The part file for reading, compacted first; a file that is not open when there are no
  // documents.
  Result<PosixFile> OpenForReading();
  Result<std::optional<std::string>> Find(const Hash128& identity);

 private:
  using LastWrites = std::unordered_map<Hash128, uint64_t, HashOfIdentity>;

  Status OpenJournal();
  void Forget();
  Status LoadIndex();
  RowOutcome Plan(const Document& document, WriteMode mode, std::string* text);
  Status CompactLocked();
  Result<LastWrites> ScanJournal();
  Status CopyPart(const LastWrites& newer, PosixFile* out, uint64_t* size);
  Status CopyJournal(const LastWrites& last, PosixFile* out, uint64_t* size);
  // Calls `visit` with the identity, the line and the byte where it begins.
  using Visit = std::function<Status(const Hash128&, std::string_view, uint64_t)>;
  Status ForEachLine(const PosixFile& file, const Visit& visit);
  Result<Hash128> IdentityOf(std::string_view line);

  const std::string part_path_;
  const std::string journal_path_;
  const std::vector<std::string> paths_;
  const size_t line_bytes_max_;
  const bool sync_;

  std::mutex mutex_;  // guards everything below
  PosixFile journal_;
  uint64_t journal_bytes_ = 0;
  std::optional<DocumentKeyReader> keys_;
  // Which documents exist; filled when a write first has to know. About 40 bytes per document.
  std::optional<std::unordered_set<Hash128, HashOfIdentity>> index_;
};

}  // namespace spillway

#endif  // SPILLWAY_DESTINATIONS_FILE_PARTITION_STORE_H_
