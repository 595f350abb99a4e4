#include "sources/delta/delta_file_reader.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

namespace spillway {
namespace {

static_assert(sizeof(Image) == 1 && static_cast<int>(Image::kNew) == 0 &&
              static_cast<int>(Image::kOld) == 1);  // as the bridge has them

BridgeFileFacts FactsOf(const BridgeReader* reader) {
  BridgeFileFacts facts{};
  bridge_reader_facts(reader, &facts);
  return facts;
}

BatchSizing SizingFor(uint64_t bytes_target, const BridgeFileFacts& facts) {
  return BatchSizing(bytes_target, facts.physical_rows, facts.decoded_bytes,
                     facts.decoded_bytes_exact);
}

Status ToStatus(const BridgeFailure& failure, const std::string& what, const std::string& hint) {
  Status status = failure.ToStatus(fmt::format("reading {}", what));
  if (!failure.IsFileMissing() || hint.empty()) return status;
  return std::move(status).WithHint(hint);
}

}  // namespace

Result<std::unique_ptr<DeltaFileReader>> DeltaFileReader::Open(const Work& work,
                                                               const CallContext& ctx) {
  RETURN_IF_ERROR(ctx.CheckNotStopped());
  CancellationHandle cancellation(bridge_cancellation_new());
  const StopForwarder forwarder(ctx.stop, cancellation.get());
  BridgeFailure failure;
  BridgeReader* reader = nullptr;
  bridge_reader_open(work.scan, work.file, cancellation.get(), &reader, failure.Receive());
  RETURN_IF_ERROR(ToStatus(failure, work.what, work.missing_hint));
  return std::unique_ptr<DeltaFileReader>(
      new DeltaFileReader(work, std::move(cancellation), ReaderHandle(reader)));
}

DeltaFileReader::DeltaFileReader(const Work& work, CancellationHandle cancellation,
                                 ReaderHandle reader)
    : what_(work.what),
      missing_hint_(work.missing_hint),
      split_(work.split),
      schema_(work.schema),
      cancellation_(std::move(cancellation)),
      reader_(std::move(reader)),
      live_rows_(FactsOf(reader_.get()).live_rows),
      held_bytes_(FactsOf(reader_.get()).held_bytes),
      sizing_(SizingFor(work.batch_bytes_target, FactsOf(reader_.get()))) {
  if (work.rows.has_value()) {
    bridge_reader_select(reader_.get(), work.rows->data(), work.rows->size());
    live_rows_ = FactsOf(reader_.get()).live_rows;
  }
  bridge_reader_seek(reader_.get(), work.skip_rows, sizing_.rows());
}

Result<std::optional<Batch>> DeltaFileReader::Next(const CallContext& ctx) {
  BridgeBatch described{};
  return Read(ctx, described);
}

Result<std::optional<ImageBatch>> DeltaFileReader::NextImages(const CallContext& ctx) {
  BridgeBatch described{};
  ASSIGN_OR_RETURN(std::optional<Batch> batch, Read(ctx, described));
  if (!batch.has_value()) return std::optional<ImageBatch>();
  ImageBatch images{.rows = *std::move(batch), .images = {}};
  images.images.resize(static_cast<size_t>(images.rows.rows()));
  std::memcpy(images.images.data(), described.images, images.images.size());
  return std::optional<ImageBatch>(std::move(images));
}

Result<std::optional<Batch>> DeltaFileReader::Read(const CallContext& ctx, BridgeBatch& described) {
  if (!broken_.ok()) return broken_;
  RETURN_IF_ERROR(ctx.CheckNotStopped());
  const StopForwarder forwarder(ctx.stop, cancellation_.get());
  BridgeFailure failure;
  Batch batch{.schema = schema_, .columns = {}, .split = split_};
  bridge_reader_next(reader_.get(), batch.columns.Receive(), &described, failure.Receive());
  broken_ = ToStatus(failure, what_, missing_hint_);
  if (!broken_.ok()) return broken_;
  if (batch.columns.empty()) return std::optional<Batch>();
  batch.first_row = described.first_row;
  const uint64_t rows = static_cast<uint64_t>(batch.rows());
  const uint64_t next_row = described.first_row + rows;
  if (sizing_.Observe(rows, described.bytes, live_rows_ - next_row)) {
    bridge_reader_seek(reader_.get(), next_row, sizing_.rows());
  }
  return std::optional<Batch>(std::move(batch));
}

}  // namespace spillway
