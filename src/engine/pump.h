// Pump: moves the rows of a list of splits to the destination: readers, lanes, and the caller's
// thread as the supervisor of both. What to do with settled batches is the caller's affair.
#ifndef SPILLWAY_ENGINE_PUMP_H_
#define SPILLWAY_ENGINE_PUMP_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/lane.h"
#include "engine/reader_pool.h"
#include "engine/stamp.h"
#include "throughput/throughput_control.h"

namespace spillway {

// What the memory of a run is shared out to (docs/architecture.md, "Memory"). Outlives the batches
// of its pumps, which hold shares of it.
struct PumpBudgets {
  explicit PumpBudgets(uint64_t memory_bytes_max);
  Budget memory;   // encoded batches on their way
  Budget reserve;  // rows that go past those of slow lanes (overflow.h)
  Budget places;   // batches, whatever their size
  Budget reading;  // what readers hold besides
};

struct PumpParts {
  const Snapshot& snapshot;
  const DocumentEncoder& encoder;
  Destination& destination;
  const LanePlan& lanes;
  PumpBudgets& budgets;
  OpenBatches& batches;
  const SendRight* lease;
  RejectedGuard& rejected;
  RunMeter& meter;
  RunStop& stop;
  Clock& clock;
};

struct PumpOptions {
  WriteMode mode = WriteMode::kMirror;
  uint32_t readers = 1;
  std::chrono::milliseconds settle{15'000};
  std::chrono::milliseconds row_failing_max{600'000};
  ThroughputOptions throughput{};
  Stamp stamp{};
  std::chrono::milliseconds tick{250};  // how often `on_tick` is called
  std::string overflow_path;            // for the documents of lanes that are far behind
};

// Blocks until all rows of `work` are settled, or the run is stopped: then it returns the cause,
// after the writes under way have ended. `on_tick` is called on this thread.
Status RunPump(const PumpParts& parts, const PumpOptions& options, std::vector<SplitWork> work,
               const ReaderPool::OnSplitRead& on_split_read, const std::function<void()>& on_tick);

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_PUMP_H_
