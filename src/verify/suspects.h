// Suspects: mismatches that were found while the pipeline may have been at work. Each is read once
// more and judged by what its row was at the versions that the pipeline went through meanwhile:
// then it is a difference, or it was on its way.
#ifndef SPILLWAY_VERIFY_SUSPECTS_H_
#define SPILLWAY_VERIFY_SUSPECTS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "changes/record_log.h"
#include "verify/comparison.h"
#include "verify/key_history.h"

namespace spillway {

// All outlive the suspects.
struct SuspectParts {
  const LoadParts& run;
  const DocumentOptions& documents;  // without late columns
  Comparison& comparison;
  ReadPace* pace;  // null: as fast as it goes
  std::span<const std::string> ignored_fields;
};

struct SettledSuspects {
  uint64_t equal = 0;   // as the row was at the version compared, when they were read again
  uint64_t moving = 0;  // as the row was at one of the versions after it
  int64_t through = 0;  // the last of these
  double cost = 0;      // of reading them again
};

// Used by one thread.
class Suspects {
 public:
  Suspects(const SuspectParts& parts, const std::string& spill_prefix, uint64_t memory_bytes_max);

  // In order of identity.
  Status Add(const Mismatch& mismatch);
  uint64_t size() const { return mismatches_.size(); }

  // `compared_at`: where the pipeline stood before anything was read. Calls for every mismatch that
  // is a difference, with the content that was found last. kUnavailable: they cannot be told apart,
  // with the reason.
  Result<SettledSuspects> Settle(const Checkpoint& compared_at,
                                 const std::function<Status(const Mismatch&)>& on_difference,
                                 const CallContext& ctx);
  // All of them are differences: nothing was at work.
  Status TakeAll(const std::function<Status(const Mismatch&)>& on_difference) const;

 private:
  struct Found {
    Hash128 identity;
    Hash128 content;
    bool there = false;
    bool marked = false;  // as one whose row is gone
    bool operator<(const Found& other) const { return identity < other.identity; }
  };
  class Lookup;

  Status VisitAll(const std::function<Status(const Mismatch&)>& visit) const;
  Status ReadAgain(const CallContext& ctx, double* cost);
  Result<bool> Judge(const Mismatch& mismatch, const Found& found, const KeyHistory& history,
                     int64_t first, SettledSuspects* settled) const;

  const SuspectParts parts_;
  const std::string spill_prefix_;
  const uint64_t memory_bytes_max_;
  RecordLog<Mismatch> mismatches_;
  ExternalSort<Found> found_;
};

}  // namespace spillway

#endif  // SPILLWAY_VERIFY_SUSPECTS_H_
