#include "engine/testing/memory_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "columns/array_builder.h"

namespace spillway {
namespace {

std::string PositionOf(const std::string& table_id, int64_t version) {
  return fmt::format("{} {}", version, table_id);
}

class MemoryReader : public SplitReader {
 public:
  MemoryReader(std::shared_ptr<const MemorySplits> splits, uint32_t split, uint64_t row,
               uint32_t batch_rows, std::function<Status(uint32_t, uint64_t)> on_next)
      : splits_(std::move(splits)),
        split_(split),
        row_(row),
        batch_rows_(batch_rows),
        on_next_(std::move(on_next)) {}

  Result<std::optional<Batch>> Next(const CallContext& ctx) override {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    if (on_next_) RETURN_IF_ERROR(on_next_(split_, row_));
    const std::vector<MemoryRow>& rows = (*splits_)[split_];
    if (row_ >= rows.size()) return std::optional<Batch>();
    const uint64_t first = row_;
    row_ = std::min<uint64_t>(rows.size(), first + batch_rows_);
    return std::optional<Batch>(MemoryBatch(rows, first, row_, split_));
  }

 private:
  const std::shared_ptr<const MemorySplits> splits_;
  const uint32_t split_;
  uint64_t row_;
  const uint32_t batch_rows_;
  const std::function<Status(uint32_t, uint64_t)> on_next_;
};

class MemorySnapshot : public Snapshot {
 public:
  MemorySnapshot(TableInfo info, std::shared_ptr<const MemorySplits> splits, uint32_t batch_rows,
                 std::function<Status(uint32_t, uint64_t)> on_next)
      : info_(std::move(info)),
        rows_(std::move(splits)),
        schema_(MemoryBatch({}, 0, 0, 0).schema),
        batch_rows_(batch_rows),
        on_next_(std::move(on_next)) {
    for (size_t i = 0; i < rows_->size(); ++i) {
      splits_.push_back({.key = fmt::format("part-{}", i),
                         .bytes = (*rows_)[i].size() * 10,
                         .rows = (*rows_)[i].size()});
    }
  }

  const TableInfo& info() const override { return info_; }
  std::shared_ptr<const OwnedSchema> schema() const override { return schema_; }
  std::span<const Split> splits() const override { return splits_; }
  std::string position() const override { return PositionOf(info_.table_id, info_.version); }
  Result<std::unique_ptr<SplitReader>> OpenSplit(uint32_t index, uint64_t skip_rows,
                                                 const CallContext&) const override {
    return std::unique_ptr<SplitReader>(
        std::make_unique<MemoryReader>(rows_, index, skip_rows, batch_rows_, on_next_));
  }

 private:
  const TableInfo info_;
  const std::shared_ptr<const MemorySplits> rows_;
  const std::shared_ptr<const OwnedSchema> schema_;
  const uint32_t batch_rows_;
  const std::function<Status(uint32_t, uint64_t)> on_next_;
  std::vector<Split> splits_;
};

class MemoryImageReader : public ImageReader {
 public:
  MemoryImageReader(const std::vector<MemoryImage>& images, uint32_t split, uint32_t batch_rows,
                    std::function<Status(uint32_t, uint64_t)> on_next)
      : images_(images), split_(split), batch_rows_(batch_rows), on_next_(std::move(on_next)) {}

  Result<std::optional<ImageBatch>> Next(const CallContext& ctx) override {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    if (on_next_) RETURN_IF_ERROR(on_next_(split_, next_));
    if (next_ >= images_.size()) return std::optional<ImageBatch>();
    const uint64_t first = next_;
    next_ = std::min<uint64_t>(images_.size(), first + batch_rows_);
    std::vector<MemoryRow> rows;
    ImageBatch batch;
    for (uint64_t i = first; i < next_; ++i) {
      rows.push_back(images_[i].row);
      batch.images.push_back(images_[i].image);
    }
    batch.rows = MemoryBatch(rows, 0, rows.size(), split_);
    batch.rows.first_row = first;
    return std::optional<ImageBatch>(std::move(batch));
  }

 private:
  const std::vector<MemoryImage>& images_;
  const uint32_t split_;
  const uint32_t batch_rows_;
  const std::function<Status(uint32_t, uint64_t)> on_next_;
  uint64_t next_ = 0;
};

class MemoryChanges : public VersionChanges {
 public:
  MemoryChanges(ChangesInfo info, std::shared_ptr<const MemoryCommit> commit, uint32_t batch_rows,
                std::function<Status(uint32_t, uint64_t)> on_next)
      : info_(std::move(info)),
        commit_(std::move(commit)),
        schema_(MemoryBatch({}, 0, 0, 0).schema),
        batch_rows_(batch_rows),
        on_next_(std::move(on_next)) {
    for (size_t i = 0; i < commit_->splits.size(); ++i) {
      const uint64_t rows = commit_->splits[i].size();
      splits_.push_back(
          {.key = fmt::format("change-{}-{}", info_.version, i), .bytes = rows * 10, .rows = rows});
    }
  }

  const ChangesInfo& info() const override { return info_; }
  std::shared_ptr<const OwnedSchema> schema() const override { return schema_; }
  std::span<const Split> splits() const override { return splits_; }
  Result<std::unique_ptr<ImageReader>> OpenSplit(uint32_t index,
                                                 const CallContext&) const override {
    return std::unique_ptr<ImageReader>(
        std::make_unique<MemoryImageReader>(commit_->splits[index], index, batch_rows_, on_next_));
  }

 private:
  const ChangesInfo info_;
  const std::shared_ptr<const MemoryCommit> commit_;
  const std::shared_ptr<const OwnedSchema> schema_;
  const uint32_t batch_rows_;
  const std::function<Status(uint32_t, uint64_t)> on_next_;
  std::vector<Split> splits_;
};

}  // namespace

class MemoryChangeLog : public ChangeLog {
 public:
  MemoryChangeLog(MemorySource& source, int64_t version, std::optional<int64_t> until)
      : source_(source), version_(version), until_(until) {}

  Result<std::unique_ptr<VersionChanges>> Next(const CallContext& ctx) override {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    std::lock_guard lock(source_.mutex_);
    const auto next = source_.commits_.find(version_ + 1);
    if (version_ + 1 < source_.log_begins_) return DataLoss("the log was cleaned");
    const bool stop_here = until_.has_value() && version_ >= *until_;
    if (next == source_.commits_.end() || stop_here) {
      if (source_.on_poll_) source_.on_poll_();
      return std::unique_ptr<VersionChanges>();
    }
    ++version_;
    ChangesInfo info;
    info.version = version_;
    info.first_version = version_;
    info.method = next->second->method;
    info.column_changes = next->second->column_changes;
    info.timestamp_ms = next->second->timestamp_ms;
    info.retention = next->second->retention;
    info.position = PositionOf(source_.table_id_, version_);
    return std::unique_ptr<VersionChanges>(std::make_unique<MemoryChanges>(
        std::move(info), next->second, source_.batch_rows_, source_.on_next_));
  }

  Result<int64_t> LatestVersion(const CallContext&) override {
    std::lock_guard lock(source_.mutex_);
    return source_.commits_.empty() ? version_ : source_.commits_.rbegin()->first;
  }

  PollInterval poll_interval() const override {
    return {std::chrono::milliseconds(1), std::chrono::milliseconds(4)};
  }

 private:
  MemorySource& source_;
  int64_t version_;
  const std::optional<int64_t> until_;
};

void MemorySource::Commit(int64_t version, MemoryCommit commit) {
  std::lock_guard lock(mutex_);
  commits_[version] = std::make_shared<const MemoryCommit>(std::move(commit));
}

Result<std::unique_ptr<ChangeLog>> MemorySource::OpenChanges(const ChangesRequest& request,
                                                             const CallContext&) {
  const int64_t version = std::atoll(request.after.c_str());
  if (request.after != PositionOf(table_id_, version)) {
    return DataLoss("the table is not the one of the checkpoint");
  }
  return std::unique_ptr<ChangeLog>(
      std::make_unique<MemoryChangeLog>(*this, version, request.until));
}

Batch MemoryBatch(const std::vector<MemoryRow>& rows, uint64_t first, uint64_t last,
                  uint32_t split) {
  Values<std::string> ids;
  Values<std::string> categories;
  Values<int64_t> values;
  for (uint64_t row = first; row < last; ++row) {
    ids.push_back(rows[row].id);
    categories.push_back(rows[row].category);
    values.push_back(rows[row].value);
  }
  Batch batch = BuildBatch(
      {{"id", Strings(ids)}, {"category", Strings(categories)}, {"value", Int64s(values)}});
  batch.split = split;
  batch.first_row = first;
  return batch;
}

Result<std::unique_ptr<Snapshot>> MemorySource::OpenSnapshot(const SnapshotRequest& request,
                                                             const CallContext&) {
  std::lock_guard lock(mutex_);
  if (versions_.empty()) return NotFound("the table has no version");
  const int64_t version = request.at.version.value_or(versions_.rbegin()->first);
  const auto found = versions_.find(version);
  if (found == versions_.end()) return NotFound(fmt::format("no version {}", version));
  TableInfo info;
  info.location = "memory:table";
  info.table_id = table_id_;
  info.version = version;
  uint64_t rows = 0;
  for (const auto& split : *found->second) rows += split.size();
  info.rows = rows;
  return std::unique_ptr<Snapshot>(
      std::make_unique<MemorySnapshot>(info, found->second, batch_rows_, on_next_));
}

}  // namespace spillway
