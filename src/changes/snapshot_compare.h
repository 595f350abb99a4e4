// SnapshotCompare: a snapshot against an index: which rows are new or differ, and which documents
// have no row any more. One comparison, in its steps.
#ifndef SPILLWAY_CHANGES_SNAPSHOT_COMPARE_H_
#define SPILLWAY_CHANGES_SNAPSHOT_COMPARE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "changes/change_window.h"
#include "changes/image_record.h"
#include "changes/index_cursor.h"
#include "connector/source.h"
#include "engine/budget.h"
#include "engine/external_sort.h"
#include "engine/run_meter.h"
#include "engine/run_stop.h"
#include "transforms/document_encoder.h"

namespace spillway {

// All outlive the comparison.
struct CompareParts {
  const Snapshot& snapshot;
  const DocumentEncoder& encoder;
  Budget& reading;  // what readers hold besides their batches
  RunMeter& meter;
  Clock& clock;
  RunStop& stop;
};

struct CompareOptions {
  std::string spill_prefix;
  uint64_t memory_bytes_max = 256 << 20;  // the run's knob; a comparison takes shares of it
  uint32_t readers_max = 2;
  ImageRules rules;
};

// Used by one thread; it reads with several.
class SnapshotCompare {
 public:
  SnapshotCompare(const CompareParts& parts, const CompareOptions& options, ChangeWindow& window);

  // The first reading: hashes of all rows. Counts what the filter drops, and notes what is refused.
  Status ReadHashes();
  // Compares them with the index: old images go to the window, rows to be read are noted. Returns
  // where a row stands that has the identity of another one.
  struct Duplicate {
    uint64_t rows = 0;  // that have one
    uint32_t split = 0;
    uint64_t row = 0;
  };
  Result<Duplicate> Compare(IndexCursor& index);
  // The second reading: the noted rows, as new images in the window.
  Status ReadChanged();

 private:
  static constexpr int kKindShift = ImageRecord::kSplitBits + ImageRecord::kRowBits;
  struct RowHash {
    Hash128 identity;
    Hash128 content;
    uint64_t place = 0;  // as ImageRecord::Place: refused ones before documents, then as read
    bool operator<(const RowHash& other) const {
      return identity != other.identity ? identity < other.identity : place < other.place;
    }
    bool refused() const {
      return (place >> kKindShift) != static_cast<uint64_t>(ImageKind::kUpsert);
    }
  };
  struct Changed {  // of one split, in changed_rows_
    uint32_t split = 0;
    uint64_t first = 0;
    uint64_t count = 0;
  };

  using UseBatch = std::function<Result<bool>(const Batch& batch)>;  // false: enough was read
  Status ReadSplit(uint32_t split, uint64_t skip_rows, const UseBatch& use, const CallContext& ctx);
  Status ReadAll(uint32_t tasks, const std::function<Status(uint32_t, const CallContext&)>& task);
  Status AddHashes(EncodedBatch& encoded);
  // The row that stands for an identity; nullopt: that was all.
  Result<std::optional<RowHash>> NextIdentity(Duplicate& duplicate);
  Status CompareOne(const RowHash* row, const IndexEntry* old);
  Status AddOld(const IndexEntry& old);
  Status SortChanged();
  Status ReadChangedOf(const Changed& changed, const CallContext& ctx);
  Status AddChangedOf(const Batch& batch, uint64_t end, const Changed& changed, uint64_t& next);

  const CompareParts parts_;
  const CompareOptions options_;
  ChangeWindow& window_;
  std::mutex mutex_;  // of what the readers add to
  std::unique_ptr<ExternalSort<RowHash>> hashes_;
  std::optional<RowHash> ahead_;
  uint64_t documents_ = 0;  // in the destination, with all this done
  ExternalSort<uint64_t> changed_places_;
  RecordLog<uint64_t> changed_rows_;
  std::vector<Changed> changed_;
};

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_SNAPSHOT_COMPARE_H_
