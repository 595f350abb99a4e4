#include "cli/exit_code.h"

#include <array>

namespace spillway {

std::span<const ExitCodeMeaning> ExitCodes() {
  static constexpr std::array<ExitCodeMeaning, 12> kCodes = {{
      {kExitDone, "done"},
      {kExitFailed, "failed"},
      {kExitUsage, "usage or configuration is wrong; nothing was done"},
      {kExitRejectedOverBudget, "stopped: more rows were rejected than `max_rejected` allows"},
      {kExitChangesPending, "`plan --exit-code`: there is something to load"},
      {kExitMismatch, "`verify`: source and destination differ"},
      {kExitAuth, "authentication or authorisation failed"},
      {kExitTemporary, "temporary; progress is saved, run the same command again"},
      {kExitLocked, "another run holds the pipeline, or a saved plan is out of date"},
      {kExitDecision, "a table feature, or a change of table or mapping, needs a decision"},
      {kExitSignalBase + 2, "stopped by Ctrl-C; progress is saved"},
      {kExitSignalBase + 15, "stopped by SIGTERM; progress is saved"},
  }};
  return kCodes;
}

int ExitCodeOf(const Status& status, int signal) {
  switch (status.code()) {
    case StatusCode::kOk:
      return kExitDone;
    case StatusCode::kInvalidArgument:
      return kExitUsage;
    case StatusCode::kUnauthenticated:
    case StatusCode::kPermissionDenied:
      return kExitAuth;
    case StatusCode::kThrottled:
    case StatusCode::kUnavailable:
    case StatusCode::kUnsure:
      return kExitTemporary;
    case StatusCode::kRejectedOverBudget:
      return kExitRejectedOverBudget;
    case StatusCode::kMismatch:
      return kExitMismatch;
    case StatusCode::kLocked:
      return kExitLocked;
    case StatusCode::kConflict:
    case StatusCode::kUnsupported:
      return kExitDecision;
    case StatusCode::kCancelled:
      return signal > 0 ? kExitSignalBase + signal : kExitFailed;
    case StatusCode::kNotFound:
    case StatusCode::kTooLarge:
    case StatusCode::kDataLoss:
    case StatusCode::kInternal:
      return kExitFailed;
  }
  return kExitFailed;
}

}  // namespace spillway
