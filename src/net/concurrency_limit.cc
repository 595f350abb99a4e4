#include "net/concurrency_limit.h"

#include <algorithm>

#include "base/check.h"

namespace spillway {

ConcurrencyLimit::ConcurrencyLimit(ConcurrencyLimitOptions options) : options_(options) {
  SPILLWAY_CHECK(options.min >= 1 && options.min <= options.start && options.start <= options.max);
}

ConcurrencyLimit::Group& ConcurrencyLimit::Find(uint32_t group) {
  return groups_.try_emplace(group, Group{static_cast<double>(options_.start)}).first->second;
}

Status ConcurrencyLimit::Acquire(uint32_t group, const CallContext& ctx) {
  std::unique_lock lock(mutex_);
  Group& state = Find(group);
  const bool ready = room_.wait(
      lock, ctx.stop, [&] { return state.under_way < static_cast<uint32_t>(state.limit); });
  if (!ready) return Cancelled("stopped on request");
  ++state.under_way;
  return Status::Ok();
}

void ConcurrencyLimit::Release(uint32_t group, bool throttled) {
  std::lock_guard lock(mutex_);
  Group& state = Find(group);
  SPILLWAY_CHECK(state.under_way > 0);
  --state.under_way;
  const bool old = state.sent_before_decrease > 0;
  if (old) --state.sent_before_decrease;
  if (!throttled) {
    state.limit = std::min<double>(options_.max, state.limit + 1 / state.limit);
  } else if (!old) {
    state.limit = std::max<double>(options_.min, static_cast<uint32_t>(state.limit / 2));
    state.sent_before_decrease = state.under_way;
  }
  room_.notify_all();
}

uint32_t ConcurrencyLimit::limit(uint32_t group) const {
  std::lock_guard lock(mutex_);
  const auto found = groups_.find(group);
  return static_cast<uint32_t>(found == groups_.end() ? options_.start : found->second.limit);
}

}  // namespace spillway
