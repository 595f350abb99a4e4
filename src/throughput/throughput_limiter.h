// ThroughputLimiter: lets sends through so that a run spends no more than its limit, and asks no
// group (a physical partition) for more than it admits. A send pays what it is predicted to cost
// before it goes; what it really cost is settled when its answer comes, whenever that is, and a
// debt is paid by those that come after.
//
// With a limit, each group gets its part of it, as the destination divides what it admits: what the
// limit leaves is left in every group. Without one, a group may be asked for all that it admits.
// Where nobody knows what a group admits, nothing is held back until it throttles; from then on its
// rate is what it admitted between two throttles, tried a little upwards while all goes well.
#ifndef SPILLWAY_THROUGHPUT_THROUGHPUT_LIMITER_H_
#define SPILLWAY_THROUGHPUT_THROUGHPUT_LIMITER_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>

#include "base/clock.h"
#include "base/result.h"
#include "connector/destination.h"
#include "throughput/throughput_limit.h"

namespace spillway {

// A send that asks to go, or was let through.
struct ThroughputTicket {
  uint32_t group = 0;
  double units = 0;                  // paid for it
  double group_mark = 0;             // due when the group's flow has supplied so much,
  std::optional<double> total_mark;  // and then that of all groups
};

// How a send ended.
struct SendOutcome {
  // What it took of the budget; nullopt: nobody knows, so what was paid for it stands.
  std::optional<double> units;
  bool throttled = false;
  std::chrono::milliseconds retry_after{0};
};

// Thread-safe. Units are the destination's (request units); where it measures none, rows.
class ThroughputLimiter {
 public:
  explicit ThroughputLimiter(Clock& clock) : clock_(clock) {}

  // Both at any time: whoever waits is judged anew.
  void SetLimit(const ThroughputLimit& limit);
  void SetAdmitted(const AdmittedThroughput& admitted);
  // Of the limit (or of what is admitted, without one) only this part, in [0, 1], and nothing at
  // all from `until` on, unless it is set again by then.
  void SetPart(double part, SteadyTime until);
  // Ends all waits, now and later, with this failure.
  void Close(Status why);

  // How much one send to the group should cost at most, a single document aside: a small part of
  // what the group gets in a second. Infinite where nobody says what it gets: a rate that is
  // learned from throttles must not make sends smaller, of which more would be throttled.
  double UnitsOfSendMax(uint32_t group) const;
  // Blocks until the group may be sent something of this cost. First come, first served. kCancelled
  // when a stop is requested; else as Close says.
  Result<ThroughputTicket> Admit(uint32_t group, double units, const std::stop_token& stop);
  // The parts of Admit, for whoever waits in another way: asks; says how long to wait before asking
  // for the wait again (0: go); takes back what has not gone.
  ThroughputTicket Ask(uint32_t group, double units);
  std::chrono::nanoseconds WaitFor(ThroughputTicket& ticket);
  void Withdraw(const ThroughputTicket& ticket);

  // To be called once for each ticket that went, whatever became of the send.
  void Settle(const ThroughputTicket& ticket, const SendOutcome& outcome);

  // Units a second that the group is held to now; nullopt: nothing holds it.
  std::optional<double> rate(uint32_t group) const;
  // The same of all groups together: the limit, or what is admitted.
  std::optional<double> total_rate() const;
  uint64_t asked() const { return asked_.load(std::memory_order_relaxed); }  // WaitFor, so far
  // The limit, or what is admitted, as if it were not divided; nullopt: nobody says.
  std::optional<double> whole() const;
  // Whether more is asked for than there is now; and what was spent so far.
  bool behind() const;
  double spent() const;

 private:
  // A flow of units: what it has supplied so far, and what was taken of it. A taker that comes when
  // more is taken than supplied is due when the supply has come up to it.
  struct Flow {
    std::optional<double> rate;  // a second; nullopt: everything is supplied at once
    double supplied = 0;
    double taken = 0;
    SteadyTime at;
    void SetRate(std::optional<double> rate_now, SteadyTime now);
    // Saves no more than `saved_max` for whoever comes next.
    void Advance(SteadyTime now, double saved_max);
    double OfSeconds(double seconds) const { return rate.value_or(0) * seconds; }
    std::chrono::nanoseconds WaitFor(double mark) const;
  };
  struct Group {
    Flow flow;
    std::optional<double> share;               // of the limit, or of what is admitted
    std::optional<double> learned;             // from its throttles
    SteadyTime closed_until;                   // asked by the group itself
    std::optional<SteadyTime> measured_since;  // the throttle that the measurement began at
    double measured_units = 0;
  };

  Status CheckOpen() const;
  SteadyTime Now() const;
  std::optional<double> Whole() const;
  void Recompute();
  void SetRate(Group& group, SteadyTime now);
  void Advance(Group& group, SteadyTime now);
  void AdvanceTotal(SteadyTime now);
  void TakeOfTotal(ThroughputTicket& ticket);
  void NoLongerWaiting(double units);
  static void OnThrottled(Group& group, const SendOutcome& outcome, SteadyTime now);

  Clock& clock_;
  mutable std::mutex mutex_;
  ThroughputLimit limit_;
  AdmittedThroughput admitted_;
  double part_ = 1;
  SteadyTime part_until_ = SteadyTime::max();
  double spent_ = 0;
  Status closed_;  // OK: it is not
  Flow total_;     // has a rate when there is a limit
  // Sends that wait for their groups, and are not taken of the total yet.
  double waiting_units_ = 0;
  uint64_t waiting_sends_ = 0;
  std::map<uint32_t, Group> groups_;
  std::atomic<uint64_t> asked_{0};
};

}  // namespace spillway

#endif  // SPILLWAY_THROUGHPUT_THROUGHPUT_LIMITER_H_
