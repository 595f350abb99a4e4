// RunWorkers: a few threads that share a list of tasks, and the caller's thread that watches them.
#ifndef SPILLWAY_ENGINE_WORKER_GROUP_H_
#define SPILLWAY_ENGINE_WORKER_GROUP_H_

#include <chrono>
#include <cstdint>
#include <functional>

#include "base/clock.h"
#include "engine/run_stop.h"

namespace spillway {

// Runs task(0) … task(tasks - 1), each once, on at most `threads` threads, and returns when all
// have ended. The first failure stops `stop`, whose cause is returned. `on_tick` is called on this
// thread, every `tick` and once at the end.
Status RunWorkers(uint32_t tasks, uint32_t threads, const std::function<Status(uint32_t)>& task,
                  RunStop& stop, Clock& clock, std::chrono::milliseconds tick,
                  const std::function<void()>& on_tick);

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_WORKER_GROUP_H_
