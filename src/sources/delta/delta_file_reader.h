// Reads one file of a scan as batches of about the wished size.
#ifndef SPILLWAY_SOURCES_DELTA_DELTA_FILE_READER_H_
#define SPILLWAY_SOURCES_DELTA_DELTA_FILE_READER_H_

#include <memory>
#include <optional>
#include <string>

#include "base/call_context.h"
#include "connector/change_log.h"
#include "sources/delta/batch_sizing.h"
#include "sources/delta/bridge_handle.h"

namespace spillway {

// Used by one thread at a time.
class DeltaFileReader {
 public:
  struct Work {
    const BridgeScan* scan = nullptr;  // used while opening only
    uint32_t file = 0;                 // index into the scan's files
    uint32_t split = 0;
    uint64_t skip_rows = 0;
    std::optional<std::span<const uint64_t>> rows{};  // these alone, ascending; all without it
    uint64_t batch_bytes_target = 0;
    std::string what;          // is read: for messages
    std::string missing_hint;  // what to do when the file is gone; empty: the general advice
    std::shared_ptr<const OwnedSchema> schema;
  };

  static Result<std::unique_ptr<DeltaFileReader>> Open(const Work& work, const CallContext& ctx);

  // Blocks. nullopt: the end of the file. kCancelled soon after a stop is requested.
  Result<std::optional<Batch>> Next(const CallContext& ctx);
  // The same, and what each row is an image of.
  Result<std::optional<ImageBatch>> NextImages(const CallContext& ctx);
  // As SplitReader::held_bytes.
  uint64_t held_bytes() const { return held_bytes_; }

 private:
  DeltaFileReader(const Work& work, CancellationHandle cancellation, ReaderHandle reader);

  Result<std::optional<Batch>> Read(const CallContext& ctx, BridgeBatch& described);

  const std::string what_;
  const std::string missing_hint_;
  const uint32_t split_;
  const std::shared_ptr<const OwnedSchema> schema_;
  const CancellationHandle cancellation_;
  const ReaderHandle reader_;
  uint64_t live_rows_;
  const uint64_t held_bytes_;
  BatchSizing sizing_;
  Status broken_;  // set by the first failure: the reader cannot go on
};

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_DELTA_FILE_READER_H_
