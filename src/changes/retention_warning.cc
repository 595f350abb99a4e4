#include "changes/retention_warning.h"

#include <fmt/format.h>

#include "base/human.h"

namespace spillway {

std::optional<std::string> RetentionWarning(const ChangesInfo& pending, WallTime now) {
  using std::chrono::milliseconds;
  if (!pending.retention.has_value() || !pending.timestamp_ms.has_value()) return std::nullopt;
  const Retention& retention = *pending.retention;
  const auto age = std::chrono::duration_cast<milliseconds>(now.time_since_epoch()) -
                   milliseconds(*pending.timestamp_ms);
  const auto warned_from =
      std::chrono::duration<double, std::milli>(retention.kept_for) * kRetentionWarnedFrom;
  if (age < warned_from) return std::nullopt;
  const std::string when = age < retention.kept_for
                               ? "in " + HumanDuration(retention.kept_for - age)
                               : std::string("at any time");
  return fmt::format(
      "version {} of the table is {} old, and {} keeps what its changes are read from for {}: it"
      " may go {}. Sync more often than that, or raise {} on the table",
      pending.first_version, HumanDuration(age), retention.setting,
      HumanDuration(retention.kept_for), when, retention.setting);
}

}  // namespace spillway
