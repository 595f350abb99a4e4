// What a load does about rows that share an identity (`duplicates: fail | last`), once everything
// else is settled.
#ifndef SPILLWAY_ENGINE_DUPLICATE_POLICY_H_
#define SPILLWAY_ENGINE_DUPLICATE_POLICY_H_

#include <functional>
#include <string>
#include <vector>

#include "connector/source.h"
#include "engine/duplicate_finder.h"
#include "engine/reader_pool.h"
#include "engine/run_options.h"
#include "model/intent_counts.h"
#include "transforms/document_encoder.h"

namespace spillway {

struct DuplicateParts {
  const Snapshot& snapshot;
  const DocumentEncoder& encoder;
  IdentityLog& log;
  std::string spill_path;
  uint64_t memory_bytes_max = 0;
  // Writes the given rows once more and returns when they are settled.
  std::function<Status(std::vector<SplitWork>)> rewrite;
};

// Whether the policy has a meaning under this mode: kInvalidArgument says why not.
Status CheckDuplicatePolicy(DuplicatePolicy policy, WriteMode mode);

// kDataLoss when a log with `rows_known` rows cannot be that of a load with these counts.
Status CheckLogComplete(uint64_t rows_known, const IntentCounts& counts);

// `counts`: of the finished load, to check that the log knows every row (kDataLoss when it does
// not). kFail: OK, or kConflict naming up to ten identities with their rows. kLast: the last row of
// each identity, in the order of splits and rows, is written again; returns how many upserted rows
// it superseded.
Result<uint64_t> ApplyDuplicatePolicy(const DuplicateParts& parts, DuplicatePolicy policy,
                                      const IntentCounts& counts, const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_DUPLICATE_POLICY_H_
