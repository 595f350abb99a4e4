#include "throughput/throughput_limiter.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace spillway {
namespace {

using Seconds = std::chrono::duration<double>;

// A limit holds for every second that one could look at, so it is aimed at from below: by what the
// ends of a second may cut into, and by how much later a request may be charged than it was sent.
// Large limits are judged by a share of them, small ones by a single document.
constexpr double kLargeLimit = 5'000;
constexpr double kAimOfLarge = 0.994;
constexpr double kAimOfSmall = 0.985;
// Of a second's units: in one send, which may be this large in any case; saved up by an idle flow.
// A send that waited and a send at each end of a second come on top of what the second supplies.
constexpr double kSendOfLimit = 0.005;
constexpr double kSendUnitsFloor = 50;
constexpr double kSavedOfLimit = 0.005;
// The same where there is no limit to keep, only a partition's second.
constexpr double kSendOfPartition = 0.1;
constexpr double kSavedOfPartition = 0.05;

// Of a rate that is learned from throttles.
constexpr double kShareOfMeasured = 0.98;   // below what was measured, so that the budget recovers
constexpr double kGrowthPerSecond = 0.005;  // towards a budget that was raised
constexpr std::chrono::milliseconds kMeasureMin{100};  // shorter ones say little
constexpr std::chrono::milliseconds kClosedMin{25};    // after a throttle that named no time

// Who waits looks again: the rate may have changed, or a debt may have come.
constexpr std::chrono::milliseconds kLookAgain{100};

constexpr double kUnbounded = std::numeric_limits<double>::infinity();

}  // namespace

// What was taken before there was a rate is nobody's debt.
void ThroughputLimiter::Flow::SetRate(std::optional<double> rate_now, SteadyTime now) {
  if (!rate.has_value()) supplied = taken;
  at = std::max(at, now);
  rate = rate_now;
}

void ThroughputLimiter::Flow::Advance(SteadyTime now, double saved_max) {
  if (rate.has_value() && now > at) {
    supplied += *rate * Seconds(now - at).count();
    supplied = std::min(supplied, taken + saved_max);
  }
  at = std::max(at, now);
}

std::chrono::nanoseconds ThroughputLimiter::Flow::WaitFor(double mark) const {
  if (!rate.has_value() || supplied >= mark) return std::chrono::nanoseconds(0);
  const Seconds wait = std::min(Seconds((mark - supplied) / *rate), Seconds(kLookAgain));
  return std::chrono::ceil<std::chrono::nanoseconds>(wait);
}

void ThroughputLimiter::SetLimit(const ThroughputLimit& limit) {
  std::lock_guard lock(mutex_);
  limit_ = limit;
  Recompute();
}

void ThroughputLimiter::SetAdmitted(const AdmittedThroughput& admitted) {
  std::lock_guard lock(mutex_);
  admitted_ = admitted;
  Recompute();
}

// What a part that is not renewed in time would have supplied is nobody's.
void ThroughputLimiter::SetPart(double part, SteadyTime until) {
  std::lock_guard lock(mutex_);
  const SteadyTime now = clock_.Now();
  AdvanceTotal(Now());
  total_.at = std::max(total_.at, now);
  for (auto& [index, group] : groups_) {
    Advance(group, Now());
    group.flow.at = std::max(group.flow.at, now);
  }
  part_until_ = until;
  if (part == part_) return;
  part_ = part;
  Recompute();
}

void ThroughputLimiter::Close(Status why) {
  std::lock_guard lock(mutex_);
  closed_ = std::move(why);
}

Status ThroughputLimiter::CheckOpen() const {
  std::lock_guard lock(mutex_);
  return closed_;
}

// The supply stands still from the end of our part on.
SteadyTime ThroughputLimiter::Now() const {
  return std::min(clock_.Now(), part_until_);
}

std::optional<double> ThroughputLimiter::Whole() const {
  if (!limit_.is_set()) return admitted_.units_per_second;
  double limit = limit_.units_per_second.value_or(kUnbounded);
  if (admitted_.units_per_second.has_value()) {
    limit = std::min(limit, *admitted_.units_per_second * limit_.share.value_or(1));
  }
  return std::isfinite(limit) ? std::optional(limit) : std::nullopt;
}

void ThroughputLimiter::Recompute() {
  const SteadyTime now = Now();
  AdvanceTotal(now);
  std::optional<double> allowed = Whole();
  // How a limit is judged, and so how close it is aimed at, is that of the whole of it.
  const bool large = allowed.value_or(0) >= kLargeLimit;
  if (allowed.has_value()) *allowed *= part_;
  std::optional<double> total;
  if (limit_.is_set()) {
    if (allowed.has_value()) {
      total = *allowed * (large ? kAimOfLarge : kAimOfSmall);
    }
    allowed = total;
  }
  total_.SetRate(total, now);
  for (uint32_t index = 0; index < admitted_.parts.size(); ++index) groups_[index];
  for (auto& [index, group] : groups_) {
    Advance(group, now);
    group.share.reset();
    if (allowed.has_value() && index < admitted_.parts.size()) {
      group.share = *allowed * admitted_.parts[index];
    }
    SetRate(group, now);
  }
}

// A learned rate that has grown up to the share has nothing to say any more.
void ThroughputLimiter::SetRate(Group& group, SteadyTime now) {
  if (group.learned.has_value() && group.share.has_value() && *group.learned >= *group.share) {
    group.learned.reset();
    group.measured_since.reset();
  }
  group.flow.SetRate(group.learned.has_value() ? group.learned : group.share, now);
}

void ThroughputLimiter::Advance(Group& group, SteadyTime now) {
  const Seconds passed = now > group.flow.at ? Seconds(now - group.flow.at) : Seconds(0);
  group.flow.Advance(now, group.flow.OfSeconds(kSavedOfPartition));
  if (!group.learned.has_value()) return;
  *group.learned *= 1 + kGrowthPerSecond * std::min(passed.count(), 1.0);
  SetRate(group, now);
}

// One of those who wait for their groups need not wait here as well; all of them could be let go at
// once, so no more than one is saved for.
void ThroughputLimiter::AdvanceTotal(SteadyTime now) {
  const double next =
      waiting_sends_ == 0 ? 0 : waiting_units_ / static_cast<double>(waiting_sends_);
  total_.Advance(now, total_.OfSeconds(kSavedOfLimit) + next);
}

void ThroughputLimiter::TakeOfTotal(ThroughputTicket& ticket) {
  NoLongerWaiting(ticket.units);
  total_.taken += ticket.units;
  ticket.total_mark = total_.taken;
}

void ThroughputLimiter::NoLongerWaiting(double units) {
  --waiting_sends_;
  waiting_units_ = waiting_sends_ == 0 ? 0 : waiting_units_ - units;
}

double ThroughputLimiter::UnitsOfSendMax(uint32_t index) const {
  std::lock_guard lock(mutex_);
  double most = kUnbounded;
  const auto group = groups_.find(index);
  if (group != groups_.end() && group->second.share.has_value()) {
    most = *group->second.share * kSendOfPartition;
  }
  if (!total_.rate.has_value()) return most;
  const bool large = Whole().value_or(0) >= kLargeLimit;
  return std::min(most, large ? std::max(*total_.rate * kSendOfLimit, kSendUnitsFloor * part_) : 0);
}

ThroughputTicket ThroughputLimiter::Ask(uint32_t index, double units) {
  std::lock_guard lock(mutex_);
  Group& group = groups_[index];
  Advance(group, Now());
  group.flow.taken += units;
  AdvanceTotal(Now());
  ++waiting_sends_;
  waiting_units_ += units;
  return {.group = index, .units = units, .group_mark = group.flow.taken, .total_mark = {}};
}

// All groups together are asked last: what waits for its own group keeps nobody else waiting.
std::chrono::nanoseconds ThroughputLimiter::WaitFor(ThroughputTicket& ticket) {
  asked_.fetch_add(1, std::memory_order_relaxed);
  std::lock_guard lock(mutex_);
  if (clock_.Now() >= part_until_) return kLookAgain;
  const SteadyTime now = Now();
  Group& group = groups_[ticket.group];
  Advance(group, now);
  const std::chrono::nanoseconds wait = std::max<std::chrono::nanoseconds>(
      group.closed_until - now, group.flow.WaitFor(ticket.group_mark));
  if (wait.count() > 0) return wait;
  AdvanceTotal(now);
  if (!ticket.total_mark.has_value()) TakeOfTotal(ticket);
  return total_.WaitFor(*ticket.total_mark);
}

void ThroughputLimiter::Withdraw(const ThroughputTicket& ticket) {
  std::lock_guard lock(mutex_);
  groups_[ticket.group].flow.supplied += ticket.units;
  if (ticket.total_mark.has_value()) {
    total_.supplied += ticket.units;
  } else {
    NoLongerWaiting(ticket.units);
  }
}

Result<ThroughputTicket> ThroughputLimiter::Admit(uint32_t group, double units,
                                                  const std::stop_token& stop) {
  ThroughputTicket ticket = Ask(group, units);
  for (auto wait = WaitFor(ticket); wait.count() > 0; wait = WaitFor(ticket)) {
    Status open = CheckOpen();
    if (open.ok() && clock_.WaitFor(wait, stop)) continue;
    Withdraw(ticket);
    return open.ok() ? Cancelled("stopped on request") : std::move(open);
  }
  return ticket;
}

void ThroughputLimiter::Settle(const ThroughputTicket& ticket, const SendOutcome& outcome) {
  std::lock_guard lock(mutex_);
  Group& group = groups_[ticket.group];
  const SteadyTime now = clock_.Now();
  Advance(group, Now());
  AdvanceTotal(Now());
  const double units = outcome.units.value_or(ticket.units);
  group.flow.supplied += ticket.units - units;
  total_.supplied += ticket.units - units;
  group.measured_units += units;
  spent_ += units;
  if (outcome.throttled) {
    OnThrottled(group, outcome, now);
    SetRate(group, now);
  }
}

// Sends that were under way together are throttled together: the first of them ends a measurement
// and begins the next, the others come too soon after it to say anything.
void ThroughputLimiter::OnThrottled(Group& group, const SendOutcome& outcome, SteadyTime now) {
  group.closed_until = std::max(group.closed_until, now + std::max<std::chrono::nanoseconds>(
                                                              outcome.retry_after, kClosedMin));
  // Its budget is empty now: whatever was saved is not there.
  group.flow.supplied = std::min(group.flow.supplied, group.flow.taken);
  const bool first = !group.measured_since.has_value();
  if (!first && now - *group.measured_since < kMeasureMin) return;
  if (!first) {
    const double seconds = Seconds(now - *group.measured_since).count();
    const double measured = group.measured_units / seconds;
    if (measured > 0) group.learned = measured * kShareOfMeasured;
  }
  group.measured_since = now;
  group.measured_units = 0;
}

std::optional<double> ThroughputLimiter::rate(uint32_t index) const {
  std::lock_guard lock(mutex_);
  const auto found = groups_.find(index);
  return found == groups_.end() ? std::nullopt : found->second.flow.rate;
}

std::optional<double> ThroughputLimiter::whole() const {
  std::lock_guard lock(mutex_);
  return Whole();
}

bool ThroughputLimiter::behind() const {
  std::lock_guard lock(mutex_);
  const auto lacks = [](const Flow& flow) {
    return flow.rate.has_value() && flow.supplied < flow.taken;
  };
  return lacks(total_) || std::any_of(groups_.begin(), groups_.end(),
                                      [&](const auto& group) { return lacks(group.second.flow); });
}

double ThroughputLimiter::spent() const {
  std::lock_guard lock(mutex_);
  return spent_;
}

std::optional<double> ThroughputLimiter::total_rate() const {
  std::lock_guard lock(mutex_);
  if (total_.rate.has_value()) return total_.rate;
  return admitted_.units_per_second;
}

}  // namespace spillway
