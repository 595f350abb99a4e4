#include "engine/worker_group.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

namespace spillway {

Status RunWorkers(uint32_t tasks, uint32_t threads, const std::function<Status(uint32_t)>& task,
                  RunStop& stop, Clock& clock, std::chrono::milliseconds tick,
                  const std::function<void()>& on_tick) {
  std::atomic<uint32_t> next{0};
  std::atomic<uint32_t> running{std::min(tasks, threads)};
  std::stop_source ended;
  const auto work = [&] {
    for (uint32_t mine = next++; mine < tasks && !stop.token().stop_requested(); mine = next++) {
      if (Status done = task(mine); !done.ok()) stop.Stop(std::move(done));
    }
    if (--running == 0) ended.request_stop();
  };
  {
    std::vector<std::jthread> workers;
    for (uint32_t i = std::min(tasks, threads); i > 0; --i) workers.emplace_back(work);
    while (!workers.empty() && !ended.stop_requested()) {
      clock.WaitFor(tick, ended.get_token());
      if (!ended.stop_requested()) on_tick();
    }
  }
  on_tick();
  return stop.cause();
}

}  // namespace spillway
