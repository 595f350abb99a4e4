#include "changes/change_sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json_writer.h"

namespace spillway {
namespace {

// One batch: enough to fill a write of every lane, little beside the memory of a run.
constexpr uint64_t kBatchBytesTarget = 1 << 20;
constexpr uint64_t kBatchDocumentsMax = 4'096;
constexpr std::chrono::milliseconds kDrainTick{50};

std::string DeleteBody(const std::optional<SoftDelete>& soft_delete) {
  if (!soft_delete.has_value()) return {};
  return fmt::format("{{{}:{}}}", JsonQuoted(soft_delete->field), soft_delete->value);
}

// `same_body` stands for the body of every document that has none of its own. The views are set at
// the end, since the buffer moves while it grows.
Result<std::shared_ptr<EncodedBatch>> MakeBatch(std::span<const ImageRecord> records,
                                                const ImageBytes& bytes, Intent intent,
                                                std::string_view same_body, uint64_t first) {
  auto batch = std::make_shared<EncodedBatch>();
  uint64_t total = same_body.size();
  for (const ImageRecord& record : records) total += record.bytes();
  batch->bytes.reserve(total);
  batch->bytes.append(same_body);
  for (const ImageRecord& record : records) {
    RETURN_IF_ERROR(bytes.Read(record.offset, record.bytes(), &batch->bytes));
  }
  batch->documents.reserve(records.size());
  batch->rows_read = records.size();
  batch->first_row = first;
  std::string_view rest = batch->bytes;
  const auto take = [&rest](uint64_t size) {
    const std::string_view text = rest.substr(0, size);
    rest.remove_prefix(size);
    return text;
  };
  const std::string_view body_of_all = take(same_body.size());
  for (const ImageRecord& record : records) {
    Document document;
    document.intent = intent;
    document.identity = record.identity;
    document.row = static_cast<uint32_t>(batch->documents.size());
    document.partition_key = take(record.partition_key_bytes);
    document.id = take(record.id_bytes);
    document.etag = take(record.etag_bytes);
    document.body = record.body_bytes == 0 ? body_of_all : take(record.body_bytes);
    batch->documents.push_back(document);
  }
  return batch;
}

// How many of the records make one batch.
size_t CountOfBatch(std::span<const ImageRecord> records) {
  uint64_t bytes = 0;
  size_t count = 0;
  while (count < records.size() && (count == 0 || bytes < kBatchBytesTarget)) {
    bytes += records[count++].bytes();
  }
  return count;
}

}  // namespace

ChangeSender::ChangeSender(const SenderParts& parts, const SenderOptions& options)
    : parts_(parts),
      delete_body_(DeleteBody(options.soft_delete)),
      memory_(options.memory_bytes_max),
      concurrency_(LimitOfLanes(options.lanes_max)),
      batches_([this](BatchInFlight& batch) { return Settled(batch); }) {}

Result<std::unique_ptr<ChangeSender>> ChangeSender::Open(const SenderParts& parts,
                                                         const SenderOptions& options,
                                                         const CallContext& ctx) {
  ASSIGN_OR_RETURN(const LanePlan plan, parts.destination.PlanLanes(options.lanes_max, ctx));
  std::unique_ptr<ChangeSender> sender(new ChangeSender(parts, options));
  ASSIGN_OR_RETURN(sender->throughput_, ThroughputControl::Start(parts.destination, parts.clock,
                                                                 plan, options.throughput, ctx));
  const DeliveryParts delivery{.clock = parts.clock,
                               .batches = sender->batches_,
                               .concurrency = sender->concurrency_,
                               .limiter = sender->throughput_->limiter(),
                               .charges = sender->throughput_->charges(),
                               .lease = parts.lease,
                               .rejected = parts.rejected,
                               .meter = parts.meter,
                               .stop = parts.stop};
  const LaneSet::Options lanes{.mode = options.mode,
                               .settle = options.settle,
                               .row_failing_max = options.row_failing_max,
                               .stamp = options.stamp};
  ASSIGN_OR_RETURN(sender->lanes_, LaneSet::Open(parts.destination, plan, delivery, lanes, ctx));
  sender->lanes_->Start();
  return sender;
}

void ChangeSender::Finish() {
  if (lanes_ == nullptr) return;
  lanes_->CloseInput();
  WaitForLanes(*lanes_, parts_.stop, parts_.clock, kDrainTick);
}

Status ChangeSender::Send(const RecordLog<ImageRecord>& records, const ImageBytes& bytes,
                          Intent intent, uint64_t first, OnSettled on_settled) {
  on_settled_ = std::move(on_settled);
  RETURN_IF_ERROR(Push(records, bytes, intent, first));
  return WaitUntilSettled();
}

Status ChangeSender::Push(const RecordLog<ImageRecord>& records, const ImageBytes& bytes,
                          Intent intent, uint64_t first) {
  const std::string_view same_body =
      intent == Intent::kDelete ? std::string_view(delete_body_) : std::string_view();
  while (first < records.size()) {
    ASSIGN_OR_RETURN(const std::vector<ImageRecord> read, records.Read(first, kBatchDocumentsMax));
    std::span<const ImageRecord> left = read;
    while (!left.empty()) {
      const std::span<const ImageRecord> part = left.first(CountOfBatch(left));
      left = left.subspan(part.size());
      ASSIGN_OR_RETURN(std::shared_ptr<EncodedBatch> batch,
                       MakeBatch(part, bytes, intent, same_body, first));
      first += part.size();
      BatchShares shares;
      ASSIGN_OR_RETURN(shares.memory,
                       memory_.Take(batch->bytes.capacity() + part.size() * sizeof(Document),
                                    parts_.stop.token()));
      {
        std::lock_guard lock(mutex_);
        ++open_;
      }
      BatchInFlight& open = batches_.Open(batch, std::move(shares));
      RETURN_IF_ERROR(lanes_->Push(open, *batch));
    }
  }
  return Status::Ok();
}

Status ChangeSender::Settled(BatchInFlight& batch) {
  const Status told = on_settled_(batch.encoded().first_row, batch);
  std::lock_guard lock(mutex_);
  if (--open_ == 0) all_settled_.notify_all();
  return told;
}

Status ChangeSender::WaitUntilSettled() {
  std::unique_lock lock(mutex_);
  all_settled_.wait(lock, parts_.stop.token(), [this] { return open_ == 0; });
  lock.unlock();
  return parts_.stop.cause();
}

}  // namespace spillway
