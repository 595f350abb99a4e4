// RunVerifyPart: a part of somebody else's verification (VerifyCrew), in a process of its own. It
// keeps nothing: a part that fails is done again from its beginning.
#ifndef SPILLWAY_VERIFY_VERIFY_PART_H_
#define SPILLWAY_VERIFY_VERIFY_PART_H_

#include <string>
#include <vector>

#include "base/call_context.h"
#include "base/clock.h"
#include "connector/source.h"
#include "throughput/throughput_limit.h"
#include "verify/verify_crew.h"

namespace spillway {

// Rows of the table, or documents of a part [from, to) of the key space, which is [0, 1).
struct VerifyPartWork {
  VerifyOutcome::Side side = VerifyOutcome::Side::kSource;
  std::string table_id;
  int64_t version = 0;
  std::vector<std::string> late_columns;
  std::vector<SplitRows> rows;
  std::vector<std::string> keys;  // of their splits, to be sure that they are the same here
  double from = 0;
  double to = 1;
};

// All outlive the call.
struct VerifyPartParts {
  Source& source;
  Destination& destination;
  Clock& clock;
  const DocumentOptions& documents;  // without late columns
  const std::vector<std::string>& ignored_fields;
};

// Records of a part are in memory, 40 bytes each; of the destination with their keys.
inline constexpr uint64_t kVerifyPartRecordsMax = 8'000'000;

// `limit`: of reading the destination, for this process. kConflict: the version is not the one that
// the work is of; kTooLarge: more than kVerifyPartRecordsMax. Other errors: of source and
// destination; kCancelled.
Result<VerifyOutcome> RunVerifyPart(const VerifyPartParts& parts, const VerifyPartWork& work,
                                    uint64_t memory_bytes_max, const ThroughputLimit& limit,
                                    const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_VERIFY_VERIFY_PART_H_
