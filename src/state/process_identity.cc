#include "state/process_identity.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <sstream>

namespace spillway {
namespace {

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string ReadLinkText(const char* path) {
  std::array<char, 128> text{};
  const ssize_t size = readlink(path, text.data(), text.size());
  return size > 0 ? std::string(text.data(), static_cast<size_t>(size)) : std::string();
}

// The command name in field 2 may hold blanks and parentheses, so fields are counted after the last
// ')'.
int64_t StartedTicks(int64_t pid) {
  const std::string stat = ReadText(fmt::format("/proc/{}/stat", pid));
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(stat.substr(name_end + 1));
  std::string field;
  constexpr int kStartTimeField = 22;
  for (int number = 3; number < kStartTimeField; ++number) fields >> field;
  int64_t ticks = 0;
  fields >> ticks;
  return fields ? ticks : 0;
}

std::string HostName() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown host";
  return name.data();
}

}  // namespace

ProcessIdentity ThisProcess() {
  ProcessIdentity self;
  self.host = HostName();
  self.pid = getpid();
  self.started = StartedTicks(self.pid);
  std::string boot = ReadText("/proc/sys/kernel/random/boot_id");
  while (!boot.empty() && boot.back() == '\n') boot.pop_back();
  // Without both, nobody can be proven dead from here: an empty machine equals no other.
  const std::string pids = ReadLinkText("/proc/self/ns/pid");
  if (!boot.empty() && !pids.empty()) self.machine = self.host + "/" + boot + "/" + pids;
  return self;
}

bool IsKnownDead(const ProcessIdentity& owner) {
  if (owner.machine.empty() || owner.machine != ThisProcess().machine) return false;
  if (kill(static_cast<pid_t>(owner.pid), 0) != 0 && errno == ESRCH) return true;
  const int64_t started = StartedTicks(owner.pid);
  return owner.started != 0 && started != 0 && started != owner.started;
}

}  // namespace spillway
