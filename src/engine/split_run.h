// RunSplits: a part of somebody else's load (LoadCrew), in a process of its own: reads splits of
// one version, writes their rows, and tells what became of each. It keeps no state: a part that
// fails is done again from its beginning, and writes the same documents.
#ifndef SPILLWAY_ENGINE_SPLIT_RUN_H_
#define SPILLWAY_ENGINE_SPLIT_RUN_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/call_context.h"
#include "base/clock.h"
#include "connector/source.h"
#include "engine/load_crew.h"
#include "engine/run_meter.h"
#include "engine/run_options.h"
#include "engine/send_right.h"
#include "transforms/document_options.h"

namespace spillway {

// All outlive the call.
struct SplitRunParts {
  Source& source;
  Destination& destination;
  Clock& clock;
  RunMeter& meter;                   // is told what happens
  const SendRight* right = nullptr;  // null: none is needed
};

struct SplitRunWork {
  std::string table_id;
  int64_t version = 0;
  int64_t run_id = 0;  // of the load
  std::vector<SplitWork> work;
  std::vector<std::string> keys;  // of the splits, to be sure that they are the same here
};

// Rejected rows are judged by the load; so many end the part all the same, for its memory.
inline constexpr uint64_t kRejectedPerPartMax = 100'000;

// `options`: as the load's, but for what this process may use; duplicates, max_rejected, lease and
// checkpoint_interval are the load's affair. kConflict: the version is not the one that the work is
// of. Other errors: of source and destination; kCancelled; of `right`.
Result<CrewOutcome> RunSplits(const SplitRunParts& parts, const DocumentOptions& documents,
                              const RunOptions& options, const SplitRunWork& work,
                              const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_SPLIT_RUN_H_
