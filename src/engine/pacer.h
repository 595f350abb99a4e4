// Pacer: keeps a saturated group (a physical partition) from being asked for more than it admits.
// Nothing is paced until a group throttles. From then on the group's rate is what it admitted
// between two throttles, when its budget was empty at both ends; sends are spaced to that rate, and
// it is tried a little upwards while all goes well, because budgets change.
#ifndef SPILLWAY_ENGINE_PACER_H_
#define SPILLWAY_ENGINE_PACER_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>

#include "base/clock.h"
#include "base/result.h"

namespace spillway {

// What one send was expected to cost when it was let through.
struct PacerTicket {
  uint32_t group = 0;
  uint32_t rows = 0;
  double expected_cost = 0;
};

// How a send ended. Costs are in the destination's unit; in rows where it measures none.
struct PacerOutcome {
  double cost = 0;
  uint32_t rows_settled = 0;
  bool throttled = false;
  std::chrono::milliseconds retry_after{0};
};

// Thread-safe.
class Pacer {
 public:
  explicit Pacer(Clock& clock) : clock_(clock) {}

  // Blocks until the group may be sent `rows` more. kCancelled when a stop is requested.
  Result<PacerTicket> WaitTurn(uint32_t group, uint32_t rows, const std::stop_token& stop);
  // To be called once for each ticket, whatever became of the send.
  void Settle(const PacerTicket& ticket, const PacerOutcome& outcome);

  // Cost a second; nullopt: the group is not paced.
  std::optional<double> rate(uint32_t group) const;

 private:
  struct Group {
    std::optional<double> rate;
    double balance = 0;  // what the group should admit at once; negative: owed
    SteadyTime refilled_at;
    SteadyTime closed_until;                   // asked by the group itself
    std::optional<SteadyTime> measured_since;  // the throttle that the measurement began at
    double measured_cost = 0;
    double cost_per_row = 0;
  };

  static void Refill(Group& group, double cost, SteadyTime now);
  static void OnThrottled(Group& group, const PacerOutcome& outcome, SteadyTime now);
  static void Learn(Group& group, const PacerOutcome& outcome);
  // How long the group must wait before its next send.
  static std::chrono::nanoseconds WaitOf(const Group& group, double cost, SteadyTime now);

  Clock& clock_;
  mutable std::mutex mutex_;
  std::map<uint32_t, Group> groups_;
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_PACER_H_
