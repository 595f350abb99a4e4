// RetentionWarning: says in time that a source is about to let go of what a pipeline still needs:
// afterwards only a new load helps.
#ifndef SPILLWAY_CHANGES_RETENTION_WARNING_H_
#define SPILLWAY_CHANGES_RETENTION_WARNING_H_

#include <optional>
#include <string>

#include "base/clock.h"
#include "connector/change_log.h"

namespace spillway {

// From this part of the time that changes are kept on, it is soon.
inline constexpr double kRetentionWarnedFrom = 0.75;

// Of changes that are not applied yet, in one or two sentences with what to do; nullopt: there is
// time, or nobody knows.
std::optional<std::string> RetentionWarning(const ChangesInfo& pending, WallTime now);

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_RETENTION_WARNING_H_
