#include "engine/testing/memory_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "columns/array_builder.h"

namespace spillway {
namespace {

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

}  // namespace

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
