// Paths in a configuration are relative to the folder of its file, wherever the program was
// started.
#ifndef SPILLWAY_CONFIG_RELATIVE_PATH_H_
#define SPILLWAY_CONFIG_RELATIVE_PATH_H_

#include <string>

namespace spillway {

// `path` as it is when empty or a URL, else absolute, without `.` and `..`; a relative one starts
// at `folder`.
std::string ResolvePath(const std::string& folder, const std::string& path);

}  // namespace spillway

#endif  // SPILLWAY_CONFIG_RELATIVE_PATH_H_
