// Signals: Ctrl-C and SIGTERM as a stop request. The first asks the work to drain and checkpoint;
// the second ends the process at once, which costs nothing but the work since the last checkpoint.
#ifndef SPILLWAY_CLI_SIGNALS_H_
#define SPILLWAY_CLI_SIGNALS_H_

#include <atomic>
#include <stop_token>
#include <thread>

namespace spillway {

// One per process, made before any other thread, so that all inherit the blocked signals.
class SignalWatch {
 public:
  SignalWatch();
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  std::stop_token stop() const { return stop_.get_token(); }
  // The signal that asked to stop; 0 while none did.
  int received() const { return received_.load(); }

 private:
  void Watch(const std::stop_token& ended);

  std::stop_source stop_;
  std::atomic<int> received_{0};
  std::jthread thread_;  // last: it uses the others
};

}  // namespace spillway

#endif  // SPILLWAY_CLI_SIGNALS_H_
