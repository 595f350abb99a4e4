#include "app/switch_steps.h"

namespace spillway {

std::string_view SwitchStepName(SwitchStep step) {
  switch (step) {
    case SwitchStep::kReserve:
      return "reserve";
    case SwitchStep::kLoad:
      return "load";
    case SwitchStep::kVerify:
      return "verify";
    case SwitchStep::kVerified:
      return "verified";
    case SwitchStep::kCatchUp:
      return "catch up";
    case SwitchStep::kFlip:
      return "flip";
    case SwitchStep::kAlign:
      return "align";
    case SwitchStep::kDrop:
      return "drop";
  }
  return "unknown";
}

bool IsLarge(const ChangesPlan& plan, uint64_t documents, uint64_t table_bytes,
             const std::optional<Share>& share) {
  if (!share.has_value() || plan.ranges.empty()) return false;
  const bool read = plan.estimated && plan.bytes_read > 0;
  if (read || plan.rows.has_value()) {
    const double writes =
        read ? plan.upserts + plan.deletes : static_cast<double>(plan.rows.value_or(0));
    return writes >= kLargeWritesMin && writes > share->value * static_cast<double>(documents);
  }
  return static_cast<double>(plan.bytes) > share->value * static_cast<double>(table_bytes);
}

}  // namespace spillway
