#include "changes/index_window.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "changes/column_policy.h"
#include "changes/index_builder.h"
#include "changes/snapshot_compare.h"
#include "engine/held_memory.h"
#include "engine/load_plan.h"
#include "engine/worker_group.h"

namespace spillway {
namespace {

constexpr std::chrono::milliseconds kTick{250};

constexpr uint64_t BuilderMemory(uint64_t memory_bytes_max) {
  return memory_bytes_max / 8;
}

std::vector<std::string> ColumnsOf(const Snapshot& snapshot) {
  std::vector<std::string> columns;
  for (const ColumnInfo& column : snapshot.info().columns) columns.push_back(column.name);
  return columns;
}

bool Has(const std::vector<std::string>& columns, const std::string& column) {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

// Every document is compared by its bytes, so no change of columns can go by unseen. A new column
// alone is judged: left out where it is NULL, it changes no document.
Status AddLateColumns(const DocumentOptions& documents, const std::vector<std::string>& before,
                      const std::vector<std::string>& now, int64_t version,
                      std::vector<std::string>* late_columns) {
  std::vector<ColumnChange> added;
  for (const std::string& column : now) {
    if (Has(before, column)) continue;
    added.emplace_back().column = column;
  }
  return JudgeColumnChanges(added, documents, version, late_columns);
}

}  // namespace

IndexWindowReader::IndexWindowReader(const LoadParts& parts, const DocumentOptions& documents,
                                     const WindowReaderOptions& options, RunMeter& meter,
                                     RunStop& stop)
    : parts_(parts),
      documents_(documents),
      options_(options),
      meter_(meter),
      stop_(stop),
      ctx_{.stop = stop.token()},
      reading_(ReadingBytesMax(options.memory_bytes_max)) {}

Result<std::unique_ptr<Snapshot>> IndexWindowReader::Open(std::optional<int64_t> version) {
  VersionSelector at;
  at.version = version;
  return OpenMapped(parts_.source, documents_, at, BatchBytesTarget(options_.memory_bytes_max),
                    ctx_);
}

Result<std::unique_ptr<Snapshot>> IndexWindowReader::OpenNewest(std::optional<int64_t> until) {
  ASSIGN_OR_RETURN(std::unique_ptr<Snapshot> snapshot, Open(std::nullopt));
  if (!until.has_value() || snapshot->info().version <= *until) return snapshot;
  return Open(until);
}

// A version has the same number in a table that was created anew, and its id in a restored copy.
Status IndexWindowReader::CheckSameTable(const Checkpoint& checkpoint, const Snapshot& snapshot) {
  if (snapshot.position() == checkpoint.position) return Status::Ok();
  ChangesRequest request;
  request.after = checkpoint.position;
  request.policy = ChangePolicy::kDiff;
  request.until = checkpoint.version;
  return parts_.source.OpenChanges(request, ctx_).status();
}

Status IndexWindowReader::Build(const Checkpoint& checkpoint, TableIndex& index) {
  const auto doing = [&] {
    return fmt::format("making the index of version {}, which was read last", checkpoint.version);
  };
  Result<std::unique_ptr<Snapshot>> opened = Open(checkpoint.version);
  if (opened.status().code() == StatusCode::kNotFound) {
    opened = DataLoss(std::string(opened.status().message()))
                 .WithHint("Load the table anew with --resync.");
  }
  if (!opened.ok()) return std::move(opened).status().WithContext(doing());
  const Snapshot& snapshot = **opened;
  RETURN_IF_ERROR(CheckSameTable(checkpoint, snapshot));
  ASSIGN_OR_RETURN(
      const std::unique_ptr<DocumentEncoder> encoder,
      DocumentEncoder::Make(WithLateColumns(documents_, checkpoint.late_columns),
                            snapshot.schema()->get(), parts_.destination.capabilities()));
  IndexBuilder builder(
      fmt::format("{}/{}-index.spill", options_.spill_folder, FileNameFor(options_.pipeline)),
      BuilderMemory(options_.memory_bytes_max));
  RunStop reading(stop_.token());
  const CallContext ctx{.stop = reading.token()};
  const auto read = [&](uint32_t split) -> Status {
    HeldMemory held;
    ASSIGN_OR_RETURN(const std::unique_ptr<SplitReader> reader, snapshot.OpenSplit(split, 0, ctx));
    RETURN_IF_ERROR(held.Take(reading_, reader->held_bytes(), ctx.stop));
    while (true) {
      RETURN_IF_ERROR(ctx.CheckNotStopped());
      ASSIGN_OR_RETURN(const std::optional<Batch> batch, reader->Next(ctx));
      if (!batch.has_value()) break;
      ASSIGN_OR_RETURN(const std::shared_ptr<EncodedBatch> encoded,
                       encoder->Encode(*batch, Intent::kUpsert));
      RETURN_IF_ERROR(builder.Add(*encoded));
    }
    meter_.bytes_read += snapshot.splits()[split].bytes;
    return Status::Ok();
  };
  RETURN_IF_ERROR(RunWorkers(static_cast<uint32_t>(snapshot.splits().size()), options_.readers_max,
                             read, reading, parts_.clock, kTick, [] {})
                      .WithContext(doing()));
  columns_ = ColumnsOf(snapshot);
  return index.WriteBase(checkpoint.position, columns_,
                         [&](IndexFileWriter& writer) { return builder.WriteTo(writer); });
}

Result<std::unique_ptr<ChangeWindow>> IndexWindowReader::Read(const IndexWindowRequest& request,
                                                              const TableIndex& index) {
  const Checkpoint& checkpoint = request.checkpoint;
  auto window = std::make_unique<ChangeWindow>();
  window->after = checkpoint.version;
  window->through = checkpoint.version;
  window->late_columns = checkpoint.late_columns;
  window->images = std::make_unique<ImageCollector>(CollectorFor(options_));
  const bool is_begun = index.StandingAt(checkpoint.position) == IndexStanding::kBegun;
  const bool is_there = request.until.has_value() && *request.until <= checkpoint.version;
  if (is_there && !is_begun) return Finished(std::move(window));
  // Some keys may be at the version that was begun: behind it is no way (I2).
  std::optional<int64_t> until = request.until;
  if (until.has_value()) until = std::max({*until, checkpoint.begun_through, checkpoint.version});
  ASSIGN_OR_RETURN(const std::unique_ptr<Snapshot> snapshot, OpenNewest(until));
  if (snapshot->position() == checkpoint.position && !is_begun) return Finished(std::move(window));
  RETURN_IF_ERROR(Describe(*snapshot, request, *window));
  RETURN_IF_ERROR(AddLateColumns(documents_, index.columns(), columns_, window->through,
                                 &window->late_columns));
  RETURN_IF_ERROR(Compare(*snapshot, checkpoint, index, *window));
  return Finished(std::move(window));
}

Result<std::unique_ptr<ChangeWindow>> IndexWindowReader::Finished(
    std::unique_ptr<ChangeWindow> window) {
  RETURN_IF_ERROR(FinishWindow(options_, *window));
  return window;
}

Status IndexWindowReader::Describe(const Snapshot& snapshot, const IndexWindowRequest& request,
                                   ChangeWindow& window) {
  const TableInfo& info = snapshot.info();
  if (snapshot.splits().size() >= ImageRecord::kSplitsMax) {
    return TooLarge(fmt::format("comparing a table of {} files", snapshot.splits().size()));
  }
  window.through = info.version;
  window.position = snapshot.position();
  window.timestamp_ms = info.timestamp_ms;
  uint64_t versions = 1;
  if (info.table_id != request.checkpoint.table_id) {
    window.table_id = info.table_id;
  } else if (window.through > window.after) {
    versions = static_cast<uint64_t>(window.through - window.after);
  }
  window.methods = {{ChangeMethod::kIndex, request.reason, versions}};
  window.splits.reserve(snapshot.splits().size() + 1);
  for (const Split& split : snapshot.splits()) {
    window.splits.push_back({info.version, split.key});
    window.bytes_read += split.bytes;
  }
  window.splits.push_back({window.after, "the index"});  // of rows that vanished
  columns_ = ColumnsOf(snapshot);
  return Status::Ok();
}

Status IndexWindowReader::Compare(const Snapshot& snapshot, const Checkpoint& checkpoint,
                                  const TableIndex& index, ChangeWindow& window) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<DocumentEncoder> encoder,
      DocumentEncoder::Make(WithLateColumns(documents_, window.late_columns),
                            snapshot.schema()->get(), parts_.destination.capabilities()));
  const CompareParts parts{.snapshot = snapshot,
                           .encoder = *encoder,
                           .reading = reading_,
                           .meter = meter_,
                           .clock = parts_.clock,
                           .stop = stop_};
  const CompareOptions options{.spill_prefix = fmt::format("{}/{}-compare", options_.spill_folder,
                                                           FileNameFor(options_.pipeline)),
                               .memory_bytes_max = options_.memory_bytes_max,
                               .readers_max = options_.readers_max,
                               .rules = options_.rules};
  SnapshotCompare compare(parts, options, window);
  RETURN_IF_ERROR(compare.ReadHashes());
  ASSIGN_OR_RETURN(const std::unique_ptr<IndexCursor> cursor, index.Read(checkpoint.position));
  ASSIGN_OR_RETURN(const SnapshotCompare::Duplicate duplicate, compare.Compare(*cursor));
  if (duplicate.rows > 0 && options_.duplicates == DuplicatePolicy::kFail) {
    return Conflict(fmt::format("version {} has several rows with the same key ({} rows more than"
                                " keys); one of them is row {} of {}",
                                window.through, duplicate.rows, duplicate.row,
                                window.splits[duplicate.split].key))
        .WithHint("make the id unique in the table, or choose sync.duplicates: last");
  }
  return compare.ReadChanged();
}

}  // namespace spillway
