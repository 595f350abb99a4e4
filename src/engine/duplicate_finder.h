// Duplicates: rows of one load that share an identity, found by sorting what the IdentityLog kept,
// in bounded memory.
#ifndef SPILLWAY_ENGINE_DUPLICATE_FINDER_H_
#define SPILLWAY_ENGINE_DUPLICATE_FINDER_H_

#include <cstdint>
#include <functional>
#include <string>

#include "base/call_context.h"
#include "engine/identity_log.h"

namespace spillway {

// Several rows of one identity.
struct DuplicateGroup {
  Hash128 identity;
  uint64_t rows = 0;           // at least 2
  uint64_t rows_upserted = 0;  // of them; the others were left by the mode, or deleted
  RowPlace first;
  RowPlace last;
  RowPlace last_upserted;  // when rows_upserted > 0
};

// Visits every group, in no order that matters, and returns how many different rows the log knows.
// `spill_path` is for what does not fit into `memory_bytes_max`.
Result<uint64_t> FindDuplicates(IdentityLog& log, const std::string& spill_path,
                                uint64_t memory_bytes_max,
                                const std::function<Status(const DuplicateGroup&)>& visit,
                                const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_DUPLICATE_FINDER_H_
