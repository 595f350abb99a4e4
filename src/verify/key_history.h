// KeyHistory: what some documents were at each version of the table, from a version on: what a
// destination may rightly hold of them while a stream takes it through these versions.
#ifndef SPILLWAY_VERIFY_KEY_HISTORY_H_
#define SPILLWAY_VERIFY_KEY_HISTORY_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/hash.h"
#include "connector/destination.h"
#include "connector/source.h"
#include "state/state_store.h"
#include "transforms/document_encoder.h"

namespace spillway {

// A document by its canonical content; nullopt: there is none.
using DocumentState = std::optional<Hash128>;

struct HistoryParts {
  Source& source;
  const Capabilities& capabilities;
  const DocumentOptions& documents;  // without late columns
  std::span<const std::string> ignored_fields;
};

// Used by one thread.
class KeyHistory {
 public:
  // `identities`: whose history; ascending.
  explicit KeyHistory(std::vector<Hash128> identities) : identities_(std::move(identities)) {}

  // The states after the checkpoint's version, up to version `through`. kUnsupported: the table
  // does not tell version by version what changed, or too much; other errors as reading changes
  // has.
  Status Read(const HistoryParts& parts, const Checkpoint& after, int64_t through,
              const CallContext& ctx);

  // Whether the document was in this state at a version of [first, last]; `base` is what it was at
  // the version that the history begins after.
  bool Had(const Hash128& identity, const DocumentState& base, const DocumentState& state,
           int64_t first, int64_t last) const;

 private:
  struct Entry {
    Hash128 identity;
    int64_t version = 0;
    // In order of rising say over what the version leaves behind.
    enum class Kind : uint8_t { kGone, kThere, kRefused } kind = Kind::kGone;
    uint64_t number = 0;  // as they were read: of several the last one counts
    Hash128 content;      // of kThere

    bool operator<(const Entry& other) const;
  };

  Status ReadVersion(const VersionChanges& changes, const DocumentEncoder& encoder,
                     std::span<const std::string> ignored_fields, const CallContext& ctx);
  Status Add(const ImageBatch& batch, const DocumentEncoder& encoder, int64_t version,
             std::span<const std::string> ignored_fields);
  bool Asked(const Hash128& identity) const;
  Status Note(Entry entry);

  const std::vector<Hash128> identities_;
  std::vector<Entry> entries_;  // sorted once they are read
};

}  // namespace spillway

#endif  // SPILLWAY_VERIFY_KEY_HISTORY_H_
