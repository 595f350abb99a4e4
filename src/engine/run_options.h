// RunOptions: what a load and a run of changes have in common: which pipeline, what its writes
// mean, and what it may use.
#ifndef SPILLWAY_ENGINE_RUN_OPTIONS_H_
#define SPILLWAY_ENGINE_RUN_OPTIONS_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"
#include "connector/destination.h"
#include "throughput/throughput_control.h"

namespace spillway {

enum class DuplicatePolicy : uint8_t { kFail, kLast };

// `max_rejected`: rows, or a share of the rows read so far (judged from 1 000 rows on and at the
// end).
struct RejectedBudget {
  std::optional<uint64_t> rows;
  std::optional<double> share = 0.001;
};

struct RunOptions {
  std::string pipeline;
  // Names the destination (account, database, container): another one means a new load, as another
  // mapping does. Compared as text.
  std::string target;
  // Which container of several in turn is written: Checkpoint::generation. Empty: there is one.
  std::string generation{};
  WriteMode mode = WriteMode::kMirror;
  DuplicatePolicy duplicates = DuplicatePolicy::kFail;
  RejectedBudget max_rejected;
  uint64_t memory_bytes_max = 256ull << 20;  // the one knob; queues and batches take shares of it
  uint32_t readers_max = 2;
  uint32_t lanes_max = 32;
  std::chrono::milliseconds settle{15'000};  // I3: a request lands within this time or never
  // A row that could not be written for so long stops the run with its last failure.
  std::chrono::milliseconds row_failing_max{600'000};
  std::chrono::milliseconds lease{30'000};
  std::chrono::milliseconds checkpoint_interval{1'000};
  ThroughputOptions throughput{};
  std::string spill_folder;  // for what does not fit in memory, and identities; beside the state
};

// kInvalidArgument: what is missing, or cannot be done together.
Status CheckRunOptions(const RunOptions& options);

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_RUN_OPTIONS_H_
