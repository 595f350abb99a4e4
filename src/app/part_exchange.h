// PartExchange: where a load gives out its work in parts, as text, and takes back what became of
// them: the side of a LoadCrew whose members are other processes, reached by whoever has this.
#ifndef SPILLWAY_APP_PART_EXCHANGE_H_
#define SPILLWAY_APP_PART_EXCHANGE_H_

#include <cstdint>
#include <deque>
#include <limits>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "base/bounded_queue.h"
#include "base/clock.h"
#include "engine/load_crew.h"

namespace spillway {

// Do and SetLimit are called by the load's thread, Do once; the others by any thread.
class PartExchange : public LoadCrew {
 public:
  // `at_a_time`: parts that will be worked on at the same time; there are some more parts than
  // that, so that all end together. The clock outlives it.
  PartExchange(Clock& clock, uint32_t at_a_time) : clock_(clock), at_a_time_(at_a_time) {}

  void SetLimit(const ThroughputLimit& limit) override;
  void Do(CrewWork work, std::chrono::milliseconds tick, RunStop& stop,
          const std::function<Status(CrewOutcome)>& on_outcome,
          const std::function<void()>& on_tick) override;

  // The next part (part_text.h). Blocks until there is one; nullopt: there are no more, or `stop`.
  std::optional<std::string> Take(const std::stop_token& stop) { return parts_.Pop(stop); }
  // What became of a part. One that comes twice is dropped. kDataLoss: it is none.
  Status Put(std::string_view outcome);
  // nullopt: not told yet.
  std::optional<ThroughputLimit> limit() const;
  // The crew cannot go on: nothing more is given out, and the load ends.
  void Fail(Status why);
  // Nothing is given out any more: the load has ended, or was not due.
  void Close() { parts_.Close(); }

 private:
  void GiveOut(CrewWork work);
  std::deque<CrewOutcome> TakeOutcomes(RunStop& stop);
  bool AllDone();

  Clock& clock_;
  const uint32_t at_a_time_;
  // Bounded by the splits of the table, whose list is in memory anyway.
  BoundedQueue<std::string> parts_{std::numeric_limits<size_t>::max()};
  mutable std::mutex mutex_;
  std::optional<ThroughputLimit> limit_;
  std::set<uint32_t> open_;           // parts without an outcome
  std::deque<CrewOutcome> outcomes_;  // not taken by the load yet
  Status failure_;
};

}  // namespace spillway

#endif  // SPILLWAY_APP_PART_EXCHANGE_H_
