#include "engine/pacer.h"

#include <algorithm>

namespace spillway {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr double kBurstSeconds = 0.1;       // what an idle group may save up
constexpr double kShareOfMeasured = 0.98;   // below what was measured, so that the budget recovers
constexpr double kGrowthPerSecond = 0.005;  // towards a budget that was raised
constexpr double kWeightOfNewest = 0.2;     // of a send, in the learned cost of a row
constexpr std::chrono::milliseconds kMeasureMin{100};  // shorter ones say little
constexpr std::chrono::milliseconds kClosedMin{25};    // after a throttle that named no time
constexpr Seconds kWaitMax{1.0};  // a bucket of one second is full after it; then look again

}  // namespace

Result<PacerTicket> Pacer::WaitTurn(uint32_t group, uint32_t rows, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  Group& state = groups_[group];
  while (true) {
    const SteadyTime now = clock_.Now();
    const double cost = rows * state.cost_per_row;
    Refill(state, cost, now);
    const std::chrono::nanoseconds wait = WaitOf(state, cost, now);
    if (wait.count() <= 0) {
      state.balance -= cost;
      return PacerTicket{group, rows, cost};
    }
    lock.unlock();
    if (!clock_.WaitFor(wait, stop)) return Cancelled("stopped on request");
    lock.lock();
  }
}

// A throttled answer is also charged for the rows it refused, which takes nothing from the budget:
// there, what the settled rows cost is told by the cost of a row.
void Pacer::Settle(const PacerTicket& ticket, const PacerOutcome& outcome) {
  std::lock_guard lock(mutex_);
  Group& state = groups_[ticket.group];
  const SteadyTime now = clock_.Now();
  const bool estimate = outcome.throttled && state.cost_per_row > 0;
  const double cost = estimate ? outcome.rows_settled * state.cost_per_row : outcome.cost;
  state.balance += ticket.expected_cost - cost;
  state.measured_cost += cost;
  if (outcome.throttled) {
    OnThrottled(state, outcome, now);
  } else {
    Learn(state, outcome);
  }
}

std::optional<double> Pacer::rate(uint32_t group) const {
  std::lock_guard lock(mutex_);
  const auto found = groups_.find(group);
  return found == groups_.end() ? std::nullopt : found->second.rate;
}

// Saves up what the next send costs, at least.
void Pacer::Refill(Group& group, double cost, SteadyTime now) {
  const double seconds = Seconds(now - group.refilled_at).count();
  group.refilled_at = now;
  if (!group.rate.has_value()) return;
  const double balance_max = std::max(*group.rate * kBurstSeconds, cost);
  group.balance = std::min(balance_max, group.balance + *group.rate * seconds);
  *group.rate *= 1 + kGrowthPerSecond * std::min(seconds, 1.0);
}

// Sends that were under way together are throttled together: the first of them ends a measurement
// and begins the next, the others come too soon after it to say anything.
void Pacer::OnThrottled(Group& group, const PacerOutcome& outcome, SteadyTime now) {
  group.closed_until = std::max(group.closed_until, now + std::max<std::chrono::nanoseconds>(
                                                              outcome.retry_after, kClosedMin));
  group.balance = std::min(group.balance, 0.0);  // its budget is empty now
  const bool first = !group.measured_since.has_value();
  if (!first && now - *group.measured_since < kMeasureMin) return;
  if (!first) {
    const double seconds = Seconds(now - *group.measured_since).count();
    const double measured = group.measured_cost / seconds;
    if (measured > 0) group.rate = measured * kShareOfMeasured;
  }
  group.measured_since = now;
  group.measured_cost = 0;
}

void Pacer::Learn(Group& group, const PacerOutcome& outcome) {
  if (outcome.rows_settled == 0) return;
  const double cost_per_row = outcome.cost / outcome.rows_settled;
  group.cost_per_row = group.cost_per_row == 0 ? cost_per_row
                                               : group.cost_per_row * (1 - kWeightOfNewest) +
                                                     cost_per_row * kWeightOfNewest;
}

std::chrono::nanoseconds Pacer::WaitOf(const Group& group, double cost, SteadyTime now) {
  const std::chrono::nanoseconds closed = group.closed_until - now;
  if (!group.rate.has_value() || group.balance >= cost) return closed;
  const Seconds lacking = std::min(Seconds((cost - group.balance) / *group.rate), kWaitMax);
  return std::max(closed, std::chrono::ceil<std::chrono::nanoseconds>(lacking));
}

}  // namespace spillway
