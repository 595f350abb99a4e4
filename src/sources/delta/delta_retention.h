// How long a table keeps what changes are read from. Source: Delta Lake's table properties
// reference (delta.logRetentionDuration, delta.deletedFileRetentionDuration,
// delta.enableExpiredLogCleanup) and VACUUM, which takes removed files and files of the change feed
// that are older than the second.
#ifndef SPILLWAY_SOURCES_DELTA_DELTA_RETENTION_H_
#define SPILLWAY_SOURCES_DELTA_DELTA_RETENTION_H_

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "connector/change_log.h"

namespace spillway {

// "interval 1 week 2 days", "168 hours"; nullopt when it is no length of time.
std::optional<std::chrono::milliseconds> ParseInterval(std::string_view text);

// Of one commit of a table with these properties. `needs_old_files`: it removes files, or has some
// of the change feed.
std::optional<Retention> RetentionOf(const std::map<std::string, std::string>& properties,
                                     bool needs_old_files);

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_DELTA_RETENTION_H_
