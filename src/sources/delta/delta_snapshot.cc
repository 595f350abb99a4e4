#include "sources/delta/delta_snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>

#include "sources/delta/delta_split_reader.h"

namespace spillway {
namespace {

BridgeFile FileAt(const BridgeScan* scan, size_t index) {
  BridgeFile file{};
  bridge_scan_file(scan, index, &file);
  return file;
}

// Log paths are percent-encoded: no '?' of their own.
std::string KeyOf(const BridgeFile& file) {
  std::string key(FromBridge(file.path));
  if (file.deletion_vector_id.size > 0) {
    key.append("?dv=").append(FromBridge(file.deletion_vector_id));
  }
  return key;
}

std::optional<uint64_t> LiveRows(const BridgeFile& file) {
  if (!file.has_records || file.deleted > file.records) return std::nullopt;
  return file.records - file.deleted;
}

}  // namespace

Result<std::unique_ptr<Snapshot>> DeltaSnapshot::Make(ScanHandle scan, TableInfo info,
                                                      uint64_t batch_bytes_target) {
  if (bridge_scan_file_count(scan.get()) > std::numeric_limits<uint32_t>::max()) {
    return TooLarge(fmt::format("{} has more files than can be numbered", info.location));
  }
  std::unique_ptr<DeltaSnapshot> snapshot(
      new DeltaSnapshot(std::move(scan), std::move(info), batch_bytes_target));
  RETURN_IF_ERROR(snapshot->ReadSchema());
  snapshot->ListSplits();
  return std::unique_ptr<Snapshot>(std::move(snapshot));
}

DeltaSnapshot::DeltaSnapshot(ScanHandle scan, TableInfo info, uint64_t batch_bytes_target)
    : scan_(std::move(scan)), info_(std::move(info)), batch_bytes_target_(batch_bytes_target) {}

Status DeltaSnapshot::ReadSchema() {
  BridgeFailure failure;
  auto schema = std::make_shared<OwnedSchema>();
  bridge_scan_schema(scan_.get(), schema->Receive(), failure.Receive());
  schema_ = std::move(schema);
  return failure.ToStatus(fmt::format("the schema of {}", info_.location));
}

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
    splits_.push_back({.key = KeyOf(file), .bytes = file.size, .rows = LiveRows(file)});
    const Split& split = splits_.back();
    info_.bytes += split.bytes;
    info_.file_bytes_max = std::max(info_.file_bytes_max, split.bytes);
    if (!split.rows.has_value()) info_.rows.reset();
    if (info_.rows.has_value()) *info_.rows += *split.rows;
  }
}

Result<std::unique_ptr<SplitReader>> DeltaSnapshot::OpenSplit(uint32_t index, uint64_t skip_rows,
                                                              const CallContext& ctx) const {
  if (index >= splits_.size()) {
    return InvalidArgument(fmt::format("split {} of {}", index, splits_.size()));
  }
  const DeltaSplitReader::Work work{.scan = scan_.get(),
                                    .file = file_of_split_[index],
                                    .split = index,
                                    .skip_rows = skip_rows,
                                    .batch_bytes_target = batch_bytes_target_,
                                    .location = info_.location,
                                    .schema = schema_};
  return DeltaSplitReader::Open(work, ctx);
}

}  // namespace spillway
