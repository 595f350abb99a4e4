// RunMeter: what a run costs and where its time goes, added up by its threads as they go.
#ifndef SPILLWAY_ENGINE_RUN_METER_H_
#define SPILLWAY_ENGINE_RUN_METER_H_

#include <atomic>
#include <chrono>
#include <cstdint>

#include "model/write_report.h"
#include "throughput/usage_meter.h"

namespace spillway {

// Thread-safe; each figure is exact, several together are not one instant.
struct RunMeter {
  std::atomic<uint64_t> bytes_read{0};  // compressed, of the splits
  std::atomic<double> cost{0};
  std::atomic<uint64_t> requests{0};
  std::atomic<uint64_t> throttled_requests{0};
  std::atomic<uint64_t> bytes_sent{0};
  std::atomic<uint64_t> rows_settled{0};  // have their fate, wherever the checkpoint is
  // Documents in quarantine now: what a run that has ended leaves behind may still land (I3).
  std::atomic<uint64_t> unsure{0};
  UsageMeter usage;  // by second and group
  // Nanoseconds, over all threads of a kind.
  std::atomic<int64_t> readers_held_ns{0};  // waiting for memory, that is, for the destination
  std::atomic<int64_t> lanes_writing_ns{0};
  std::atomic<int64_t> lanes_throttled_ns{0};  // backing off, or held by the concurrency limit

  void Add(const WriteReport& report) {
    cost.fetch_add(report.cost, std::memory_order_relaxed);
    requests.fetch_add(report.requests, std::memory_order_relaxed);
    throttled_requests.fetch_add(report.throttled_requests, std::memory_order_relaxed);
    bytes_sent.fetch_add(report.bytes_sent, std::memory_order_relaxed);
  }
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_RUN_METER_H_
