// The contract of a source that tells what changed: version by version, as images of rows. An image
// is a row as it was before a version (old) or as it is after it (new). What an image asks of a
// destination is the engine's affair.
#ifndef SPILLWAY_CONNECTOR_CHANGE_LOG_H_
#define SPILLWAY_CONNECTOR_CHANGE_LOG_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/call_context.h"
#include "base/result.h"
#include "model/batch.h"
#include "model/table.h"

namespace spillway {

enum class Image : uint8_t { kNew, kOld };

// How the changes of a version are told, best first. The engine gets the same net effect from each.
enum class ChangeMethod : uint8_t {
  kFeed,   // the change data feed: the rows that changed
  kFiles,  // the files that the version added (new images) and removed (old images), unchanged rows
           // among them
  kDiff,   // the files in which two versions differ: several versions told as one
  kIndex,  // the whole table, compared by the engine with its own index: never told by a log
};

// `sync.changes`. kAuto takes the best that each version offers; the others take nothing else.
// kIndex is the engine's own affair: no log is asked.
enum class ChangePolicy : uint8_t { kAuto, kFeed, kFiles, kDiff, kIndex };

// What a version did to the table's columns, as far as it can matter to a document. Columns are
// compared by their id where the table has ids (so a rename is known as one), else by name.
struct ColumnChange {
  enum class Kind : uint8_t {
    kAdded,  // NULL in all rows before
    kDropped,
    kRenamed,
    kWidened,  // every value keeps its meaning and its text as a JSON number: int to long …
    kRetyped,  // anything else
  };
  Kind kind = Kind::kAdded;
  std::string column;      // top-level name; after the change, but for kDropped
  std::string old_column;  // of kRenamed
  std::string old_type;    // in the source's words; of kWidened and kRetyped
  std::string new_type;
};

// Rows of one split, each an image.
struct ImageBatch {
  Batch rows;                 // Batch::first_row counts the split's images
  std::vector<Image> images;  // one per row
};

// Used by one thread at a time.
class ImageReader {
 public:
  virtual ~ImageReader() = default;
  // Blocks. nullopt: the split is read to its end. kCancelled soon after a stop is requested;
  // kDataLoss when a file that the log names is gone (a clean-up), with what to do.
  virtual Result<std::optional<ImageBatch>> Next(const CallContext& ctx) = 0;
};

// How long the source keeps what it takes to tell a version's changes.
struct Retention {
  std::chrono::milliseconds kept_for{0};  // from the version's time on
  std::string setting;                    // that says so: "delta.logRetentionDuration"
};

struct ChangesInfo {
  int64_t version = 0;        // the table's state after them
  int64_t first_version = 0;  // the same, but for kDiff: the changes of [first_version, version]
  std::optional<int64_t> timestamp_ms;  // of `version`, UTC
  ChangeMethod method = ChangeMethod::kFeed;
  std::string method_reason;  // why none better: "the change feed was off"; empty for kFeed
  std::vector<ColumnChange> column_changes;
  std::optional<Retention> retention;  // nullopt: for ever, or not known
  // Opaque, below 1 MiB: where to go on after these changes. It holds what the source needs to go
  // on without reading anything older, and to recognise a table that is no longer the same.
  std::string position;
};

// What one version changed. Immutable and thread-safe; outlives the log it came from.
class VersionChanges {
 public:
  virtual ~VersionChanges() = default;
  virtual const ChangesInfo& info() const = 0;
  // Of the batches: the projected columns in table order, as they are at this version.
  virtual std::shared_ptr<const OwnedSchema> schema() const = 0;
  // All work of this version, in an order that is the same at every reading; none when no row
  // changed.
  virtual std::span<const Split> splits() const = 0;
  virtual Result<std::unique_ptr<ImageReader>> OpenSplit(uint32_t index,
                                                         const CallContext& ctx) const = 0;
};

// How often to ask for a version that is not there yet: `min` after a version came, growing to
// `max`.
struct PollInterval {
  std::chrono::milliseconds min{500};
  std::chrono::milliseconds max{10'000};
};

// Follows a table. Used by one thread at a time.
class ChangeLog {
 public:
  virtual ~ChangeLog() = default;
  // The changes of the next version, in order, none left out; nullptr when it is not there yet
  // (one request, at most two). Errors: kDataLoss (a commit or file that is needed is gone, the
  // table was created anew: says what is lost, names --resync), kUnsupported (a feature; or the
  // policy's method cannot tell this version: says why), kUnavailable, kCancelled …; after an error
  // the same version is tried again.
  virtual Result<std::unique_ptr<VersionChanges>> Next(const CallContext& ctx) = 0;
  // The newest version there is. Lists the log.
  virtual Result<int64_t> LatestVersion(const CallContext& ctx) = 0;
  virtual PollInterval poll_interval() const = 0;
};

struct ChangesRequest {
  std::string after;  // a position: ChangesInfo::position or Snapshot::position
  ChangePolicy policy = ChangePolicy::kAuto;
  std::optional<int64_t> until;      // no version after it is told; kDiff goes up to it at once
  std::vector<std::string> columns;  // projection, top-level names; empty: all. A column that a
                                     // version does not have is left out of its schema
  uint64_t batch_bytes_target = 4 << 20;
};

}  // namespace spillway

#endif  // SPILLWAY_CONNECTOR_CHANGE_LOG_H_
