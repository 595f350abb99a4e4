// ConcurrencyLimit: how many requests may be under way per group (a unit that throttles as one),
// found by additive increase and multiplicative decrease: one more after a round without
// throttling, half after a throttled one.
#ifndef SPILLWAY_NET_CONCURRENCY_LIMIT_H_
#define SPILLWAY_NET_CONCURRENCY_LIMIT_H_

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>

#include "base/call_context.h"
#include "base/status.h"

namespace spillway {

struct ConcurrencyLimitOptions {
  uint32_t start = 4;
  uint32_t min = 1;
  uint32_t max = 64;
};

// Thread-safe.
class ConcurrencyLimit {
 public:
  explicit ConcurrencyLimit(ConcurrencyLimitOptions options = {});

  // Blocks until the group has room. kCancelled when a stop is requested. Each success needs one
  // Release.
  Status Acquire(uint32_t group, const CallContext& ctx);
  // `throttled`: the other side asked to slow down. Requests that were under way when the limit
  // fell do not lower it again: they were sent before anyone could know.
  void Release(uint32_t group, bool throttled);

  uint32_t limit(uint32_t group) const;

 private:
  struct Group {
    double limit = 0;
    uint32_t under_way = 0;
    uint32_t sent_before_decrease = 0;
  };
  Group& Find(uint32_t group);

  const ConcurrencyLimitOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable_any room_;
  std::map<uint32_t, Group> groups_;
};

}  // namespace spillway

#endif  // SPILLWAY_NET_CONCURRENCY_LIMIT_H_
