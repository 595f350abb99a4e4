// The contract of a source: it opens a table, reads one immutable snapshot of it, split by split,
// and tells what changed since. A source never writes (I9). Policy (what to read, in which order,
// where to resume) stands above.
#ifndef SPILLWAY_CONNECTOR_SOURCE_H_
#define SPILLWAY_CONNECTOR_SOURCE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/call_context.h"
#include "base/result.h"
#include "connector/change_log.h"
#include "model/batch.h"
#include "model/expression.h"
#include "model/table.h"
#include "model/table_history.h"

namespace spillway {

// Which version of the table: the latest when neither is given; giving both is an error.
struct VersionSelector {
  std::optional<int64_t> version;
  std::optional<int64_t> timestamp_ms;  // the last version at or before this time

  bool given() const { return version.has_value() || timestamp_ms.has_value(); }
};

struct SnapshotRequest {
  VersionSelector at;
  std::vector<std::string> columns;  // projection, top-level names; empty: all
  std::optional<Expression> filter;  // for skipping only; rows that do not match may still come
  uint64_t batch_bytes_target =
      4 << 20;  // decoded; a batch is about this large, never below one row
};

struct HistoryRequest {
  int64_t through = 0;   // a version that is there: the newest to look at
  int64_t since_ms = 0;  // UTC
};

// Used by one thread at a time; several readers of one Snapshot may run in parallel.
class SplitReader {
 public:
  virtual ~SplitReader() = default;
  // Blocks. nullopt: the split is read to its end. kCancelled soon after a stop is requested.
  virtual Result<std::optional<Batch>> Next(const CallContext& ctx) = 0;
  // About what reading holds at a time, besides the batches: asked before the first Next, so that
  // no more readers run than there is memory for.
  virtual uint64_t held_bytes() const { return 0; }
};

// Immutable and thread-safe.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  virtual const TableInfo& info() const = 0;
  // Of the batches: the projected columns in table order.
  virtual std::shared_ptr<const OwnedSchema> schema() const = 0;
  // All work of this snapshot, in an order that is the same at every opening of the same version.
  virtual std::span<const Split> splits() const = 0;
  // Where changes go on after this snapshot: ChangesRequest::after.
  virtual std::string position() const = 0;
  // Reads a split after its first `skip_rows` live rows.
  virtual Result<std::unique_ptr<SplitReader>> OpenSplit(uint32_t index, uint64_t skip_rows,
                                                         const CallContext& ctx) const = 0;
  // Reads these live rows of a split alone, given in ascending order, without decoding what lies
  // between them where that can be had; Batch::first_row then counts the rows asked for. nullptr,
  // unless overridden: the source cannot; the split is to be read.
  virtual Result<std::unique_ptr<SplitReader>> OpenRows(
      [[maybe_unused]] uint32_t index, [[maybe_unused]] std::span<const uint64_t> rows,
      [[maybe_unused]] const CallContext& ctx) const {
    return std::unique_ptr<SplitReader>();
  }
};

// Thread-safe.
class Source {
 public:
  virtual ~Source() = default;
  // Fails with kNotFound (no table, no such version), kUnsupported (names the feature), kDataLoss
  // (broken log), kUnauthenticated, kPermissionDenied, kUnavailable.
  virtual Result<std::unique_ptr<Snapshot>> OpenSnapshot(const SnapshotRequest& request,
                                                         const CallContext& ctx) = 0;
  // Fails as OpenSnapshot does, and with kDataLoss when the table is not the one of the position.
  virtual Result<std::unique_ptr<ChangeLog>> OpenChanges(const ChangesRequest& request,
                                                         const CallContext& ctx) = 0;
  // What versions did to rows, as far as the table still tells; no data is read. Empty, unless
  // overridden.
  virtual Result<TableHistory> ReadHistory([[maybe_unused]] const HistoryRequest& request,
                                           [[maybe_unused]] const CallContext& ctx) {
    return TableHistory{};
  }
};

}  // namespace spillway

#endif  // SPILLWAY_CONNECTOR_SOURCE_H_
