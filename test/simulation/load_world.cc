#include "simulation/load_world.h"

#include <fmt/format.h>

#include <atomic>
#include <fstream>
#include <set>
#include <utility>

namespace spillway {
namespace {

constexpr int64_t kVersionFactor = 1'000'000;  // a value says which version wrote it
constexpr size_t kIdBytesMax = 100;            // of MemoryDestination
constexpr int kDisturbedRunsMax = 4;

enum class RowKind { kDocument, kFiltered, kRejected };

RowKind KindOf(const MemoryRow& row) {
  if (row.value < 0) return RowKind::kFiltered;
  return row.id.size() > kIdBytesMax ? RowKind::kRejected : RowKind::kDocument;
}

std::string KeyOf(const MemoryRow& row) {
  return fmt::format("[\"{}\"]/{}", row.category, row.id);
}

std::string BodyOf(const MemoryRow& row) {
  return fmt::format(R"({{"id":"{}","category":"{}","value":{}}})", row.id, row.category,
                     row.value);
}

int64_t VersionOf(const std::string& body) {
  const size_t at = body.rfind(':');
  return at == std::string::npos ? 0 : std::stoll(body.substr(at + 1)) / kVersionFactor;
}

}  // namespace

LoadWorld::LoadWorld(uint64_t seed, std::filesystem::path folder)
    : SimulatedWorld(seed, std::move(folder)), source_(static_cast<uint32_t>(10 + Draw(90))) {
  DrawOptions();
  DrawTable();
  DrawFaults(options_.settle);
}

void LoadWorld::DrawOptions() {
  options_.pipeline = kPipeline;
  options_.spill_folder = (folder_ / "spill").string();
  options_.readers_max = static_cast<uint32_t>(1 + Draw(3));
  options_.lanes_max = static_cast<uint32_t>(1 + Draw(6));
  options_.memory_bytes_max = uint64_t{1} << (15 + Draw(6));
  options_.duplicates = Chance(0.5) ? DuplicatePolicy::kLast : DuplicatePolicy::kFail;
  options_.max_rejected = {.rows = 1'000'000, .share = std::nullopt};
  options_.settle = std::chrono::milliseconds(Chance(0.3) ? 4'000 : 400);
  options_.lease = std::chrono::hours(1);
  // Virtual time runs ahead with every thread that waits, while others wait for a processor.
  options_.row_failing_max = std::chrono::hours(1'000);
  options_.checkpoint_interval = std::chrono::milliseconds(300 + Draw(2'000));
  plan_ += fmt::format("seed {}: state {}, readers {}, lanes {}, memory {}, duplicates {}", seed_,
                       store_.name(), options_.readers_max, options_.lanes_max,
                       options_.memory_bytes_max,
                       options_.duplicates == DuplicatePolicy::kLast ? "last" : "fail");
}

void LoadWorld::DrawTable() {
  MemorySplits splits(1 + Draw(5));
  const uint64_t rows_max = 1 + Draw(300);
  const uint64_t categories = 1 + Draw(12);
  const bool hot = Chance(0.2);  // one lane gets most of the rows, and falls far behind
  if (hot) destination_.mutable_capabilities().rows_max = 5;
  std::vector<MemoryRow> all;
  for (size_t split = 0; split < splits.size(); ++split) {
    for (uint64_t row = Draw(rows_max + 1); row > 0; --row) {
      const uint64_t category = hot && Chance(0.7) ? 0 : Draw(categories);
      MemoryRow made{fmt::format("{}-{}", split, row), fmt::format("c{}", category), 0};
      if (Chance(0.01)) made.id = std::string(kIdBytesMax + 1, 'x') + made.id;
      if (options_.duplicates == DuplicatePolicy::kLast && !all.empty() && Chance(0.05)) {
        made = all[Draw(all.size())];
      }
      all.push_back(made);
      splits[split].push_back(std::move(made));
    }
  }
  plan_ += fmt::format(", {} splits, {} rows{}", splits.size(), all.size(), hot ? ", hot" : "");
  versions_[1] = std::move(splits);
  DrawVersion(1);
}

// The rows of the table with values that belong to the version.
void LoadWorld::DrawVersion(int64_t version) {
  MemorySplits splits = versions_.begin()->second;
  int64_t number = 0;
  for (auto& split : splits) {
    for (MemoryRow& row : split) {
      const bool filtered = version == 1 ? Chance(0.02) : row.value < 0;
      row.value = version * kVersionFactor + ++number;
      if (filtered) row.value = -row.value;
    }
  }
  source_.SetVersion(version, splits);
  versions_[version] = std::move(splits);
}

uint64_t LoadWorld::IdentityBytes() const {
  std::error_code error;
  uint64_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(options_.spill_folder, error)) {
    if (file.path().extension() == ".identities") bytes = std::filesystem::file_size(file, error);
  }
  return error ? 0 : bytes;
}

// As a power loss does: what was written after the last sync is there in part, or not, or is
// rubbish.
void LoadWorld::LoseUnsyncedIdentities(uint64_t durable, uint64_t written) {
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(options_.spill_folder, error)) {
    if (file.path().extension() != ".identities" || written < durable) continue;
    std::filesystem::resize_file(file, durable + Draw(written - durable + 1), error);
    if (!Chance(0.3)) continue;
    std::ofstream(file.path(), std::ios::app) << std::string(Draw(100), 'z');
  }
}

Result<LoadSummary> LoadWorld::Run(End end, uint64_t after_events) {
  auto opened = store_.Open();
  if (!opened.ok()) return std::move(opened).status();
  std::stop_source stop;
  std::atomic<uint64_t> durable{0};
  std::atomic<uint64_t> written{0};
  durable = IdentityBytes();
  CrashPoint crash(end == End::kCrash ? after_events : 0, [&] { written = IdentityBytes(); });
  std::atomic<uint64_t> calls{0};
  destination_.OnCall([&](std::span<const Document>) {
    if (end == End::kStop && ++calls == after_events) stop.request_stop();
    return Status::Ok();
  });
  source_.OnNext(FailingAfter(end, after_events));
  const auto store = MakeCrashingStore(**opened, crash, [&] { durable = IdentityBytes(); });
  const auto destination = MakeCrashingDestination(destination_, crash);
  const LoadParts parts{source_, *destination, *store, clock_};
  Result<LoadSummary> summary = store_.Outlive(options_.lease, [&] {
    return RunLoad(parts, documents_, options_, {}, CallContext{.stop = stop.get_token()});
  });
  if (crash.crashed()) LoseUnsyncedIdentities(durable, written);
  return summary;
}

std::vector<std::string> LoadWorld::Live() {
  for (uint64_t disturbed = Draw(kDisturbedRunsMax + 1); disturbed > 0; --disturbed) {
    const End end = DrawEnd();
    const uint64_t events = 1 + Draw(1 + Draw(100));
    plan_ += fmt::format("; {} after {}", NameOf(end), events);
    const Result<LoadSummary> summary = Run(end, events);
    plan_ += summary.ok() ? " (finished)" : fmt::format(" ({})", summary.status().ToString());
    options_.restart = false;
    CheckCheckpoint();
    if (Chance(0.2)) {
      plan_ += "; a new version, loaded anew";
      DrawVersion(versions_.rbegin()->first + 1);
      options_.restart = true;
    }
  }
  const Result<LoadSummary> summary = Run(End::kLeftAlone, 0);
  Expect(summary.ok(), fmt::format("the run left alone failed: {}",
                                   summary.ok() ? "" : summary.status().ToString()));
  if (summary.ok()) CheckFinished(*summary);
  CheckCheckpoint();
  CheckHistory();
  return broken_;
}

// I4 and I5: what the stored position says is settled was applied before this moment, and is
// counted.
void LoadWorld::CheckCheckpoint() {
  const auto store = *store_.Open();
  const auto checkpoint = *store->LoadCheckpoint(kPipeline);
  if (!checkpoint.has_value()) return;
  std::set<std::string> applied;
  for (const AppliedWrite& write : destination_.History()) applied.insert(write.body);
  uint64_t rows_settled = 0;
  const std::vector<SplitProgress> splits = *store->LoadProgress(kPipeline);
  for (const SplitProgress& progress : splits) {
    const auto& rows = Rows(checkpoint->version)[progress.split];
    rows_settled += progress.rows_settled;
    for (uint64_t row = 0; row < progress.rows_settled; ++row) {
      if (KindOf(rows[row]) != RowKind::kDocument) continue;
      Expect(applied.contains(BodyOf(rows[row])),
             fmt::format("row {} of split {} is behind the checkpoint and was never applied", row,
                         progress.split));
    }
    Expect(!progress.complete || progress.rows_settled == rows.size(),
           fmt::format("split {} is complete with {} of {} rows", progress.split,
                       progress.rows_settled, rows.size()));
  }
  Expect(checkpoint->counts.AddsUp(), "the stored counts do not add up");
  Expect(checkpoint->counts.read == rows_settled,
         fmt::format("{} rows counted, {} settled", checkpoint->counts.read, rows_settled));
}

// I2: no key goes back to an older version.
void LoadWorld::CheckHistory() {
  std::map<std::string, int64_t> newest;
  for (const AppliedWrite& write : destination_.History()) {
    int64_t& version = newest[write.key];
    Expect(VersionOf(write.body) >= version,
           fmt::format("{} went from version {} back to {}", write.key, version,
                       VersionOf(write.body)));
    version = VersionOf(write.body);
  }
  for (const std::string& violation : destination_.Violations()) Expect(false, violation);
}

// I1 and I4 at the end.
void LoadWorld::CheckFinished(const LoadSummary& summary) {
  std::map<std::string, std::string> expected;
  IntentCounts counts;
  for (const auto& split : Rows(summary.totals.version)) {
    for (const MemoryRow& row : split) {
      ++counts.read;
      if (KindOf(row) == RowKind::kFiltered) ++counts.filtered;
      if (KindOf(row) == RowKind::kRejected) ++counts.rejected;
      if (KindOf(row) != RowKind::kDocument) continue;
      counts.superseded += expected.contains(KeyOf(row));
      expected[KeyOf(row)] = BodyOf(row);
    }
  }
  counts.upserted = expected.size();
  // Which of them were there before depends on what earlier runs left behind.
  counts.inserted = summary.totals.counts.inserted;
  counts.replaced = summary.totals.counts.replaced;
  Expect(counts.AddsUp(), "more were inserted or replaced than upserted");
  Expect(destination_.Contents() == expected, "the container does not equal the mapped table");
  Expect(summary.totals.counts == counts,
         fmt::format("counted {} read, {} upserted, {} superseded, {} filtered, {} rejected; there"
                     " are {}, {}, {}, {}, {}",
                     summary.totals.counts.read, summary.totals.counts.upserted,
                     summary.totals.counts.superseded, summary.totals.counts.filtered,
                     summary.totals.counts.rejected, counts.read, counts.upserted,
                     counts.superseded, counts.filtered, counts.rejected));
  const auto store = *store_.Open();
  const auto listed = *store->Rejected(kPipeline, std::nullopt, 1'000'000);
  Expect(
      listed.size() == counts.rejected,
      fmt::format("{} rejected rows are listed, {} were rejected", listed.size(), counts.rejected));
}

}  // namespace spillway
