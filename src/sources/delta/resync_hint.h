// What to do when changes are lost for good.
#ifndef SPILLWAY_SOURCES_DELTA_RESYNC_HINT_H_
#define SPILLWAY_SOURCES_DELTA_RESYNC_HINT_H_

namespace spillway {

inline constexpr const char* kResyncHint = "Load the table anew with --resync.";

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_RESYNC_HINT_H_
