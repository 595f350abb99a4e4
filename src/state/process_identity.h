// ProcessIdentity: which process, on which machine: so that a lease whose owner has died here can
// be taken over at once, and one whose owner cannot be seen from here only after it expires.
#ifndef SPILLWAY_STATE_PROCESS_IDENTITY_H_
#define SPILLWAY_STATE_PROCESS_IDENTITY_H_

#include <cstdint>
#include <string>

namespace spillway {

struct ProcessIdentity {
  std::string host;
  // Host, boot and process namespace: two processes see each other's pids only when these are
  // equal. Containers on one machine share the boot but not the namespace.
  std::string machine;
  int64_t pid = 0;
  int64_t started = 0;  // ticks since boot (/proc/<pid>/stat, field 22; man 5 proc); 0: unknown
};

ProcessIdentity ThisProcess();

// True only when `owner` certainly does not run any more: it ran on this machine, and its pid is
// gone or is another process by now.
bool IsKnownDead(const ProcessIdentity& owner);

}  // namespace spillway

#endif  // SPILLWAY_STATE_PROCESS_IDENTITY_H_
