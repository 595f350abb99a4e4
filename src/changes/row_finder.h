// RowFinder: the rows of a table that make the document of one key: in a snapshot, and in what each
// version changed. One batch is held at a time, whatever the size of the table.
#ifndef SPILLWAY_CHANGES_ROW_FINDER_H_
#define SPILLWAY_CHANGES_ROW_FINDER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connector/change_log.h"
#include "connector/destination.h"
#include "connector/source.h"
#include "transforms/document_options.h"

namespace spillway {

// More versions of one key than this are not listed; that there are more is told.
inline constexpr size_t kRowVersionsMax = 10'000;

struct RowKey {
  std::string id;
  std::string partition_key;  // JSON array, as Document::partition_key; empty: whatever it is
};

// What a version did to the document of a key, all its images together.
enum class KeyFate : uint8_t { kInserted, kReplaced, kDeleted, kRejected };

struct RowVersion {
  int64_t version = 0;
  int64_t first_version = 0;  // the same, but where several versions are told as one
  std::optional<int64_t> timestamp_ms;
  ChangeMethod method = ChangeMethod::kFeed;
  KeyFate fate = KeyFate::kInserted;
  uint64_t old_images = 0;
  uint64_t new_images = 0;
  std::string partition_key;
  std::string document;  // after it; empty when there is none
  std::string reason;    // of kRejected
  std::string message;
};

// A row of a snapshot, as the mapping makes it.
struct FoundRow {
  std::string partition_key;
  std::string id;
  std::string document;  // empty: it is rejected
  std::string reason;
  std::string message;
};

// Used by one thread at a time. All outlive it.
class RowFinder {
 public:
  RowFinder(Source& source, const DocumentOptions& documents, const Capabilities& capabilities,
            uint64_t memory_bytes_max)
      : source_(source),
        documents_(documents),
        capabilities_(capabilities),
        memory_bytes_max_(memory_bytes_max) {}

  // The rows of the key at a version; none, or one for each partition key, or duplicates.
  Result<std::vector<FoundRow>> Find(const RowKey& key, int64_t version, const CallContext& ctx);

  // What the versions in (after, through] did to the key, in order; versions that left its
  // document as it was are left out. kDataLoss: the table does not tell all of them any more.
  struct History {
    std::vector<RowVersion> versions;
    bool more = false;  // than kRowVersionsMax
  };
  Result<History> Follow(const RowKey& key, int64_t after, int64_t through, ChangePolicy policy,
                         const CallContext& ctx);

 private:
  Result<DocumentOptions> Narrowed(const RowKey& key, const ArrowSchema& schema) const;
  Status LookAt(const RowKey& key, const VersionChanges& changes, History& history,
                const CallContext& ctx) const;

  Source& source_;
  const DocumentOptions& documents_;
  const Capabilities& capabilities_;
  const uint64_t memory_bytes_max_;
};

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_ROW_FINDER_H_
