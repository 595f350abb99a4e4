// RunStop: the one place that says that a run ends early, and why. The first cause wins: what fails
// later fails because of it.
#ifndef SPILLWAY_ENGINE_RUN_STOP_H_
#define SPILLWAY_ENGINE_RUN_STOP_H_

#include <functional>
#include <mutex>
#include <stop_token>

#include "base/status.h"

namespace spillway {

// Thread-safe.
class RunStop {
 public:
  // A stop requested by the user stops the run as kCancelled.
  explicit RunStop(std::stop_token user)
      : on_user_(std::move(user), [this] { Stop(Cancelled("stopped on request")); }) {}

  void Stop(Status cause) {
    {
      std::lock_guard lock(mutex_);
      if (!cause_.ok()) return;
      cause_ = std::move(cause);
    }
    source_.request_stop();
  }

  // OK while nothing has stopped the run.
  Status cause() const {
    std::lock_guard lock(mutex_);
    return cause_;
  }
  // For every wait, and for reading: ends at the first cause.
  std::stop_token token() const { return source_.get_token(); }

  // For writes under way, which a stop lets finish, but not for ever.
  std::stop_token abort_token() const { return abort_.get_token(); }
  void AbortWrites() { abort_.request_stop(); }

 private:
  mutable std::mutex mutex_;
  Status cause_;
  std::stop_source source_;
  std::stop_source abort_;
  // Last: it may call Stop from within its own construction.
  std::stop_callback<std::function<void()>> on_user_;
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_RUN_STOP_H_
