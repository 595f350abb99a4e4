// The log of one command (base/log.h): where --log-level and --log-file send it, its first line and
// its last one.
#ifndef SPILLWAY_CLI_COMMAND_LOG_H_
#define SPILLWAY_CLI_COMMAND_LOG_H_

#include "base/status.h"
#include "cli/arguments.h"

namespace spillway {

// Log lines come between what the console writes there.
bool LogsToStderr(const Arguments& arguments);

// Starts the log, if one is asked for. A file is made for its owner alone, and appended to.
// kInvalidArgument: it cannot be.
Status OpenCommandLog(const Arguments& arguments);

// How the command ended: an error when it failed.
void LogCommandEnd(const Arguments& arguments, const Status& status, int exit_code);

}  // namespace spillway

#endif  // SPILLWAY_CLI_COMMAND_LOG_H_
