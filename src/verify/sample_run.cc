#include "verify/sample_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <random>
#include <utility>

#include "changes/column_policy.h"
#include "connector/place_reading.h"
#include "engine/load_plan.h"
#include "engine/run_journal.h"
#include "engine/run_stop.h"
#include "engine/worker_group.h"
#include "json/canonical_hash.h"
#include "json/document_key.h"
#include "json/json_member.h"
#include "verify/confidence.h"
#include "verify/key_history.h"
#include "verify/key_scan.h"
#include "verify/row_draw.h"

namespace spillway {
namespace {

constexpr uint32_t kReaders = 2;     // of the table
constexpr uint32_t kLookups = 8;     // that ask the destination at the same time
constexpr uint64_t kPlacesMax = 32;  // of the destination that documents are drawn from
// A place where so many times the documents are that there should be is not read to its end: many
// share a partition key there.
constexpr uint64_t kCrowdedPlace = 4;
constexpr std::chrono::milliseconds kTick{250};
// Drawn rows stand alone: a batch of few is decoded as cheaply.
constexpr uint64_t kBatchBytes = 256 << 10;
// A read by key costs this for the first kilobyte.
constexpr double kReadUnits = 1;

// A drawn row, as its document should be, and what was found of it.
struct Drawn {
  Mismatch document;
  Hash128 route;
  KeyFile::Key key;
  bool there = false;
};

class SampleRun {
 public:
  SampleRun(const LoadParts& parts, const DocumentOptions& documents, const SampleOptions& options,
            RunStop& stop)
      : parts_(parts),
        documents_(documents),
        options_(options),
        stop_(stop),
        ctx_{.stop = stop.token()} {}

  Result<SampleSummary> Execute() {
    RETURN_IF_ERROR(Open());
    RETURN_IF_ERROR(DrawFromTable());
    ShowEstimate();
    RETURN_IF_ERROR(LookUp());
    RETURN_IF_ERROR(Judge());
    RETURN_IF_ERROR(DrawFromDestination());
    summary_.differing_share_max =
        DifferingShareMax(summary_.drawn, summary_.missing + summary_.different);
    return std::move(summary_);
  }

 private:
  Status Open() {
    summary_.seed = options_.seed.value_or(std::random_device{}());
    ASSIGN_OR_RETURN(before_, parts_.state.LoadCheckpoint(options_.pipeline));
    at_ = options_.at;
    if (!at_.given() && before_.has_value()) at_.version = before_->version;
    if (options_.limit.is_set()) {
      ASSIGN_OR_RETURN(pace_,
                       ReadPace::Make(parts_.destination, parts_.clock, options_.limit, ctx_));
    }
    // So that documents can be asked for in the order of the destination.
    RETURN_IF_ERROR(parts_.destination.PlanLanes(1, ctx_).status());
    ASSIGN_OR_RETURN(snapshot_, OpenMapped(parts_.source, documents_, at_, kBatchBytes, ctx_));
    at_.version = summary_.version = snapshot_->info().version;
    at_.timestamp_ms.reset();
    const std::vector<std::string> late = before_.has_value()
                                              ? KnownLateColumns(before_->late_columns, *snapshot_)
                                              : std::vector<std::string>();
    const DocumentOptions mapped = WithLateColumns(documents_, late);
    ASSIGN_OR_RETURN(encoder_, DocumentEncoder::Make(mapped, snapshot_->schema()->get(),
                                                     parts_.destination.capabilities()));
    return Status::Ok();
  }

  Status DrawFromTable() {
    ASSIGN_OR_RETURN(const RowDraw draw,
                     DrawRows(snapshot_->splits(), options_.rows, summary_.seed));
    summary_.rows_total = draw.rows_total;
    std::vector<const std::pair<const uint32_t, std::vector<uint64_t>>*> work;
    for (const auto& split : draw.rows) work.push_back(&split);
    const auto read = [&](uint32_t task) {
      return ReadRows(work[task]->first, work[task]->second)
          .WithContext(fmt::format("reading {}", snapshot_->splits()[work[task]->first].key));
    };
    RETURN_IF_ERROR(RunWorkers(static_cast<uint32_t>(work.size()), kReaders, read, stop_,
                               parts_.clock, kTick, [] {}));
    summary_.drawn = drawn_.size();
    std::sort(drawn_.begin(), drawn_.end(),
              [](const Drawn& a, const Drawn& b) { return a.route < b.route; });
    return Status::Ok();
  }

  Status ReadRows(uint32_t split, const std::vector<uint64_t>& rows) {
    ASSIGN_OR_RETURN(const std::unique_ptr<SplitReader> reader,
                     snapshot_->OpenRows(split, rows, ctx_));
    if (reader == nullptr) return ReadSplitForRows(split, rows);
    while (true) {
      RETURN_IF_ERROR(ctx_.CheckNotStopped());
      ASSIGN_OR_RETURN(const std::optional<Batch> batch, reader->Next(ctx_));
      if (!batch.has_value()) return Status::Ok();
      const auto row_of = [&](uint32_t row) {
        return std::optional<uint64_t>(rows[batch->first_row + row]);
      };
      RETURN_IF_ERROR(Take(*batch, row_of));
    }
  }

  // Of a source that cannot leave rows out: reads them all.
  Status ReadSplitForRows(uint32_t split, const std::vector<uint64_t>& rows) {
    ASSIGN_OR_RETURN(const std::unique_ptr<SplitReader> reader,
                     snapshot_->OpenSplit(split, rows.front(), ctx_));
    while (true) {
      RETURN_IF_ERROR(ctx_.CheckNotStopped());
      ASSIGN_OR_RETURN(const std::optional<Batch> batch, reader->Next(ctx_));
      if (!batch.has_value() || batch->first_row > rows.back()) return Status::Ok();
      const auto row_of = [&](uint32_t row) {
        const uint64_t place = batch->first_row + row;
        const bool wanted = std::binary_search(rows.begin(), rows.end(), place);
        return wanted ? std::optional<uint64_t>(place) : std::nullopt;
      };
      RETURN_IF_ERROR(Take(*batch, row_of));
    }
  }

  // `row_of`: where a row of the batch stands in its split; nullopt: it was not drawn.
  template <typename RowOf>
  Status Take(const Batch& batch, const RowOf& row_of) {
    ASSIGN_OR_RETURN(const std::shared_ptr<EncodedBatch> encoded,
                     encoder_->Encode(batch, Intent::kUpsert));
    for (const Document& document : encoded->documents) {
      const std::optional<uint64_t> row = row_of(document.row);
      if (!row.has_value()) continue;
      Drawn drawn;
      drawn.document.identity = document.identity;
      drawn.document.row_place = PackPlace(encoded->split, *row) | kIsDocument;
      ASSIGN_OR_RETURN(drawn.document.expected,
                       CanonicalHash(document.body, options_.ignored_fields));
      drawn.route = parts_.destination.Route(document);
      drawn.key = {.partition_key = std::string(document.partition_key),
                   .id = std::string(document.id)};
      std::lock_guard lock(mutex_);
      drawn_.push_back(std::move(drawn));
    }
    return Status::Ok();
  }

  void ShowEstimate() {
    ReadEstimate estimate{.documents = summary_.drawn};
    if (parts_.destination.capabilities().measures_cost) {
      estimate.cost = kReadUnits * static_cast<double>(summary_.drawn);
    }
    summary_.estimated_cost = estimate.cost;
    if (options_.on_estimate) options_.on_estimate(estimate);
  }

  // Neighbours in the destination are asked for together.
  Status LookUp() {
    const uint64_t part = drawn_.size() / kLookups + 1;
    const auto look = [&](uint32_t task) -> Status {
      const uint64_t first = std::min<uint64_t>(task * part, drawn_.size());
      const uint64_t count = std::min<uint64_t>(part, drawn_.size() - first);
      return LookUpPart(std::span(drawn_).subspan(first, count));
    };
    return RunWorkers(kLookups, kLookups, look, stop_, parts_.clock, kTick, [] {});
  }

  Status LookUpPart(std::span<Drawn> part) {
    if (part.empty()) return Status::Ok();
    ASSIGN_OR_RETURN(const std::unique_ptr<KeyReader> reader,
                     parts_.destination.OpenKeyReader(ctx_));
    while (!part.empty()) {
      const std::span<Drawn> now = part.first(std::min(part.size(), reader->keys_max()));
      part = part.subspan(now.size());
      std::vector<DocumentKey> keys;
      for (const Drawn& drawn : now) keys.push_back({drawn.key.partition_key, drawn.key.id});
      ASSIGN_OR_RETURN(const std::vector<std::optional<std::string>> bodies,
                       PacedRead(*reader, pace_.get(), keys, ctx_));
      for (size_t i = 0; i < now.size(); ++i) {
        now[i].there = bodies[i].has_value();
        if (!now[i].there) continue;
        ASSIGN_OR_RETURN(now[i].document.found, CanonicalHash(*bodies[i], options_.ignored_fields));
      }
    }
    std::lock_guard lock(mutex_);
    summary_.cost += reader->cost();
    return Status::Ok();
  }

  Status Judge() {
    std::vector<const Drawn*> suspects;
    for (const Drawn& drawn : drawn_) {
      const bool equal = drawn.there && drawn.document.found == drawn.document.expected;
      if (equal) {
        ++summary_.equal;
      } else {
        suspects.push_back(&drawn);
      }
    }
    ASSIGN_OR_RETURN(const KeyHistory history, HistoryOf(suspects));
    for (const Drawn* drawn : suspects) {
      const DocumentState state =
          drawn->there ? DocumentState(drawn->document.found) : std::nullopt;
      const int64_t first = before_.has_value() ? before_->version : summary_.version;
      const bool moved =
          through_ > first &&
          history.Had(drawn->document.identity, drawn->document.expected, state, first, through_);
      if (moved) {
        ++summary_.moving;
        continue;
      }
      ++(drawn->there ? summary_.different : summary_.missing);
      if (summary_.differences.size() >= options_.differences_max) continue;
      Mismatch mismatch = drawn->document;
      mismatch.kind = drawn->there ? DifferenceKind::kDifferent : DifferenceKind::kMissing;
      ASSIGN_OR_RETURN(summary_.differences.emplace_back(),
                       DescribeMismatch({parts_, options_.pipeline, *snapshot_, *encoder_, nullptr,
                                         options_.ignored_fields, documents_.stamp_field},
                                        mismatch, ctx_));
    }
    return Status::Ok();
  }

  // Of what differs, at the versions that the pipeline came through while it was read.
  Result<KeyHistory> HistoryOf(const std::vector<const Drawn*>& suspects) {
    std::vector<Hash128> identities;
    for (const Drawn* drawn : suspects) identities.push_back(drawn->document.identity);
    std::sort(identities.begin(), identities.end());
    KeyHistory history(std::move(identities));
    if (suspects.empty() || options_.at.given() || !before_.has_value()) return history;
    ASSIGN_OR_RETURN(const std::optional<Checkpoint> after,
                     parts_.state.LoadCheckpoint(options_.pipeline));
    if (!after.has_value() || after->mapping_hash != before_->mapping_hash) return history;
    through_ = std::max(after->version, after->begun_through);
    if (through_ <= before_->version) return history;
    const HistoryParts reading{parts_.source, parts_.destination.capabilities(), documents_,
                               options_.ignored_fields};
    RETURN_IF_ERROR(history.Read(reading, *before_, through_, ctx_)
                        .WithContext("telling what differs from what was moving"));
    return history;
  }

  // Documents of random places, and which of their keys no row has.
  Status DrawFromDestination() {
    auto* const reading = dynamic_cast<PlaceReading*>(&parts_.destination);
    const uint64_t documents =
        std::max<uint64_t>(before_.has_value() ? before_->documents : summary_.rows_total, 1);
    const uint64_t places = std::min<uint64_t>(kPlacesMax, options_.rows);
    const uint64_t per_place = options_.rows / places;
    const double width =
        std::min(static_cast<double>(per_place) / static_cast<double>(documents), 1.0 / kPlacesMax);
    if (reading == nullptr) return Status::Ok();
    ASSIGN_OR_RETURN(const std::unique_ptr<KeyFile> keys,
                     KeyFile::Create(fmt::format("{}/{}-sample-keys.spill", options_.spill_folder,
                                                 FileNameFor(options_.pipeline))));
    std::mt19937_64 random(summary_.seed);
    std::map<Hash128, uint64_t> drawn;  // identity → place in `keys`
    for (uint64_t place = 0; place < places; ++place) {
      const double from = std::uniform_real_distribution<>(0, 1 - width)(random);
      ASSIGN_OR_RETURN(const std::unique_ptr<DocumentReader> reader,
                       reading->OpenReaderOfPart(from, from + width, ctx_));
      if (reader == nullptr) return Status::Ok();
      PacedReader paced(*reader, pace_.get());
      RETURN_IF_ERROR(TakePlace(paced, kCrowdedPlace * per_place, *keys, drawn));
      summary_.cost += reader->cost();
    }
    summary_.destination_drawn = drawn.size();
    RETURN_IF_ERROR(TakeKnownKeys(parts_, documents_, at_, drawn, stop_));
    summary_.extra = drawn.size();
    for (const auto& [identity, place] : drawn) {
      if (summary_.differences.size() >= options_.differences_max) break;
      ASSIGN_OR_RETURN(KeyFile::Key key, keys->Read(place));
      Difference& extra = summary_.differences.emplace_back();
      extra.kind = DifferenceKind::kExtra;
      extra.partition_key = std::move(key.partition_key);
      extra.id = std::move(key.id);
    }
    return Status::Ok();
  }

  Status TakePlace(DocumentReader& reader, uint64_t count_max, KeyFile& keys,
                   std::map<Hash128, uint64_t>& drawn) {
    for (uint64_t taken = 0; taken < count_max;) {
      ASSIGN_OR_RETURN(std::span<const StoredDocument> page, reader.NextPage(ctx_));
      if (page.empty()) return Status::Ok();
      page = page.first(std::min<size_t>(page.size(), count_max - taken));
      taken += page.size();
      ASSIGN_OR_RETURN(const std::vector<uint64_t> places, keys.Append(page));
      for (size_t i = 0; i < page.size(); ++i) {
        RETURN_IF_ERROR(TakeDocument(page[i], places[i], drawn));
      }
    }
    return Status::Ok();
  }

  Status TakeDocument(const StoredDocument& document, uint64_t place,
                      std::map<Hash128, uint64_t>& drawn) const {
    const std::optional<SoftDelete>& mark = documents_.soft_delete;
    if (mark.has_value()) {
      ASSIGN_OR_RETURN(const bool marked, HasMember(document.body, mark->field, mark->value));
      if (marked) return Status::Ok();
    }
    ASSIGN_OR_RETURN(const std::string key, CanonicalPartitionKey(document.partition_key));
    drawn.emplace(DocumentIdentity(key, document.id), place);
    return Status::Ok();
  }

  const LoadParts& parts_;
  const DocumentOptions& documents_;
  const SampleOptions& options_;
  RunStop& stop_;
  const CallContext ctx_;
  std::optional<Checkpoint> before_;  // anything was read
  VersionSelector at_;
  int64_t through_ = 0;  // the last version that the pipeline came through meanwhile
  std::unique_ptr<ReadPace> pace_;
  std::unique_ptr<Snapshot> snapshot_;
  std::unique_ptr<DocumentEncoder> encoder_;
  std::mutex mutex_;  // of what several threads add to
  std::vector<Drawn> drawn_;
  SampleSummary summary_;
};

}  // namespace

Result<SampleSummary> RunSample(const LoadParts& parts, const DocumentOptions& documents,
                                const SampleOptions& options, const CallContext& ctx) {
  if (options.spill_folder.empty()) return InvalidArgument("a spill folder is needed");
  if (options.rows == 0 || options.rows > kSampleMax) {
    return InvalidArgument(fmt::format("a sample has 1 to {} documents", kSampleMax));
  }
  RunStop stop(ctx.stop);
  ASSIGN_OR_RETURN(RunJournal journal,
                   RunJournal::Start(parts.state, parts.clock, options.pipeline, "verify"));
  Result<SampleSummary> result = SampleRun(parts, documents, options, stop).Execute();
  if (result.ok()) {
    journal.SetVersion(result->version);
    journal.SetCost(result->cost);
    journal.SetMessage(
        fmt::format("of {} drawn: {} missing, {} different; of {} drawn from the"
                    " destination: {} extra",
                    result->drawn, result->missing, result->different, result->destination_drawn,
                    result->extra));
  }
  return journal.Close(std::move(result));
}

}  // namespace spillway
