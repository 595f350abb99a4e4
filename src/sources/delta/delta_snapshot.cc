#include "sources/delta/delta_snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

#include "sources/delta/delta_file_reader.h"
#include "sources/delta/scan_files.h"

namespace spillway {
namespace {

class DeltaSplitReader : public SplitReader {
 public:
  explicit DeltaSplitReader(std::unique_ptr<DeltaFileReader> file) : file_(std::move(file)) {}

  Result<std::optional<Batch>> Next(const CallContext& ctx) override { return file_->Next(ctx); }
  uint64_t held_bytes() const override { return file_->held_bytes(); }

 private:
  const std::unique_ptr<DeltaFileReader> file_;
};

}  // namespace

Result<std::unique_ptr<Snapshot>> DeltaSnapshot::Make(ScanHandle scan, TableInfo info,
                                                      std::string position,
                                                      uint64_t batch_bytes_target) {
  RETURN_IF_ERROR(CheckCountable(scan.get(), info.location));
  std::unique_ptr<DeltaSnapshot> snapshot(
      new DeltaSnapshot(std::move(scan), std::move(info), std::move(position), batch_bytes_target));
  ASSIGN_OR_RETURN(snapshot->schema_, SchemaOf(snapshot->scan_.get(), snapshot->info_.location));
  snapshot->ListSplits();
  return std::unique_ptr<Snapshot>(std::move(snapshot));
}

DeltaSnapshot::DeltaSnapshot(ScanHandle scan, TableInfo info, std::string position,
                             uint64_t batch_bytes_target)
    : scan_(std::move(scan)),
      info_(std::move(info)),
      position_(std::move(position)),
      batch_bytes_target_(batch_bytes_target) {}

void DeltaSnapshot::ListSplits() {
  const size_t count = bridge_scan_file_count(scan_.get());
  file_of_split_.resize(count);
  std::iota(file_of_split_.begin(), file_of_split_.end(), 0);
  std::sort(file_of_split_.begin(), file_of_split_.end(), [this](uint32_t a, uint32_t b) {
    const BridgeFile left = FileAt(scan_.get(), a);
    const BridgeFile right = FileAt(scan_.get(), b);
    return std::tuple(FromBridge(left.path), FromBridge(left.deletion_vector_id)) <
           std::tuple(FromBridge(right.path), FromBridge(right.deletion_vector_id));
  });
  splits_.reserve(count);
  info_.files = count;
  info_.rows = 0;
  for (const uint32_t index : file_of_split_) {
    const BridgeFile file = FileAt(scan_.get(), index);
    splits_.push_back({.key = SplitKey(file), .bytes = file.size, .rows = LiveRows(file)});
    const Split& split = splits_.back();
    info_.bytes += split.bytes;
    info_.file_bytes_max = std::max(info_.file_bytes_max, split.bytes);
    if (!split.rows.has_value()) info_.rows.reset();
    if (info_.rows.has_value()) *info_.rows += *split.rows;
  }
}

Result<std::unique_ptr<SplitReader>> DeltaSnapshot::OpenSplit(uint32_t index, uint64_t skip_rows,
                                                              const CallContext& ctx) const {
  return Open(index, skip_rows, std::nullopt, ctx);
}

Result<std::unique_ptr<SplitReader>> DeltaSnapshot::OpenRows(uint32_t index,
                                                             std::span<const uint64_t> rows,
                                                             const CallContext& ctx) const {
  return Open(index, 0, rows, ctx);
}

Result<std::unique_ptr<SplitReader>> DeltaSnapshot::Open(
    uint32_t index, uint64_t skip_rows, std::optional<std::span<const uint64_t>> rows,
    const CallContext& ctx) const {
  if (index >= splits_.size()) {
    return InvalidArgument(fmt::format("split {} of {}", index, splits_.size()));
  }
  const DeltaFileReader::Work work{.scan = scan_.get(),
                                   .file = file_of_split_[index],
                                   .split = index,
                                   .skip_rows = skip_rows,
                                   .rows = rows,
                                   .batch_bytes_target = batch_bytes_target_,
                                   .what = info_.location,
                                   .missing_hint = {},
                                   .schema = schema_};
  ASSIGN_OR_RETURN(auto file, DeltaFileReader::Open(work, ctx));
  return std::unique_ptr<SplitReader>(std::make_unique<DeltaSplitReader>(std::move(file)));
}

}  // namespace spillway
