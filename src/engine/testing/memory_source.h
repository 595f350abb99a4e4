// MemorySource: a table in memory for tests: versions of splits of rows, and what each version
// changed, given out as Arrow batches. Three columns: id (utf8, nullable), category (utf8), value
// (int64).
#ifndef SPILLWAY_ENGINE_TESTING_MEMORY_SOURCE_H_
#define SPILLWAY_ENGINE_TESTING_MEMORY_SOURCE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
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

struct MemoryImage {
  Image image = Image::kNew;
  MemoryRow row;
};

// What one version changed.
struct MemoryCommit {
  std::vector<std::vector<MemoryImage>> splits;
  ChangeMethod method = ChangeMethod::kFeed;
  std::vector<ColumnChange> column_changes;
  std::optional<int64_t> timestamp_ms{};
  std::optional<Retention> retention{};
};

// Thread-safe; the table may move on while it is read.
class MemorySource : public Source {
 public:
  explicit MemorySource(uint32_t batch_rows = 100) : batch_rows_(batch_rows) {}

  void SetVersion(int64_t version, MemorySplits splits) {
    std::lock_guard lock(mutex_);
    versions_[version] = std::make_shared<const MemorySplits>(std::move(splits));
  }
  void RemoveVersion(int64_t version) {
    std::lock_guard lock(mutex_);
    versions_.erase(version);
  }
  // From then on a change log tells it.
  void Commit(int64_t version, MemoryCommit commit);
  void SetTableId(std::string id) { table_id_ = std::move(id); }
  // A clean-up took the commits below this version: no log tells them any more.
  void CleanLogBefore(int64_t version) {
    std::lock_guard lock(mutex_);
    log_begins_ = version;
  }
  // Called before every batch, of changes too; a failure is returned by Next.
  void OnNext(std::function<Status(uint32_t split, uint64_t row)> hook) { on_next_ = hook; }
  // Called when a change log is asked for a version that is not there.
  void OnPoll(std::function<void()> hook) { on_poll_ = hook; }

  Result<std::unique_ptr<Snapshot>> OpenSnapshot(const SnapshotRequest& request,
                                                 const CallContext& ctx) override;
  Result<std::unique_ptr<ChangeLog>> OpenChanges(const ChangesRequest& request,
                                                 const CallContext& ctx) override;

 private:
  friend class MemoryChangeLog;

  const uint32_t batch_rows_;
  std::string table_id_ = "table-1";
  std::mutex mutex_;
  std::map<int64_t, std::shared_ptr<const MemoryCommit>> commits_;
  int64_t log_begins_ = 0;
  std::map<int64_t, std::shared_ptr<const MemorySplits>> versions_;
  std::function<Status(uint32_t, uint64_t)> on_next_;
  std::function<void()> on_poll_;
};

// One Arrow batch of the rows [first, last).
Batch MemoryBatch(const std::vector<MemoryRow>& rows, uint64_t first, uint64_t last,
                  uint32_t split);

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_TESTING_MEMORY_SOURCE_H_
