#include "app/verify_exchange.h"

#include <algorithm>
#include <utility>

namespace spillway {
namespace {

// How often the verification looks for outcomes.
constexpr std::chrono::milliseconds kLookAgain{20};
// Of a part: its records are in memory, here and there, 40 bytes each and those of the destination
// with their keys.
constexpr uint64_t kPartRowsMax = 1'000'000;
constexpr uint64_t kPartDocumentsMax = 500'000;
constexpr uint64_t kPartsPerPlace = 4;
constexpr uint64_t kPartRowsMin = 20'000;  // fewer are not worth more tasks
// Of a split whose rows are not counted.
constexpr uint64_t kRowsNotKnown = kPartRowsMax / 4;
constexpr uint64_t kDestinationPartsMax = 4'096;

}  // namespace

void VerifyExchange::GiveOut(const VerifyPartWork& part) {
  {
    std::lock_guard lock(mutex_);
    open_.insert(given_out_);
  }
  // Never full; and when the verification has ended nobody needs it.
  [[maybe_unused]] const Status pushed = parts_.Push(VerifyPartText(given_out_, part), 1, {});
  ++given_out_;
}

// Splits together, as long as they are small; a large one in several parts.
void VerifyExchange::GiveOutRows(const VerifyCrewWork& work) {
  uint64_t rows = 0;
  for (const Split& split : work.splits) rows += split.rows.value_or(kRowsNotKnown);
  const uint64_t at_once =
      std::clamp(rows / (at_a_time_ * kPartsPerPlace), kPartRowsMin, kPartRowsMax);
  VerifyPartWork part;
  part.table_id = work.table_id;
  part.version = work.version;
  part.late_columns = work.late_columns;
  uint64_t taken = 0;
  const auto give_out = [&] {
    if (part.rows.empty()) return;
    GiveOut(part);
    part.rows.clear();
    part.keys.clear();
    taken = 0;
  };
  for (uint32_t i = 0; i < work.splits.size(); ++i) {
    const Split& split = work.splits[i];
    const uint64_t count = split.rows.value_or(kRowsNotKnown);
    if (taken + count > at_once) give_out();
    uint64_t first = 0;
    for (; split.rows.has_value() && count - first > at_once; first += at_once) {
      part.rows.push_back({i, first, at_once});
      part.keys.push_back(split.key);
      give_out();
    }
    part.rows.push_back({i, first, kAllRows});
    part.keys.push_back(split.key);
    taken += count - first;
  }
  give_out();
}

void VerifyExchange::GiveOutDocuments(const VerifyCrewWork& work) {
  const uint64_t by_size = work.documents / kPartDocumentsMax + 1;
  const uint64_t worth = std::min<uint64_t>(at_a_time_, work.documents / kPartRowsMin + 1);
  const uint64_t parts =
      work.divisible ? std::clamp<uint64_t>(by_size, worth, kDestinationPartsMax) : 1;
  for (uint64_t i = 0; i < parts; ++i) {
    VerifyPartWork part;
    part.side = VerifyOutcome::Side::kDestination;
    part.version = work.version;
    part.table_id = work.table_id;
    part.from = static_cast<double>(i) / static_cast<double>(parts);
    part.to = static_cast<double>(i + 1) / static_cast<double>(parts);
    GiveOut(part);
  }
}

bool VerifyExchange::TakeOutcomes(RunStop& stop,
                                  const std::function<Status(VerifyOutcome)>& on_outcome) {
  while (std::optional<ReadVerifyOutcome> read = outcomes_.TryPop()) {
    if (Status taken = on_outcome(std::move(read->outcome)); !taken.ok()) {
      stop.Stop(std::move(taken));
      return false;
    }
    std::lock_guard lock(mutex_);
    open_.erase(read->part);
  }
  std::lock_guard lock(mutex_);
  if (!failure_.ok()) stop.Stop(failure_);
  return failure_.ok();
}

bool VerifyExchange::AllDone() {
  std::lock_guard lock(mutex_);
  return open_.empty();
}

void VerifyExchange::Do(const VerifyCrewWork& work, std::chrono::milliseconds tick, RunStop& stop,
                        const std::function<Status(VerifyOutcome)>& on_outcome,
                        const std::function<void()>& on_tick) {
  GiveOutDocuments(work);
  GiveOutRows(work);
  SteadyTime next_tick = clock_.Now();
  while (!AllDone() && stop.cause().ok()) {
    if (!TakeOutcomes(stop, on_outcome)) break;
    if (clock_.Now() >= next_tick) {
      on_tick();
      next_tick = clock_.Now() + tick;
    }
    if (!AllDone()) clock_.WaitFor(kLookAgain, stop.token());
  }
  on_tick();
  parts_.Close(stop.cause());
  outcomes_.Close(stop.cause());
}

Status VerifyExchange::Put(std::string_view outcome) {
  ASSIGN_OR_RETURN(ReadVerifyOutcome read, ParseVerifyOutcome(outcome));
  {
    std::lock_guard lock(mutex_);
    if (open_.count(read.part) == 0 || !put_.insert(read.part).second) return Status::Ok();
  }
  return outcomes_.Push(std::move(read), 1, {});
}

void VerifyExchange::Fail(Status why) {
  parts_.Close(why);
  outcomes_.Close(why);
  std::lock_guard lock(mutex_);
  if (failure_.ok()) failure_ = std::move(why);
}

void VerifyExchange::Close() {
  parts_.Close();
  outcomes_.Close();
}

}  // namespace spillway
