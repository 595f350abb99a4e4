#include "changes/change_follower.h"

#include <algorithm>
#include <utility>

#include "engine/load_plan.h"

namespace spillway {
namespace {

// Of a source that is away for a while, in a continuous run.
constexpr std::chrono::milliseconds kReopenWaitMin{1'000};
constexpr std::chrono::milliseconds kReopenWaitMax{30'000};

// May the whole table be compared when its log does not tell what changed?
bool MayCompare(const ChangeOptions& options) {
  return options.changes != ChangePolicy::kFeed && options.changes != ChangePolicy::kFiles;
}

}  // namespace

WindowReaderOptions ReadingOptions(const ChangeOptions& options) {
  WindowReaderOptions reading;
  reading.pipeline = options.pipeline;
  reading.spill_folder = options.spill_folder;
  reading.memory_bytes_max = options.memory_bytes_max;
  reading.readers_max = options.readers_max;
  reading.rules = RulesFor(options.mode);
  reading.duplicates = options.duplicates;
  return reading;
}

ChangeFollower::ChangeFollower(const FollowerParts& parts,
                               std::function<void(const Status&)> on_away)
    : parts_(parts),
      on_away_(std::move(on_away)),
      ctx_{.stop = parts.stop.token()},
      reopen_wait_(kReopenWaitMin) {}

Status ChangeFollower::OpenLog(std::optional<int64_t> until) {
  const ChangeOptions& options = parts_.options;
  ChangesRequest request;
  request.after = parts_.checkpoint.position;
  request.policy = options.changes == ChangePolicy::kIndex ? ChangePolicy::kAuto : options.changes;
  request.until = until;
  request.batch_bytes_target = BatchBytesTarget(options.memory_bytes_max);
  ASSIGN_OR_RETURN(request.columns, DocumentEncoder::ColumnsToRead(parts_.documents));
  reader_.reset();
  ASSIGN_OR_RETURN(log_, parts_.run.source.OpenChanges(request, ctx_));
  reader_ = std::make_unique<WindowReader>(
      *log_, parts_.documents, parts_.run.destination.capabilities(), ReadingOptions(options),
      parts_.meter, parts_.run.clock, parts_.stop);
  return Status::Ok();
}

Result<std::unique_ptr<ChangeWindow>> ChangeFollower::ReadBegun() {
  RETURN_IF_ERROR(OpenLog(parts_.checkpoint.begun_through));
  return reader_->Read({.after = parts_.checkpoint.version,
                        .late_columns = parts_.checkpoint.late_columns,
                        .exactly_through = parts_.checkpoint.begun_through});
}

// What was begun, and is not in the index, only the log can finish.
bool ChangeFollower::CompareInstead(const Status& failed, bool begun) {
  const bool may = parts_.index != nullptr && MayCompare(parts_.options);
  if (failed.code() != StatusCode::kDataLoss || !may) return false;
  if (!compare_reason_.empty()) return false;  // it was the comparison that failed
  if (begun && parts_.index->StandingAt(parts_.checkpoint) != IndexStanding::kBegun) return false;
  compare_reason_ = std::string(failed.message());
  return true;
}

Status ChangeFollower::Start() {
  if (parts_.options.changes == ChangePolicy::kIndex) {
    compare_reason_ = "`changes: index` asks for it";
    return Status::Ok();
  }
  if (!compare_reason_.empty()) return Status::Ok();
  const Status opened = OpenLog(parts_.options.until);
  return CompareInstead(opened, false) ? Status::Ok() : opened;
}

Status ChangeFollower::OnApplied() {
  if (compare_reason_.empty() || parts_.options.changes == ChangePolicy::kIndex) {
    return Status::Ok();
  }
  compare_reason_.clear();  // the log may tell what comes after
  return Start();
}

Result<std::unique_ptr<ChangeWindow>> ChangeFollower::ReadWindow() {
  const Checkpoint& checkpoint = parts_.checkpoint;
  if (!compare_reason_.empty()) {
    RETURN_IF_ERROR(parts_.index->BringTo(checkpoint));
    return parts_.index->ReadWindow(
        {.checkpoint = checkpoint, .until = parts_.options.until, .reason = compare_reason_});
  }
  Result<std::unique_ptr<ChangeWindow>> window =
      reader_->Read({.after = checkpoint.version,
                     .late_columns = checkpoint.late_columns,
                     .exactly_through = std::nullopt});
  if (!window.ok() && CompareInstead(window.status(), false)) return ReadWindow();
  // Nothing new: the table has the version that an index is to be made of, if any has.
  if (window.ok() && (*window)->empty() && parts_.index != nullptr) {
    RETURN_IF_ERROR(parts_.index->BringTo(checkpoint));
  }
  return window;
}

Result<std::unique_ptr<ChangeWindow>> ChangeFollower::Next() {
  Result<std::unique_ptr<ChangeWindow>> window = ReadWindow();
  if (window.ok()) {
    reopen_wait_ = kReopenWaitMin;
    if (!(*window)->empty()) poll_wait_ = std::chrono::milliseconds(0);
    return window;
  }
  const bool away = window.status().code() == StatusCode::kUnavailable;
  if (!parts_.options.continuous || !away) return window;
  RETURN_IF_ERROR(WaitForSource(window.status()));
  return std::unique_ptr<ChangeWindow>();
}

// The log has told versions that no window has now: it is opened again where the checkpoint is.
Status ChangeFollower::WaitForSource(Status why) {
  while (why.code() == StatusCode::kUnavailable) {
    on_away_(why);
    if (!parts_.run.clock.WaitFor(reopen_wait_, ctx_.stop)) return parts_.stop.cause();
    reopen_wait_ = std::min(reopen_wait_ * 2, kReopenWaitMax);
    if (!compare_reason_.empty()) return Status::Ok();  // which reads it all again
    why = OpenLog(parts_.options.until);
  }
  return why;
}

bool ChangeFollower::WaitForVersion() {
  const PollInterval poll = compare_reason_.empty() ? log_->poll_interval() : PollInterval{};
  const std::chrono::milliseconds max = parts_.options.poll_max.value_or(poll.max);
  poll_wait_ = std::min(std::max(poll_wait_ * 2, poll.min), std::max(max, poll.min));
  return parts_.run.clock.WaitFor(poll_wait_, ctx_.stop);
}

}  // namespace spillway
