#include "sources/delta/delta_split_reader.h"

#include <fmt/format.h>

#include <utility>

namespace spillway {
namespace {

BridgeFileFacts FactsOf(const BridgeReader* reader) {
  BridgeFileFacts facts{};
  bridge_reader_facts(reader, &facts);
  return facts;
}

BatchSizing SizingFor(uint64_t bytes_target, const BridgeFileFacts& facts) {
  return BatchSizing(bytes_target, facts.physical_rows, facts.decoded_bytes,
                     facts.decoded_bytes_exact);
}

}  // namespace

Result<std::unique_ptr<SplitReader>> DeltaSplitReader::Open(const Work& work,
                                                            const CallContext& ctx) {
  RETURN_IF_ERROR(ctx.CheckNotStopped());
  CancellationHandle cancellation(bridge_cancellation_new());
  const StopForwarder forwarder(ctx.stop, cancellation.get());
  BridgeFailure failure;
  BridgeReader* reader = nullptr;
  bridge_reader_open(work.scan, work.file, cancellation.get(), &reader, failure.Receive());
  RETURN_IF_ERROR(failure.ToStatus(fmt::format("reading {}", work.location)));
  return std::unique_ptr<SplitReader>(
      new DeltaSplitReader(work, std::move(cancellation), ReaderHandle(reader)));
}

DeltaSplitReader::DeltaSplitReader(const Work& work, CancellationHandle cancellation,
                                   ReaderHandle reader)
    : location_(work.location),
      split_(work.split),
      schema_(work.schema),
      cancellation_(std::move(cancellation)),
      reader_(std::move(reader)),
      live_rows_(FactsOf(reader_.get()).live_rows),
      held_bytes_(FactsOf(reader_.get()).held_bytes),
      sizing_(SizingFor(work.batch_bytes_target, FactsOf(reader_.get()))) {
  bridge_reader_seek(reader_.get(), work.skip_rows, sizing_.rows());
}

Result<std::optional<Batch>> DeltaSplitReader::Next(const CallContext& ctx) {
  if (!broken_.ok()) return broken_;
  RETURN_IF_ERROR(ctx.CheckNotStopped());
  const StopForwarder forwarder(ctx.stop, cancellation_.get());
  BridgeFailure failure;
  BridgeBatch described{};
  Batch batch{.schema = schema_, .columns = {}, .split = split_};
  bridge_reader_next(reader_.get(), batch.columns.Receive(), &described, failure.Receive());
  broken_ = failure.ToStatus(fmt::format("reading {}", location_));
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
