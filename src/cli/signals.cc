#include "cli/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <string_view>

#include "cli/exit_code.h"

namespace spillway {
namespace {

// Wakes the watching thread when the command is done; nobody else sends it.
constexpr int kEndSignal = SIGUSR2;

sigset_t Watched() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, kEndSignal);
  return set;
}

void Say(std::string_view text) {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

SignalWatch::SignalWatch() {
  const sigset_t watched = Watched();
  pthread_sigmask(SIG_BLOCK, &watched, nullptr);
  ::signal(SIGPIPE, SIG_IGN);  // a closed pipe or connection is an error of that write
  thread_ = std::jthread([this](const std::stop_token& ended) { Watch(ended); });
}

SignalWatch::~SignalWatch() {
  thread_.request_stop();
  pthread_kill(thread_.native_handle(), kEndSignal);
}

void SignalWatch::Watch(const std::stop_token& ended) {
  const sigset_t watched = Watched();
  for (;;) {
    int signal = 0;
    if (sigwait(&watched, &signal) != 0) continue;
    if (signal == kEndSignal) {
      if (ended.stop_requested()) return;
      continue;
    }
    if (received_.exchange(signal) != 0) ::_exit(kExitSignalBase + signal);
    Say("\nstopping: finishing what is in flight and saving progress (again: stop at once)\n");
    stop_.request_stop();
  }
}

}  // namespace spillway
