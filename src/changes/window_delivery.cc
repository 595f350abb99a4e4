#include "changes/window_delivery.h"

#include <utility>

namespace spillway {
namespace {

Checkpoint Behind(const ChangeWindow& window, Checkpoint checkpoint) {
  checkpoint.version = window.through;
  checkpoint.position = window.position;
  if (!window.table_id.empty()) checkpoint.table_id = window.table_id;
  checkpoint.begun_through = 0;
  checkpoint.late_columns = window.late_columns;
  const int64_t documents = static_cast<int64_t>(checkpoint.documents) + window.documents_delta;
  checkpoint.documents =
      window.documents.value_or(static_cast<uint64_t>(std::max<int64_t>(documents, 0)));
  return checkpoint;
}

// Of a list of `writes`.
uint64_t SettledIn(const std::vector<SplitProgress>& progress_of_lists, uint32_t list,
                   uint64_t writes) {
  for (const SplitProgress& progress : progress_of_lists) {
    if (progress.split != list) continue;
    return progress.complete ? writes : progress.rows_settled;
  }
  return 0;
}

}  // namespace

uint64_t WindowDelivery::WritesLeft(const ChangeWindow& window,
                                    const std::vector<SplitProgress>& progress) {
  return window.writes() - SettledIn(progress, kUpserts, window.upserts->size()) -
         SettledIn(progress, kRemoves, window.removes->size());
}

WindowDelivery::WindowDelivery(const ChangeWindow& window, StateStore& state, Clock& clock,
                               WindowDeliveryOptions options)
    : window_(window),
      clock_(clock),
      pipeline_(options.pipeline),
      run_id_(options.run_id),
      done_(Behind(window, options.checkpoint)),
      progress_(options.progress),
      lists_{Split{.key = "upserts", .bytes = 0, .rows = window.upserts->size()},
             Split{.key = "removes", .bytes = 0, .rows = window.removes->size()}},
      acknowledger_(state, clock, Options(std::move(options))) {}

AcknowledgerOptions WindowDelivery::Options(WindowDeliveryOptions options) {
  AcknowledgerOptions settled;
  settled.pipeline = std::move(options.pipeline);
  settled.run_id = options.run_id;
  settled.checkpoint = std::move(options.checkpoint);
  settled.progress = std::move(options.progress);
  settled.splits = lists_;
  settled.locate = [this](uint32_t list, uint64_t index, RejectedRecord& record) {
    return Locate(list, index, record);
  };
  return settled;
}

const RecordLog<ImageRecord>& WindowDelivery::Records(List list) const {
  return list == kUpserts ? *window_.upserts : *window_.removes;
}

Status WindowDelivery::Send(ChangeSender* sender) {
  RETURN_IF_ERROR(SendList(sender, kUpserts, Intent::kUpsert));
  return SendList(sender, kRemoves, Intent::kDelete);
}

Status WindowDelivery::SendList(ChangeSender* sender, List list, Intent intent) {
  const RecordLog<ImageRecord>& records = Records(list);
  const auto on_settled = [this, list](uint64_t first, BatchInFlight& batch) {
    return acknowledger_.OnBatchSettled({.split = list,
                                         .first_row = first,
                                         .rows = batch.documents(),
                                         .counts = batch.Counts(),
                                         .rejected = batch.TakeRejected(),
                                         .shares = batch.TakeShares()});
  };
  const uint64_t first = SettledIn(progress_, list, records.size());
  if (first < records.size()) {
    RETURN_IF_ERROR(sender->Send(records, window_.images->bytes(), intent, first, on_settled));
  }
  const bool known_complete =
      std::any_of(progress_.begin(), progress_.end(), [list](const SplitProgress& progress) {
        return progress.split == list && progress.complete;
      });
  if (!known_complete) acknowledger_.OnSplitRead(list, records.size());
  return Status::Ok();
}

Status WindowDelivery::Locate(uint32_t list, uint64_t index, RejectedRecord& record) const {
  ASSIGN_OR_RETURN(const std::vector<ImageRecord> found,
                   Records(static_cast<List>(list)).Read(index, 1));
  const WindowSplit& split = window_.splits[found.front().split()];
  record.version = split.version;
  record.split = split.key;
  record.row = found.front().row();
  return Status::Ok();
}

std::vector<RejectedRecord> WindowDelivery::RefusedRecords() const {
  const int64_t now_ms = UnixMillis(clock_.WallNow());
  std::vector<RejectedRecord> records;
  for (const RefusedImage& refused : window_.refused) {
    const WindowSplit& split = window_.splits[refused.split];
    records.push_back({.run_id = run_id_,
                       .pipeline = pipeline_,
                       .version = split.version,
                       .split = split.key,
                       .row = refused.row_in_split,
                       .key = refused.row.key,
                       .reason = refused.row.reason,
                       .message = refused.row.message,
                       .at_ms = now_ms});
  }
  return records;
}

Status WindowDelivery::CommitWindow() {
  return acknowledger_.CommitWindow(done_, window_.counts, RefusedRecords());
}

Checkpoint WindowDelivery::checkpoint() const {
  Checkpoint checkpoint = done_;
  checkpoint.counts = acknowledger_.counts();
  return checkpoint;
}

}  // namespace spillway
