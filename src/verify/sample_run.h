// SampleRun: compares documents drawn at random instead of all: rows drawn from the table, by their
// position, with their documents read by key; and documents drawn from places of the destination,
// with their keys looked up in the table. Says how sure that makes one.
#ifndef SPILLWAY_VERIFY_SAMPLE_RUN_H_
#define SPILLWAY_VERIFY_SAMPLE_RUN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "verify/verify_run.h"

namespace spillway {

inline constexpr uint64_t kSampleMax = 1'000'000;

struct SampleOptions : VerifyOptions {
  uint64_t rows = 0;               // to be drawn, at most kSampleMax
  std::optional<uint64_t> seed{};  // of the draw; left out: another one each time
};

struct SampleSummary {
  int64_t version = 0;
  uint64_t seed = 0;
  uint64_t rows_total = 0;  // of the table
  uint64_t drawn = 0;       // documents of drawn rows; rows that are none are not counted
  uint64_t equal = 0;
  uint64_t missing = 0;
  uint64_t different = 0;
  uint64_t moving = 0;  // as VerifySummary::moving
  uint64_t destination_drawn =
      0;               // documents drawn from the destination; 0: it cannot be drawn from
  uint64_t extra = 0;  // of these
  double differing_share_max = 1;  // with 95 % confidence, of all rows: missing or different
  double estimated_cost = 0;
  double cost = 0;
  std::vector<Difference> differences;
  bool matches() const { return missing + different + extra == 0; }
};

// OK also when they differ. kUnsupported: the table does not say how many rows its files have.
Result<SampleSummary> RunSample(const LoadParts& parts, const DocumentOptions& documents,
                                const SampleOptions& options, const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_VERIFY_SAMPLE_RUN_H_
