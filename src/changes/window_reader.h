// WindowReader: gathers the next window of changes from a table's log: as many versions as there
// are, up to a limit, read, encoded and collapsed.
#ifndef SPILLWAY_CHANGES_WINDOW_READER_H_
#define SPILLWAY_CHANGES_WINDOW_READER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "changes/change_window.h"
#include "connector/source.h"
#include "engine/load_run.h"
#include "engine/run_meter.h"
#include "engine/run_stop.h"
#include "transforms/document_encoder.h"

namespace spillway {

struct WindowReaderOptions {
  std::string pipeline;
  std::string spill_folder;
  uint64_t memory_bytes_max = 256 << 20;  // the run's knob; a window takes shares of it
  uint32_t readers_max = 2;
  ImageRules rules;
  DuplicatePolicy duplicates = DuplicatePolicy::kFail;
};

// How the images of a window are collected; how it ends, when all were: collapsed, and judged for
// duplicates (kConflict, under DuplicatePolicy::kFail).
CollectorOptions CollectorFor(const WindowReaderOptions& options);
Status FinishWindow(const WindowReaderOptions& options, ChangeWindow& window);

// Where a window begins, and how far it may go.
struct WindowRequest {
  int64_t after = 0;
  std::vector<std::string> late_columns;
  // A window that was begun before: it ends exactly here, whatever its size.
  std::optional<int64_t> exactly_through;
};

// Used by one thread at a time; it reads with several.
class WindowReader {
 public:
  WindowReader(ChangeLog& log, const DocumentOptions& documents, const Capabilities& capabilities,
               const WindowReaderOptions& options, RunMeter& meter, Clock& clock, RunStop& stop);

  // An empty window: nothing is there yet. Errors: those of the log and the encoder, kUnsupported
  // (a column change that needs a decision), kConflict (two rows of one version share an identity,
  // under DuplicatePolicy::kFail).
  Result<std::unique_ptr<ChangeWindow>> Read(const WindowRequest& request);

 private:
  Result<bool> Peek();
  bool Fits(const ChangeWindow& window, const WindowRequest& request) const;
  Status Add(const VersionChanges& changes, ChangeWindow& window);
  Status ReadSplits(const VersionChanges& changes, uint32_t first_split, ChangeWindow& window);
  Status ReadSplit(const VersionChanges& changes, uint32_t split, uint32_t ordinal,
                   ImageCollector& images, const CallContext& ctx);
  Status UseSchema(const VersionChanges& changes, const std::vector<std::string>& late_columns);

  ChangeLog& log_;
  const DocumentOptions& documents_;
  const Capabilities& capabilities_;
  const WindowReaderOptions options_;
  RunMeter& meter_;
  Clock& clock_;
  RunStop& stop_;
  const CallContext ctx_;

  std::unique_ptr<VersionChanges> next_;  // told by the log, in no window yet
  std::shared_ptr<const OwnedSchema> schema_;
  std::vector<std::string> late_columns_;
  std::unique_ptr<DocumentEncoder> encoder_;  // for these two
};

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_WINDOW_READER_H_
