// Files that a command is asked to write.
#ifndef SPILLWAY_CLI_TEXT_FILE_H_
#define SPILLWAY_CLI_TEXT_FILE_H_

#include <string>

#include "base/status.h"

namespace spillway {

// Replaces what is there, or leaves it whole. kInvalidArgument: it cannot be written; says why.
Status ReplaceTextFile(const std::string& path, const std::string& text);

}  // namespace spillway

#endif  // SPILLWAY_CLI_TEXT_FILE_H_
