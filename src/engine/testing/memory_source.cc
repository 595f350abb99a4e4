#include "engine/testing/memory_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace spillway {
namespace {

// What a batch's Arrow structs point into; freed by the top one's release.
struct BatchMemory {
  std::array<std::vector<int32_t>, 2> offsets;
  std::array<std::string, 2> bytes;
  std::vector<int64_t> values;
  std::array<std::array<const void*, 3>, 3> column_buffers{};
  std::array<const void*, 1> struct_buffers{};
  std::array<ArrowArray, 3> columns{};
  std::array<ArrowArray*, 3> column_pointers{};
};

struct SchemaMemory {
  std::array<ArrowSchema, 3> columns{};
  std::array<ArrowSchema*, 3> column_pointers{};
};

void ReleaseChild(ArrowArray* array) {
  array->release = nullptr;
}
void ReleaseChildSchema(ArrowSchema* schema) {
  schema->release = nullptr;
}

void FillText(BatchMemory& memory, size_t column, std::span<const MemoryRow> rows,
              std::string MemoryRow::*field) {
  auto& offsets = memory.offsets.at(column);
  auto& bytes = memory.bytes.at(column);
  offsets.push_back(0);
  for (const MemoryRow& row : rows) {
    bytes += row.*field;
    offsets.push_back(static_cast<int32_t>(bytes.size()));
  }
  memory.column_buffers.at(column) = {nullptr, offsets.data(), bytes.data()};
}

std::shared_ptr<const OwnedSchema> MakeSchema() {
  static constexpr std::array kNames = {"id", "category", "value"};
  static constexpr std::array kFormats = {"u", "u", "l"};
  auto schema = std::make_shared<OwnedSchema>();
  auto* memory = new SchemaMemory;
  for (size_t i = 0; i < kNames.size(); ++i) {
    ArrowSchema& column = memory->columns.at(i);
    column.format = kFormats.at(i);
    column.name = kNames.at(i);
    column.flags = ARROW_FLAG_NULLABLE;
    column.release = ReleaseChildSchema;
    memory->column_pointers.at(i) = &column;
  }
  ArrowSchema* top = schema->Receive();
  top->format = "+s";
  top->name = "";
  top->n_children = 3;
  top->children = memory->column_pointers.data();
  top->private_data = memory;
  top->release = [](ArrowSchema* self) {
    delete static_cast<SchemaMemory*>(self->private_data);
    self->release = nullptr;
  };
  return schema;
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
        schema_(MakeSchema()),
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
  const std::span part(rows.data() + first, last - first);
  auto* memory = new BatchMemory;
  FillText(*memory, 0, part, &MemoryRow::id);
  FillText(*memory, 1, part, &MemoryRow::category);
  for (const MemoryRow& row : part) memory->values.push_back(row.value);
  memory->column_buffers[2] = {nullptr, memory->values.data(), nullptr};
  for (size_t i = 0; i < memory->columns.size(); ++i) {
    ArrowArray& column = memory->columns.at(i);
    column.length = static_cast<int64_t>(part.size());
    column.n_buffers = i == 2 ? 2 : 3;
    column.buffers = memory->column_buffers.at(i).data();
    column.release = ReleaseChild;
    memory->column_pointers.at(i) = &column;
  }
  Batch batch;
  batch.schema = MakeSchema();
  batch.split = split;
  batch.first_row = first;
  ArrowArray* top = batch.columns.Receive();
  top->length = static_cast<int64_t>(part.size());
  top->n_buffers = 1;
  top->n_children = 3;
  top->buffers = memory->struct_buffers.data();
  top->children = memory->column_pointers.data();
  top->private_data = memory;
  top->release = [](ArrowArray* self) {
    delete static_cast<BatchMemory*>(self->private_data);
    self->release = nullptr;
  };
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
