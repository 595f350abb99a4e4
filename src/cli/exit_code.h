// Exit codes: what a script learns from a command (design §6). One table, here.
#ifndef SPILLWAY_CLI_EXIT_CODE_H_
#define SPILLWAY_CLI_EXIT_CODE_H_

#include <span>
#include <string_view>

#include "base/status.h"

namespace spillway {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitRejectedOverBudget = 3;
inline constexpr int kExitChangesPending = 4;
inline constexpr int kExitMismatch = 5;
inline constexpr int kExitAuth = 6;
inline constexpr int kExitTemporary = 7;
inline constexpr int kExitLocked = 8;
inline constexpr int kExitDecision = 9;
inline constexpr int kExitSignalBase = 128;  // plus the signal: 130 for SIGINT, 143 for SIGTERM

struct ExitCodeMeaning {
  int code;
  std::string_view meaning;
};

std::span<const ExitCodeMeaning> ExitCodes();

// `signal`: the one that asked to stop, 0 for none; it decides only when the work was cancelled.
int ExitCodeOf(const Status& status, int signal);

}  // namespace spillway

#endif  // SPILLWAY_CLI_EXIT_CODE_H_
