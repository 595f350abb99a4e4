// VerifyExchange: where a verification gives out its reading in parts, as text, and takes back what
// they were reduced to: the side of a VerifyCrew whose members are other processes.
#ifndef SPILLWAY_APP_VERIFY_EXCHANGE_H_
#define SPILLWAY_APP_VERIFY_EXCHANGE_H_

#include <algorithm>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "app/verify_text.h"
#include "base/bounded_queue.h"
#include "base/clock.h"
#include "verify/verify_crew.h"

namespace spillway {

// Do is called by the verification's thread, once; the others by any thread.
class VerifyExchange : public VerifyCrew {
 public:
  // `at_a_time`: parts that will be worked on at the same time. The clock outlives it.
  VerifyExchange(Clock& clock, uint32_t at_a_time)
      : clock_(clock), at_a_time_(std::max(at_a_time, 1u)) {}

  void Do(const VerifyCrewWork& work, std::chrono::milliseconds tick, RunStop& stop,
          const std::function<Status(VerifyOutcome)>& on_outcome,
          const std::function<void()>& on_tick) override;

  // The next part (verify_text.h). Blocks until there is one; nullopt: there are no more, or
  // `stop`.
  std::optional<std::string> Take(const std::stop_token& stop) { return parts_.Pop(stop); }
  // What a part was reduced to. Blocks while the verification has not taken earlier ones. One that
  // comes twice is dropped. kDataLoss: it is none; kCancelled: the verification has ended.
  Status Put(std::string_view outcome);
  // The crew cannot go on: nothing more is given out, and the verification ends.
  void Fail(Status why);
  // Nothing is given out or taken any more.
  void Close();

 private:
  void GiveOut(const VerifyPartWork& part);
  void GiveOutRows(const VerifyCrewWork& work);
  void GiveOutDocuments(const VerifyCrewWork& work);
  bool TakeOutcomes(RunStop& stop, const std::function<Status(VerifyOutcome)>& on_outcome);
  bool AllDone();

  Clock& clock_;
  const uint32_t at_a_time_;
  uint32_t given_out_ = 0;
  // Bounded by the splits of the table, whose list is in memory anyway, and their rows.
  BoundedQueue<std::string> parts_{std::numeric_limits<size_t>::max()};
  // Each may be hundreds of MiB.
  BoundedQueue<ReadVerifyOutcome> outcomes_{1};
  std::mutex mutex_;
  std::set<uint32_t> open_;  // parts whose outcome the verification has not got
  std::set<uint32_t> put_;   // parts that an outcome has come of
  Status failure_;
};

}  // namespace spillway

#endif  // SPILLWAY_APP_VERIFY_EXCHANGE_H_
