// VerifyRun: proves that the destination equals the mapped source at a version, document by
// document, or lists where it does not.
#ifndef SPILLWAY_VERIFY_VERIFY_RUN_H_
#define SPILLWAY_VERIFY_VERIFY_RUN_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/load_run.h"
#include "verify/difference.h"

namespace spillway {

struct VerifyOptions {
  std::string pipeline;
  uint64_t memory_bytes_max = 256ull << 20;
  uint32_t differences_max = 100;           // listed; all are counted
  std::vector<std::string> ignored_fields;  // top level: the system's own and the stamp
  std::string spill_folder;
  VersionSelector at;         // default: the checkpoint's version
  ThroughputLimit limit{};    // of reading the destination
  std::string report_path{};  // of a file for all differences; empty: none
  // Reads both sides, but for what is read once more, in place of this process, and keeps the limit
  // itself; outlives the run. Without an estimate.
  VerifyCrew* crew = nullptr;
  // Before most of the destination is read; may be empty.
  std::function<void(const ReadEstimate&)> on_estimate{};
};

struct VerifySummary : ComparisonCounts {
  int64_t version = 0;
  // Documents that were not as their rows at `version`, but as at a later version that the pipeline
  // came through while they were read, `through_version` at most.
  uint64_t moving = 0;
  int64_t through_version = 0;
  double estimated_cost = 0;  // as it was shown; 0: not known
  std::vector<Difference> differences;
  bool matches() const { return missing + extra + different == 0; }
};

// OK also when they differ: see matches(). The pipeline may be at work meanwhile: then what moves
// is told from what differs, for sure; kUnavailable where that cannot be done, with the reason.
Result<VerifySummary> RunVerify(const LoadParts& parts, const DocumentOptions& documents,
                                const VerifyOptions& options,
                                const std::function<void(uint64_t documents_done)>& on_progress,
                                const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_VERIFY_VERIFY_RUN_H_
