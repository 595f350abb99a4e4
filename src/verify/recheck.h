// Recheck: whether the documents that a repair wrote are now as they should be.
#ifndef SPILLWAY_VERIFY_RECHECK_H_
#define SPILLWAY_VERIFY_RECHECK_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "connector/destination.h"
#include "transforms/document_options.h"
#include "verify/read_pace.h"
#include "verify/repair_writes.h"

namespace spillway {

struct RecheckResult {
  uint64_t checked = 0;
  uint64_t still_different = 0;
  double cost = 0;
};

struct RecheckOptions {
  std::span<const std::string> ignored_fields;
  const std::optional<SoftDelete>& soft_delete;
  ReadPace* pace = nullptr;
};

Result<RecheckResult> Recheck(Destination& destination, const RepairWrites& writes,
                              const RecheckOptions& options, const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_VERIFY_RECHECK_H_
