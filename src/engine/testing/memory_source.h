// MemorySource: a table in memory for tests: versions of splits of rows, given out as Arrow
// batches. Three columns: id (utf8, nullable), category (utf8), value (int64).
#ifndef SPILLWAY_ENGINE_TESTING_MEMORY_SOURCE_H_
#define SPILLWAY_ENGINE_TESTING_MEMORY_SOURCE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "connector/source.h"

namespace spillway {

struct MemoryRow {
  std::string id;
  std::string category;
  int64_t value = 0;
};

using MemorySplits = std::vector<std::vector<MemoryRow>>;

// Thread-safe once filled.
class MemorySource : public Source {
 public:
  explicit MemorySource(uint32_t batch_rows = 100) : batch_rows_(batch_rows) {}

  void SetVersion(int64_t version, MemorySplits splits) {
    versions_[version] = std::make_shared<const MemorySplits>(std::move(splits));
  }
  void RemoveVersion(int64_t version) { versions_.erase(version); }
  void SetTableId(std::string id) { table_id_ = std::move(id); }
  // Called before every batch; a failure is returned by Next.
  void OnNext(std::function<Status(uint32_t split, uint64_t row)> hook) { on_next_ = hook; }

  Result<std::unique_ptr<Snapshot>> OpenSnapshot(const SnapshotRequest& request,
                                                 const CallContext& ctx) override;

 private:
  const uint32_t batch_rows_;
  std::string table_id_ = "table-1";
  std::map<int64_t, std::shared_ptr<const MemorySplits>> versions_;
  std::function<Status(uint32_t, uint64_t)> on_next_;
};

// One Arrow batch of the rows [first, last).
Batch MemoryBatch(const std::vector<MemoryRow>& rows, uint64_t first, uint64_t last,
                  uint32_t split);

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_TESTING_MEMORY_SOURCE_H_
