// What the functions of the C interface have in common.
#ifndef SPILLWAY_CAPI_CALLS_H_
#define SPILLWAY_CAPI_CALLS_H_

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "capi/spillway.h"
#include "throughput/throughput_limit.h"

namespace spillway::capi {

inline char* Copy(std::string_view text) {
  auto* copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy == nullptr) return nullptr;
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  return copy;
}

inline int32_t Answer(const Status& status, spillway_error* error) {
  const auto code = static_cast<int32_t>(status.code());
  if (error != nullptr) {
    *error = {code, nullptr, nullptr, nullptr};
    if (!status.ok()) {
      error->code_name = Copy(StatusCodeName(status.code()));
      error->message = Copy(status.message());
      error->hint = Copy(status.hint());
    }
  }
  return code;
}

// What a library below throws (memory, mostly) ends here: no exception crosses the interface.
template <typename Call>
int32_t Guarded(spillway_error* error, const Call& call) {
  try {
    return Answer(call(), error);
  } catch (const std::exception& failure) {
    return Answer(Internal(failure.what()), error);
  }
}

// A handle.
template <typename Handle>
Status CheckOwner(const Handle& handle) {
  if (handle.process == getpid()) return Status::Ok();
  return InvalidArgument("it belongs to the process that this one was forked of")
      .WithHint("open another one in this process");
}

// The two moments until which a permit holds, from nanoseconds: `extend` takes them.
template <typename Extend>
void ExtendPermit(int64_t monotonic_ns, int64_t realtime_ns, const Extend& extend) {
  using std::chrono::nanoseconds;
  extend(SteadyTime(nanoseconds(monotonic_ns)),
         WallTime(std::chrono::duration_cast<WallTime::duration>(nanoseconds(realtime_ns))));
}

// A part of a limit, as spillway_session_share has it: `lend` takes it. One that is none changes
// nothing.
template <typename Lend>
void LendShare(double part, int64_t monotonic_ns, const char* limit, const Lend& lend) {
  std::optional<ThroughputLimit> read;
  if (limit != nullptr) {
    const Result<ThroughputLimit> parsed =
        *limit == '\0' ? ThroughputLimit() : ParseThroughputLimit(limit);
    if (!parsed.ok()) return;
    read = *parsed;
  }
  if (!(part >= 0 && part <= 1)) return;
  lend(part, SteadyTime(std::chrono::nanoseconds(monotonic_ns)), read);
}

}  // namespace spillway::capi

#endif  // SPILLWAY_CAPI_CALLS_H_
