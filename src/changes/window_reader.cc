#include "changes/window_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "changes/column_policy.h"
#include "changes/retention_warning.h"
#include "engine/worker_group.h"

namespace spillway {
namespace {

constexpr uint64_t kWindowBytesMax = uint64_t{16} << 30;  // compressed; more is another window
constexpr uint64_t kWindowVersionsMax = 100'000;
constexpr uint64_t kWindowSplitsMax = 1'000'000;
// Above it, the splits of a version are read by several threads.
constexpr uint64_t kAloneBytesMax = 1 << 20;
constexpr std::chrono::milliseconds kTick{250};

// Shares of the knob: sorted records, the bytes that go with them.
constexpr uint64_t RecordsMemory(uint64_t memory_bytes_max) {
  return memory_bytes_max / 16;
}
constexpr uint64_t BytesMemory(uint64_t memory_bytes_max) {
  return memory_bytes_max / 8;
}

void CountMethod(const ChangesInfo& info, std::vector<MethodCount>& methods) {
  const auto versions = static_cast<uint64_t>(info.version - info.first_version + 1);
  for (MethodCount& count : methods) {
    if (count.method != info.method || count.reason != info.method_reason) continue;
    count.versions += versions;
    return;
  }
  methods.push_back({info.method, info.method_reason, versions});
}

std::string SpillPrefix(const WindowReaderOptions& options) {
  return fmt::format("{}/{}-changes", options.spill_folder, FileNameFor(options.pipeline));
}

}  // namespace

CollectorOptions CollectorFor(const WindowReaderOptions& options) {
  CollectorOptions collector;
  collector.spill_prefix = SpillPrefix(options);
  collector.records_memory_max = RecordsMemory(options.memory_bytes_max);
  collector.bytes_memory_max = BytesMemory(options.memory_bytes_max);
  collector.rules = options.rules;
  return collector;
}

Status FinishWindow(const WindowReaderOptions& options, ChangeWindow& window) {
  std::optional<DuplicateImage> duplicate;
  RETURN_IF_ERROR(CollapseWindow(options.rules, SpillPrefix(options),
                                 RecordsMemory(options.memory_bytes_max), window, &duplicate));
  if (!duplicate.has_value() || options.duplicates == DuplicatePolicy::kLast) return Status::Ok();
  return Conflict(fmt::format("version {} has several rows with the key {} ({} such keys in"
                              " versions {} to {}); one of them is in {}",
                              duplicate->version, duplicate->key, window.duplicates,
                              window.after + 1, window.through,
                              window.splits[duplicate->split].key))
      .WithHint("make the id unique in the table, or choose sync.duplicates: last");
}

WindowReader::WindowReader(ChangeLog& log, const DocumentOptions& documents,
                           const Capabilities& capabilities, const WindowReaderOptions& options,
                           RunMeter& meter, Clock& clock, RunStop& stop)
    : log_(log),
      documents_(documents),
      capabilities_(capabilities),
      options_(options),
      meter_(meter),
      clock_(clock),
      stop_(stop),
      ctx_{.stop = stop.token()} {}

Result<std::unique_ptr<ChangeWindow>> WindowReader::Read(const WindowRequest& request) {
  auto window = std::make_unique<ChangeWindow>();
  window->after = request.after;
  window->through = request.after;
  window->late_columns = request.late_columns;
  window->images = std::make_unique<ImageCollector>(CollectorFor(options_));
  while (window->through != request.exactly_through.value_or(-1)) {
    ASSIGN_OR_RETURN(const bool there, Peek());
    if (!there || !Fits(*window, request)) break;
    RETURN_IF_ERROR(Add(*next_, *window));
    next_.reset();
  }
  if (request.exactly_through.has_value() && window->through != *request.exactly_through) {
    return DataLoss(fmt::format("changes through version {} may have been written in part, and the"
                                " table tells them only through version {}",
                                *request.exactly_through, window->through))
        .WithHint(
            "to make the destination equal to the table as it is now, run: spillway sync "
            "PIPELINE --resync");
  }
  RETURN_IF_ERROR(FinishWindow(options_, *window));
  return window;
}

Result<bool> WindowReader::Peek() {
  if (next_ != nullptr) return true;
  ASSIGN_OR_RETURN(next_, log_.Next(ctx_));
  return next_ != nullptr;
}

bool WindowReader::Fits(const ChangeWindow& window, const WindowRequest& request) const {
  if (window.empty()) return true;
  if (request.exactly_through.has_value()) return next_->info().version <= *request.exactly_through;
  const auto versions = static_cast<uint64_t>(next_->info().version - window.after);
  uint64_t bytes = window.bytes_read;
  for (const Split& split : next_->splits()) bytes += split.bytes;
  return versions <= kWindowVersionsMax && bytes <= kWindowBytesMax &&
         window.splits.size() + next_->splits().size() <= kWindowSplitsMax;
}

Status WindowReader::Add(const VersionChanges& changes, ChangeWindow& window) {
  const ChangesInfo& info = changes.info();
  if (info.first_version != window.through + 1) {
    return Internal(fmt::format("the source told version {} where {} was due", info.first_version,
                                window.through + 1));
  }
  RETURN_IF_ERROR(
      JudgeColumnChanges(info.column_changes, documents_, info.version, &window.late_columns));
  if (!changes.splits().empty()) {
    RETURN_IF_ERROR(UseSchema(changes, window.late_columns));
    const auto first_split = static_cast<uint32_t>(window.splits.size());
    for (const Split& split : changes.splits()) {
      window.splits.push_back({info.version, split.key});
      window.bytes_read += split.bytes;
    }
    RETURN_IF_ERROR(ReadSplits(changes, first_split, window));
  }
  if (window.empty()) window.retention_warning = RetentionWarning(info, clock_.WallNow());
  CountMethod(info, window.methods);
  window.through = info.version;
  window.position = info.position;
  window.timestamp_ms = info.timestamp_ms;
  return Status::Ok();
}

Status WindowReader::UseSchema(const VersionChanges& changes,
                               const std::vector<std::string>& late_columns) {
  if (encoder_ != nullptr && schema_ == changes.schema() && late_columns_ == late_columns) {
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(encoder_, DocumentEncoder::Make(WithLateColumns(documents_, late_columns),
                                                   changes.schema()->get(), capabilities_));
  schema_ = changes.schema();
  late_columns_ = late_columns;
  return Status::Ok();
}

Status WindowReader::ReadSplits(const VersionChanges& changes, uint32_t first_split,
                                ChangeWindow& window) {
  const auto splits = static_cast<uint32_t>(changes.splits().size());
  uint64_t bytes = 0;
  for (const Split& split : changes.splits()) bytes += split.bytes;
  RunStop reading(stop_.token());  // of its own: a read that fails may be tried again
  const CallContext ctx{.stop = reading.token()};
  const auto read = [&](uint32_t split) {
    return ReadSplit(changes, split, first_split + split, *window.images, ctx);
  };
  if (splits > 1 && bytes > kAloneBytesMax) {
    return RunWorkers(splits, options_.readers_max, read, reading, clock_, kTick, [] {});
  }
  for (uint32_t split = 0; split < splits; ++split) RETURN_IF_ERROR(read(split));
  return Status::Ok();
}

Status WindowReader::ReadSplit(const VersionChanges& changes, uint32_t split, uint32_t ordinal,
                               ImageCollector& images, const CallContext& ctx) {
  const auto doing = [&] {
    return fmt::format("reading {} of version {}", changes.splits()[split].key,
                       changes.info().version);
  };
  Result<std::unique_ptr<ImageReader>> reader = changes.OpenSplit(split, ctx);
  if (!reader.ok()) return std::move(reader).status().WithContext(doing());
  while (true) {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    Result<std::optional<ImageBatch>> batch = (*reader)->Next(ctx);
    if (!batch.ok()) return std::move(batch).status().WithContext(doing());
    if (!batch->has_value()) break;
    RETURN_IF_ERROR(images.Add(**batch, *encoder_, ordinal, changes.info().version));
  }
  meter_.bytes_read += changes.splits()[split].bytes;
  return Status::Ok();
}

}  // namespace spillway
