// Reads one data file of a snapshot as batches of about the wished size.
#ifndef SPILLWAY_SOURCES_DELTA_DELTA_SPLIT_READER_H_
#define SPILLWAY_SOURCES_DELTA_DELTA_SPLIT_READER_H_

#include <memory>
#include <string>

#include "connector/source.h"
#include "sources/delta/batch_sizing.h"
#include "sources/delta/bridge_handle.h"

namespace spillway {

class DeltaSplitReader : public SplitReader {
 public:
  struct Work {
    const BridgeScan* scan = nullptr;  // used while opening only
    uint32_t file = 0;                 // index into the scan's files
    uint32_t split = 0;
    uint64_t skip_rows = 0;
    uint64_t batch_bytes_target = 0;
    std::string location;
    std::shared_ptr<const OwnedSchema> schema;
  };

  static Result<std::unique_ptr<SplitReader>> Open(const Work& work, const CallContext& ctx);

  Result<std::optional<Batch>> Next(const CallContext& ctx) override;
  uint64_t held_bytes() const override { return held_bytes_; }

 private:
  DeltaSplitReader(const Work& work, CancellationHandle cancellation, ReaderHandle reader);

  const std::string location_;
  const uint32_t split_;
  const std::shared_ptr<const OwnedSchema> schema_;
  const CancellationHandle cancellation_;
  const ReaderHandle reader_;
  const uint64_t live_rows_;
  const uint64_t held_bytes_;
  BatchSizing sizing_;
  Status broken_;  // set by the first failure: the reader cannot go on
};

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_DELTA_SPLIT_READER_H_
