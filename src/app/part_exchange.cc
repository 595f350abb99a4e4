#include "app/part_exchange.h"

#include <algorithm>
#include <utility>

#include "app/part_text.h"

namespace spillway {
namespace {

// How often the load looks for outcomes.
constexpr std::chrono::milliseconds kLookAgain{20};
constexpr uint64_t kPartsPerPlace = 4;
constexpr uint64_t kPartBytesMin = 8 << 20;  // compressed: less is not worth more tasks
constexpr uint64_t kPartBytesMax = 1 << 30;
// The identities of a part are in memory, 24 bytes each.
constexpr uint64_t kPartRowsMax = 4'000'000;

}  // namespace

void PartExchange::GiveOut(CrewWork work) {
  uint64_t bytes_left = 0;
  for (const SplitWork& split : work.work) bytes_left += work.splits[split.split].bytes;
  const uint64_t places = uint64_t{at_a_time_} * kPartsPerPlace;
  const uint64_t bytes_min = std::min(kPartBytesMin, bytes_left / at_a_time_ + 1);
  const uint64_t bytes_max = std::clamp(bytes_left / places, bytes_min, kPartBytesMax);
  SplitRunWork part{work.table_id, work.version, work.run_id, {}, {}};
  uint64_t bytes = 0;
  uint64_t rows = 0;
  uint32_t number = 0;
  const auto give_out = [&] {
    if (part.work.empty()) return;
    {
      std::lock_guard lock(mutex_);
      open_.insert(number);
    }
    // Never full; and when the load has ended nobody needs it.
    [[maybe_unused]] const Status pushed = parts_.Push(PartText(number++, part), 1, {});
    part.work.clear();
    part.keys.clear();
    bytes = rows = 0;
  };
  for (SplitWork& split : work.work) {
    const Split& whole = work.splits[split.split];
    if (bytes + whole.bytes > bytes_max || rows + whole.rows.value_or(0) > kPartRowsMax) give_out();
    bytes += whole.bytes;
    rows += whole.rows.value_or(0);
    part.keys.push_back(whole.key);
    part.work.push_back(std::move(split));
  }
  give_out();
}

void PartExchange::SetLimit(const ThroughputLimit& limit) {
  std::lock_guard lock(mutex_);
  limit_ = limit;
}

std::optional<ThroughputLimit> PartExchange::limit() const {
  std::lock_guard lock(mutex_);
  return limit_;
}

std::deque<CrewOutcome> PartExchange::TakeOutcomes(RunStop& stop) {
  std::lock_guard lock(mutex_);
  if (!failure_.ok()) stop.Stop(failure_);
  return std::exchange(outcomes_, {});
}

bool PartExchange::AllDone() {
  std::lock_guard lock(mutex_);
  return open_.empty() && outcomes_.empty();
}

void PartExchange::Do(CrewWork work, std::chrono::milliseconds tick, RunStop& stop,
                      const std::function<Status(CrewOutcome)>& on_outcome,
                      const std::function<void()>& on_tick) {
  GiveOut(std::move(work));
  SteadyTime next_tick = clock_.Now();
  while (!AllDone() && stop.cause().ok()) {
    for (CrewOutcome& outcome : TakeOutcomes(stop)) {
      if (Status taken = on_outcome(std::move(outcome)); !taken.ok()) {
        stop.Stop(std::move(taken));
        break;
      }
    }
    if (clock_.Now() >= next_tick) {
      on_tick();
      next_tick = clock_.Now() + tick;
    }
    if (!AllDone()) clock_.WaitFor(kLookAgain, stop.token());
  }
  parts_.Close(stop.cause());
}

Status PartExchange::Put(std::string_view outcome) {
  ASSIGN_OR_RETURN(ReadOutcomeText read, ParseOutcomeText(outcome));
  std::lock_guard lock(mutex_);
  if (open_.erase(read.part) > 0) outcomes_.push_back(std::move(read.outcome));
  return Status::Ok();
}

void PartExchange::Fail(Status why) {
  parts_.Close(why);
  std::lock_guard lock(mutex_);
  if (failure_.ok()) failure_ = std::move(why);
}

}  // namespace spillway
