#include "engine/write_session.h"

#include <algorithm>
#include <utility>

#include "engine/mode_intent.h"

namespace spillway {
namespace {

// Rows are encoded in parts of about this size, so that lanes get work while the rest is encoded,
// and one large batch needs no large buffer.
constexpr uint64_t kPartBytesTarget = 1 << 20;
constexpr int64_t kPartRowsFirst = 256;  // until the size of a row is known
constexpr int64_t kPartRowsMax = 16'384;
// The least that a part is counted as: it bounds how many can be under way.
constexpr uint64_t kPartBytesMin = 4 << 10;
constexpr std::chrono::milliseconds kDrainTick{50};
constexpr const char* kRejectedHint = "the summary has their keys and reasons";

// The same rows, still owned by the one who has `rows`.
OwnedArray Borrow(const ArrowArray& rows, int64_t begin, int64_t end) {
  OwnedArray part;
  ArrowArray& view = *part.Receive();
  view = rows;
  view.offset += begin;
  view.length = end - begin;
  view.release = [](ArrowArray* array) { array->release = nullptr; };
  return part;
}

}  // namespace

WriteSession::WriteSession(const SessionParts& parts, std::shared_ptr<const OwnedSchema> schema,
                           const SessionOptions& options, const CallContext& ctx)
    : parts_(parts),
      schema_(std::move(schema)),
      options_(options),
      rows_in_part_(kPartRowsFirst),
      stop_(ctx.stop),
      permit_(parts.clock, stop_.token()),
      share_(parts.clock),
      rejected_(options.max_rejected, "", 0, 0),
      memory_(options.memory_bytes_max),
      concurrency_(LimitOfLanes(options.lanes_max)),
      batches_([this](BatchInFlight& batch) { return OnSettled(batch); }) {}

Result<std::unique_ptr<WriteSession>> WriteSession::Open(const SessionParts& parts,
                                                         const DocumentOptions& documents,
                                                         std::shared_ptr<const OwnedSchema> schema,
                                                         const SessionOptions& options,
                                                         const CallContext& ctx) {
  if (options.lanes_max == 0) return InvalidArgument("at least one lane is needed");
  std::unique_ptr<WriteSession> session(new WriteSession(parts, std::move(schema), options, ctx));
  RETURN_IF_ERROR(session->Start(documents));
  return session;
}

Status WriteSession::Start(const DocumentOptions& documents) {
  const CallContext ctx{.stop = stop_.token()};
  ASSIGN_OR_RETURN(encoder_, DocumentEncoder::Make(documents, schema_->get(),
                                                   parts_.destination.capabilities()));
  ASSIGN_OR_RETURN([[maybe_unused]] const Preparation prepared,
                   parts_.destination.Prepare(false, ctx));
  ASSIGN_OR_RETURN(const LanePlan plan, parts_.destination.PlanLanes(options_.lanes_max, ctx));
  ThroughputOptions throughput = options_.throughput;
  if (options_.lent_share) throughput.lent = &share_;
  ASSIGN_OR_RETURN(throughput_, ThroughputControl::Start(parts_.destination, parts_.clock, plan,
                                                         throughput, ctx));
  const DeliveryParts delivery{.clock = parts_.clock,
                               .batches = batches_,
                               .concurrency = concurrency_,
                               .limiter = throughput_->limiter(),
                               .charges = throughput_->charges(),
                               .lease = options_.needs_permit ? &permit_ : nullptr,
                               .rejected = rejected_,
                               .meter = meter_,
                               .stop = stop_};
  ASSIGN_OR_RETURN(lanes_, LaneSet::Open(parts_.destination, plan, delivery,
                                         {.mode = options_.mode,
                                          .settle = options_.settle,
                                          .row_failing_max = options_.row_failing_max,
                                          .memory = {.budget = &memory_}},
                                         ctx));
  lanes_->Start();
  return Status::Ok();
}

WriteSession::~WriteSession() {
  if (lanes_ == nullptr || finished_) return;
  stop_.Stop(Cancelled("the session was given up"));
  WaitUntilEnded();
}

Status WriteSession::Ended() const {
  Status cause = stop_.cause();
  if (cause.code() != StatusCode::kRejectedOverBudget) return cause;
  return std::move(cause).WithHint(kRejectedHint);
}

Status WriteSession::Write(OwnedArray rows) {
  if (finished_) return InvalidArgument("the session is finished");
  const int64_t length = rows.get().length;
  for (int64_t begin = 0; begin < length;) {
    const int64_t end = std::min(length, begin + rows_in_part_);
    Status written = stop_.cause();
    if (written.ok()) written = WritePart(rows.get(), begin, end);
    if (!written.ok()) {
      stop_.Stop(std::move(written));
      return Ended();
    }
    begin = end;
  }
  return Ended();
}

Status WriteSession::WritePart(const ArrowArray& rows, int64_t begin, int64_t end) {
  Batch batch;
  batch.schema = schema_;
  batch.columns = Borrow(rows, begin, end);
  batch.first_row = rows_;
  ASSIGN_OR_RETURN(std::shared_ptr<EncodedBatch> encoded,
                   encoder_->Encode(batch, IntentOf(options_.mode)));
  rows_ += static_cast<uint64_t>(end - begin);
  const uint64_t bytes_per_row =
      encoded->bytes.size() / std::max<uint64_t>(encoded->documents.size(), 1) + sizeof(Document);
  rows_in_part_ =
      std::clamp<int64_t>(static_cast<int64_t>(kPartBytesTarget / bytes_per_row), 1, kPartRowsMax);
  return Admit(std::move(encoded));
}

Status WriteSession::Admit(std::shared_ptr<EncodedBatch> encoded) {
  rejected_.CountRead(encoded->rows_read);
  BatchShares shares;
  ASSIGN_OR_RETURN(shares.memory,
                   memory_.Take(std::max(MemoryOf(*encoded), kPartBytesMin), stop_.token()));
  const uint64_t rejected = encoded->rejected.size();
  const bool has_documents = !encoded->documents.empty();
  BatchInFlight& batch = batches_.Open(encoded, std::move(shares));
  RETURN_IF_ERROR(has_documents ? lanes_->Push(batch, *encoded) : batches_.Settle(batch, 0));
  return rejected_.CountRejected(rejected);
}

Status WriteSession::OnSettled(BatchInFlight& batch) {
  std::lock_guard lock(mutex_);
  settled_.counts += batch.Counts();
  ListRejected(batch);
  return Status::Ok();
}

void WriteSession::ListRejected(BatchInFlight& batch) {
  for (RejectedRow& row : batch.TakeRejected()) {
    ++settled_.rejected_by_reason[row.reason];
    if (settled_.rejected.size() >= options_.rejected_listed_max) continue;
    settled_.rejected.push_back({batch.encoded().first_row + row.row, std::move(row.key),
                                 std::move(row.reason), std::move(row.message)});
  }
}

void WriteSession::WaitUntilEnded() {
  lanes_->CloseInput();
  WaitForLanes(*lanes_, stop_, parts_.clock, kDrainTick);
  lanes_.reset();
  throughput_.reset();
}

Status WriteSession::Finish() {
  if (finished_) return Ended();
  WaitUntilEnded();
  finished_ = true;
  Status cause = Ended();
  if (!cause.ok()) {
    // People want to see the rows that were refused, also those of batches that are not settled.
    std::lock_guard lock(mutex_);
    batches_.VisitUnsettled([this](BatchInFlight& batch) { ListRejected(batch); });
    return cause;
  }
  const SessionSummary ended = summary();
  if (!ended.counts.AddsUp() || ended.counts.read != rows_) {
    return Internal("the counts of the session do not add up");
  }
  if (options_.part_of_more) return Status::Ok();
  return rejected_.CheckAtEnd().WithHint(kRejectedHint);
}

SessionSummary WriteSession::summary() const {
  std::lock_guard lock(mutex_);
  SessionSummary summary = settled_;
  summary.cost = meter_.cost;
  summary.requests = meter_.requests;
  summary.throttled_requests = meter_.throttled_requests;
  summary.bytes_sent = meter_.bytes_sent;
  summary.unsure = meter_.unsure;
  return summary;
}

}  // namespace spillway
