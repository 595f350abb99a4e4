// PlanChanges: what the next run of changes would do: which versions are pending, how each would be
// told, and what applying them would cost. What is little is read and collapsed as a run would do
// it, so that its figures are exact; of more, a part is read and carried over.
#ifndef SPILLWAY_APP_PLAN_CHANGES_H_
#define SPILLWAY_APP_PLAN_CHANGES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/pipeline.h"
#include "app/write_costs.h"

namespace spillway {

// Versions looked at one by one; of more, only how many there are is told.
inline constexpr uint64_t kPlanVersionsMax = 10'000;
// Read for the estimate, compressed.
inline constexpr uint64_t kPlanReadBytesMax = 32 << 20;

// Consecutive versions that would be told in the same way.
struct ChangeRange {
  ChangeMethod method = ChangeMethod::kFeed;
  std::string reason;  // why none better
  int64_t first_version = 0;
  int64_t last_version = 0;
  uint64_t files = 0;
  uint64_t bytes = 0;                // compressed, as the log says
  std::optional<uint64_t> rows = 0;  // images; nullopt when the log does not tell of every file

  uint64_t versions() const { return static_cast<uint64_t>(last_version - first_version + 1); }
};

struct ChangesPlan {
  int64_t from_version = 0;
  int64_t latest_version = 0;
  std::vector<ChangeRange> ranges;  // up to kPlanVersionsMax versions
  uint64_t files = 0;               // of the ranges
  uint64_t bytes = 0;
  std::optional<uint64_t> rows = 0;
  // Of the ranges. `bytes_read` of `bytes` were read for it: all of them makes it exact; none, when
  // the first version alone is more than is read for a plan, leaves it unknown.
  uint64_t bytes_read = 0;
  bool estimated = false;
  bool exact = false;
  double upserts = 0;
  double inserts = 0;  // of the upserts: of documents that are not there yet
  double deletes = 0;
  double document_bytes = 0;           // mean, of an upsert
  double units = 0;                    // request units; 0 when the destination does not measure
  std::optional<std::string> warning;  // the table is about to let go of what is pending

  uint64_t versions() const { return static_cast<uint64_t>(latest_version - from_version); }
};

// What writes cost, and what is not known of a document that goes.
struct ChangeCosts {
  const WriteCosts* writes = nullptr;
  double document_bytes = 0;
  double document_fields = 0;
};

// REQUIRES: a load that is done. Writes nothing to either side, nor to the state. Errors: those
// that a run would stop with before its first write, but for the delete guard's.
Result<ChangesPlan> PlanChanges(const Project& project, const OpenedPipeline& opened,
                                const Checkpoint& checkpoint, const ChangeCosts& costs,
                                const CallContext& ctx);

// Where a pipeline stands beside its table: for `status`. Reads one commit.
struct Behind {
  uint64_t versions = 0;
  std::optional<std::string> warning;
};
Result<Behind> BehindTable(const OpenedPipeline& opened, const Checkpoint& checkpoint,
                           const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_APP_PLAN_CHANGES_H_
