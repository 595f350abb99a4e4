// VerifyCrew: whoever reads both sides of a verification in other processes (executors of Spark),
// for the one process that compares.
#ifndef SPILLWAY_VERIFY_VERIFY_CREW_H_
#define SPILLWAY_VERIFY_VERIFY_CREW_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/run_stop.h"
#include "engine/verify_side.h"
#include "model/table.h"

namespace spillway {

// What a verification wants read: all splits of one version of a table, and the whole destination.
struct VerifyCrewWork {
  std::string table_id;
  int64_t version = 0;
  std::vector<std::string> late_columns;  // of the version
  std::span<const Split> splits;
  uint64_t documents = 0;  // about, of the destination; 0: not known
  bool divisible = false;  // the destination can be read in parts of its space of keys
};

// What a part of one side was reduced to.
struct VerifyOutcome {
  enum class Side : uint8_t { kSource, kDestination };
  Side side = Side::kSource;
  std::vector<VerifyRecord> records;  // of the destination: their places are in `keys`
  uint64_t others = 0;                // of them that are no documents
  uint64_t rejected = 0;              // rows
  std::string keys;                   // AppendKeys; of the destination
  double cost = 0;
};

class VerifyCrew {
 public:
  virtual ~VerifyCrew() = default;
  // Blocks until all is read or `stop` says that the run ends. Both functions are called on this
  // thread, `on_tick` about so often; each part's outcome once, however often the part was done. A
  // failure of the crew, or of `on_outcome`, stops the run.
  virtual void Do(const VerifyCrewWork& work, std::chrono::milliseconds tick, RunStop& stop,
                  const std::function<Status(VerifyOutcome)>& on_outcome,
                  const std::function<void()>& on_tick) = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_VERIFY_VERIFY_CREW_H_
