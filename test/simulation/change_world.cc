#include "simulation/change_world.h"

#include <fmt/format.h>

#include <atomic>
#include <set>
#include <utility>

namespace spillway {
namespace {

constexpr int kDisturbedRunsMax = 5;
constexpr const char* kMark = ",\"gone\":true}";

// What a write says of the row: nothing when it deletes or marks the document.
std::optional<std::string> StateOf(const std::string& body) {
  if (body.empty() || body.ends_with(kMark)) return std::nullopt;
  return body;
}

}  // namespace

ChangeWorld::ChangeWorld(uint64_t seed, std::filesystem::path folder)
    : SimulatedWorld(seed, std::move(folder)), source_(static_cast<uint32_t>(3 + Draw(30))) {
  const auto rows = static_cast<uint32_t>(Draw(120));
  table_ = std::make_unique<MemoryTable>(source_, seed, rows);
  versions_.push_back(table_->Documents());
  DrawOptions();
  plan_ += fmt::format(", {} rows", rows);
  DrawFaults(options_.settle);
}

void ChangeWorld::DrawOptions() {
  options_.pipeline = kPipeline;
  options_.spill_folder = (folder_ / "spill").string();
  options_.readers_max = static_cast<uint32_t>(1 + Draw(3));
  options_.lanes_max = static_cast<uint32_t>(1 + Draw(6));
  options_.memory_bytes_max = uint64_t{1} << (14 + Draw(9));
  options_.delete_guard.share.reset();
  options_.settle = std::chrono::milliseconds(Chance(0.3) ? 4'000 : 400);
  options_.lease = std::chrono::hours(1);
  // Virtual time runs ahead with every thread that waits, while others wait for a processor.
  options_.row_failing_max = std::chrono::hours(1'000);
  options_.checkpoint_interval = std::chrono::milliseconds(100 + Draw(1'000));
  if (seed_ % 5 == 2) options_.changes = ChangePolicy::kIndex;
  options_.keep_index = seed_ % 5 == 3;
  compares_ = options_.changes == ChangePolicy::kIndex || options_.keep_index;
  if (compares_) plan_ += "an index, ";
  if (seed_ % 4 == 0) {  // not drawn: other seeds keep their plans
    options_.mode = WriteMode::kSoftDelete;
    documents_.soft_delete = SoftDelete{"gone", "true"};
    plan_ += "soft deletes, ";
  }
  plan_ += fmt::format("seed {}: state {}, readers {}, lanes {}, memory {}", seed_, store_.name(),
                       options_.readers_max, options_.lanes_max, options_.memory_bytes_max);
}

void ChangeWorld::Commit() {
  std::lock_guard lock(table_mutex_);
  table_->CommitRandom();
  versions_.push_back(table_->Documents());
  if (compares_) Publish();
}

// The table as it is can be read as a whole, and for those that compare it nothing older, but for
// what was loaded.
void ChangeWorld::Publish() {
  MemorySplits splits(3);
  size_t at = 0;
  for (const auto& [id, row] : table_->rows()) splits[at++ % splits.size()].push_back(row);
  const int64_t version = table_->version();
  source_.SetVersion(version, std::move(splits));
  if (options_.changes == ChangePolicy::kIndex && version > 1) source_.RemoveVersion(version - 1);
}

Status ChangeWorld::Load() {
  ASSIGN_OR_RETURN(const auto store, store_.Open());
  LoadOptions load;
  load.pipeline = kPipeline;
  load.mode = options_.mode;
  load.lanes_max = options_.lanes_max;
  load.settle = options_.settle;
  load.lease = options_.lease;
  load.row_failing_max = options_.row_failing_max;
  load.spill_folder = options_.spill_folder;
  load.at.version = 0;
  const LoadParts parts{source_, destination_, *store, clock_};
  return RunLoad(parts, documents_, load, {}, {}).status();
}

Result<ChangeSummary> ChangeWorld::Run(End end, uint64_t after_events, bool continuous) {
  ASSIGN_OR_RETURN(const auto opened, store_.Open());
  std::stop_source stop;
  CrashPoint crash(end == End::kCrash ? after_events : 0, [&] { stop.request_stop(); });
  std::atomic<uint64_t> calls{0};
  // The table does not wait for us.
  const uint64_t commits_every = Chance(0.5) ? 1 + Draw(6) : 0;
  const uint64_t commits_max = Draw(25);
  destination_.OnCall([&, commits = uint64_t{0}](std::span<const Document>) mutable {
    const uint64_t call = ++calls;
    if (end == End::kStop && call == after_events) stop.request_stop();
    if (commits_every != 0 && call % commits_every == 0 && commits++ < commits_max) Commit();
    return Status::Ok();
  });
  source_.OnNext(FailingAfter(end, after_events));
  // A continuous run that nothing disturbs is stopped when the table has been quiet for a while.
  std::atomic<uint64_t> idle_polls{0};
  source_.OnPoll([&] {
    if (continuous && ++idle_polls > 50) stop.request_stop();
  });
  const auto store = MakeCrashingStore(*opened, crash, [] {});
  const auto destination = MakeCrashingDestination(destination_, crash);
  ChangeOptions options = options_;
  // Without a log nobody tells when the table is quiet.
  const bool compares = options.changes == ChangePolicy::kIndex;
  options.continuous = continuous && !compares;
  const LoadParts parts{source_, *destination, *store, clock_};
  Result<ChangeSummary> summary = store_.Outlive(options.lease, [&] {
    return RunChanges(parts, documents_, options, {}, CallContext{.stop = stop.get_token()});
  });
  source_.OnPoll({});
  source_.OnNext({});
  destination_.OnCall({});
  return summary;
}

// The commits so far are lost. What was begun before there was an index, only they can finish.
void ChangeWorld::MayCleanLog() {
  const auto store = *store_.Open();
  const auto checkpoint = *store->LoadCheckpoint(kPipeline);
  if (checkpoint->begun_through > checkpoint->version || Chance(0.5)) return;
  plan_ += "; log cleaned";
  source_.CleanLogBefore(table_->version() + 1);
}

void ChangeWorld::DisturbedRun() {
  if (options_.keep_index) MayCleanLog();
  for (uint64_t commits = Draw(8); commits > 0; --commits) Commit();
  const End end = DrawEnd();
  const uint64_t events = 1 + Draw(1 + Draw(60));
  const bool continuous = Chance(0.4);
  options_.until.reset();
  if (!continuous && Chance(0.3)) options_.until = static_cast<int64_t>(Draw(versions_.size()));
  plan_ += fmt::format("; {}{}{} after {}", continuous ? "continuous, " : "",
                       options_.until ? fmt::format("until {}, ", *options_.until) : "",
                       NameOf(end), events);
  const Result<ChangeSummary> summary = Run(end, events, continuous);
  plan_ += summary.ok() ? " (finished)" : fmt::format(" ({})", summary.status().ToString());
  CheckCheckpoint();
}

std::vector<std::string> ChangeWorld::Live() {
  const Status loaded = Load();
  Expect(loaded.ok(), loaded.ToString());
  if (!loaded.ok()) return broken_;
  for (uint64_t disturbed = Draw(kDisturbedRunsMax + 1); disturbed > 0; --disturbed) {
    DisturbedRun();
  }
  for (uint64_t commits = Draw(8); commits > 0; --commits) Commit();
  options_.until.reset();
  // The last run may end before what the table got during it; one more has nothing in its way.
  for (int run = 0; run < 2; ++run) {
    if (run == 1) destination_.SetFaults({});
    const Result<ChangeSummary> summary = Run(End::kLeftAlone, 0, false);
    Expect(summary.ok(), fmt::format("the run left alone failed: {}",
                                     summary.ok() ? "" : summary.status().ToString()));
  }
  // What it committed meanwhile.
  source_.OnNext({});
  const Result<ChangeSummary> last = Run(End::kLeftAlone, 0, true);
  const bool ended = options_.changes == ChangePolicy::kIndex
                         ? last.ok()
                         : last.status().code() == StatusCode::kCancelled;
  Expect(ended, last.ok() ? "it ended" : last.status().ToString());
  CheckCheckpoint();
  CheckFinished();
  CheckHistory();
  return broken_;
}

std::optional<std::string> ChangeWorld::At(const std::string& key, int64_t version) const {
  const Documents& documents = versions_[static_cast<size_t>(version)];
  const auto found = documents.find(key);
  return found == documents.end() ? std::nullopt : std::optional(found->second);
}

std::optional<int64_t> ChangeWorld::FirstVersionWith(const std::string& key,
                                                     const std::optional<std::string>& body,
                                                     int64_t from) const {
  for (auto version = from; version < static_cast<int64_t>(versions_.size()); ++version) {
    if (At(key, version) == body) return version;
  }
  return std::nullopt;
}

// I4 and I5: everything up to the stored version is in the destination, or something newer is.
void ChangeWorld::CheckCheckpoint() {
  const auto store = *store_.Open();
  const auto checkpoint = *store->LoadCheckpoint(kPipeline);
  Expect(checkpoint.has_value(), "the checkpoint is gone");
  if (!checkpoint.has_value()) return;
  Expect(checkpoint->counts.AddsUp(), "the stored counts do not add up");
  std::map<std::string, std::optional<std::string>> contents;
  for (const AppliedWrite& write : destination_.History()) {
    contents[write.key] = StateOf(write.body);
  }
  for (const auto& [key, body] : versions_[static_cast<size_t>(checkpoint->version)]) {
    contents.try_emplace(key);
  }
  for (const auto& [key, body] : contents) {
    Expect(FirstVersionWith(key, body, checkpoint->version).has_value(),
           fmt::format("{} is {} behind the checkpoint at version {}, where it is {}", key,
                       body.value_or("not there"), checkpoint->version,
                       At(key, checkpoint->version).value_or("not there")));
  }
  Documents there;
  for (const auto& [key, body] : contents) {
    if (body.has_value()) there[key] = *body;
  }
  CheckNoHole(checkpoint->version, std::max(checkpoint->begun_through, checkpoint->version), there);
}

// A row that only changes its key in the window at hand is somewhere at every moment, unless
// another row takes its old key. Its value tells it: values are not used twice.
void ChangeWorld::CheckNoHole(int64_t version, int64_t begun_through, const Documents& contents) {
  const auto value_of = [](const std::string& body) { return body.substr(body.rfind(':')); };
  const auto values_of = [&](const Documents& documents) {
    std::set<std::string> values;
    for (const auto& [key, body] : documents) values.insert(value_of(body));
    return values;
  };
  std::set<std::string> moved;
  for (const auto& [key, body] : versions_[static_cast<size_t>(version)]) {
    if (!At(key, begun_through).has_value()) moved.insert(value_of(body));
  }
  for (int64_t v = version; v <= begun_through; ++v) {
    const std::set<std::string> values = values_of(versions_[static_cast<size_t>(v)]);
    std::erase_if(moved, [&](const std::string& value) { return !values.contains(value); });
  }
  // A comparison may follow one that was cut off at any version between: that one may have given
  // the row's key, then or later, to another row, and not yet have come to the row itself.
  for (int64_t v = version; compares_ && v <= begun_through; ++v) {
    for (const auto& [key, body] : versions_[static_cast<size_t>(v)]) {
      for (int64_t later = v + 1; later <= begun_through; ++later) {
        const std::optional<std::string> taken = At(key, later);
        if (taken.has_value() && value_of(*taken) != value_of(body)) moved.erase(value_of(body));
      }
    }
  }
  const std::set<std::string> there = values_of(contents);
  for (const std::string& value : moved) {
    Expect(there.contains(value), fmt::format("the row with the value {} is nowhere", value));
  }
}

// I2: the writes of a key that were applied go forward through the versions.
void ChangeWorld::CheckHistory() {
  std::map<std::string, int64_t> reached;
  for (const AppliedWrite& write : destination_.History()) {
    const std::optional<std::string> body = StateOf(write.body);
    int64_t& version = reached[write.key];
    const std::optional<int64_t> now = FirstVersionWith(write.key, body, version);
    Expect(now.has_value(), fmt::format("{} went back from version {} to {}", write.key, version,
                                        body.value_or("not there")));
    version = now.value_or(version);
  }
  for (const std::string& violation : destination_.Violations()) Expect(false, violation);
}

// I1, and that every image was counted.
void ChangeWorld::CheckFinished() {
  const auto store = *store_.Open();
  const auto checkpoint = *store->LoadCheckpoint(kPipeline);
  Expect(checkpoint->version == table_->version(),
         fmt::format("it ended at version {} of {}", checkpoint->version, table_->version()));
  Expect(checkpoint->begun_through <= checkpoint->version, "a window is still open");
  Documents live = destination_.Contents();
  std::erase_if(live, [](const auto& entry) { return !StateOf(entry.second).has_value(); });
  Expect(live == versions_.back(), "the container does not equal the table");
  if (options_.mode == WriteMode::kSoftDelete) CheckNothingWasDeleted();
  Expect(checkpoint->documents == versions_.back().size(),
         fmt::format("{} documents counted, {} are there", checkpoint->documents,
                     versions_.back().size()));
  if (compares_) return;  // which counts every row that is there
  Expect(
      checkpoint->counts.read == table_->images(),
      fmt::format("{} images counted, there were {}", checkpoint->counts.read, table_->images()));
}

void ChangeWorld::CheckNothingWasDeleted() {
  const Documents there = destination_.Contents();
  for (const AppliedWrite& write : destination_.History()) {
    Expect(there.contains(write.key), write.key + " is marked in no document");
  }
}

}  // namespace spillway
