#include "base/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/human.h"

extern char** environ;

namespace spillway {
namespace {

// How soon a stop is noticed.
constexpr int kPollMs = 20;

// One of the child's outputs: it writes, we read.
class Pipe {
 public:
  Pipe() = default;
  ~Pipe() {
    CloseWriting();
    if (read_ >= 0) close(read_);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  bool Open() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    read_ = ends[0];
    write_ = ends[1];
    return true;
  }
  int reading() const { return read_; }
  int writing() const { return write_; }
  bool at_end() const { return at_end_; }
  void CloseWriting() {
    if (write_ >= 0) close(write_);
    write_ = -1;
  }
  // Appends what is there. REQUIRES: poll said that there is something, or the end.
  void ReadSome(std::string* text) {
    std::array<char, 4096> bytes;
    const ssize_t got = read(read_, bytes.data(), bytes.size());
    if (got > 0) text->append(bytes.data(), static_cast<size_t>(got));
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) at_end_ = true;
  }

 private:
  int read_ = -1;
  int write_ = -1;
  bool at_end_ = false;
};

// The child, from its start until it was waited for.
class Child {
 public:
  Child(const std::vector<std::string>& arguments, const ChildLimits& limits, Clock& clock)
      : name_(arguments.front()),
        limits_(limits),
        clock_(clock),
        until_(clock.Now() + limits.time_max) {}

  ~Child() {
    if (id_ > 0) End();
  }

  Status Start(const std::vector<std::string>& arguments) {
    if (!output_.Open() || !errors_.Open()) return Internal("no pipe can be made");
    std::vector<char*> words;
    for (const std::string& argument : arguments)
      words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output_.writing(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, errors_.writing(), STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    SetAttributes(&attributes);
    const int error = posix_spawnp(&id_, words[0], &actions, &attributes, words.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    output_.CloseWriting();
    errors_.CloseWriting();
    if (error == 0) return Status::Ok();
    id_ = -1;
    return NotFound(fmt::format("{} cannot be run: {}", name_, std::strerror(error)));
  }

  Result<ChildOutcome> Wait(const CallContext& ctx) {
    ChildOutcome outcome;
    while (!output_.at_end() || !errors_.at_end()) {
      RETURN_IF_ERROR(CheckTime(ctx));
      pollfd ready[2] = {{output_.at_end() ? -1 : output_.reading(), POLLIN, 0},
                         {errors_.at_end() ? -1 : errors_.reading(), POLLIN, 0}};
      if (poll(ready, 2, kPollMs) <= 0) continue;
      if (ready[0].revents != 0) output_.ReadSome(&outcome.output);
      if (ready[1].revents != 0) errors_.ReadSome(&outcome.error_output);
      if (std::max(outcome.output.size(), outcome.error_output.size()) > limits_.output_bytes_max) {
        return TooLarge(
            fmt::format("{} said more than {}", name_, HumanBytes(limits_.output_bytes_max)));
      }
    }
    int how = 0;
    while (waitpid(id_, &how, WNOHANG) == 0) {
      RETURN_IF_ERROR(CheckTime(ctx));
      poll(nullptr, 0, 1);
    }
    id_ = -1;
    outcome.exit_code = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
    return outcome;
  }

 private:
  // A group of its own, so that a Ctrl-C is ours to handle and an end ends all of it.
  static void SetAttributes(posix_spawnattr_t* attributes) {
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setpgroup(attributes, 0);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  }

  Status CheckTime(const CallContext& ctx) const {
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    const SteadyTime now = clock_.Now();
    if (now < until_ && now < ctx.deadline) return Status::Ok();
    return Unavailable(
        fmt::format("{} did not end within {}", name_, HumanDuration(limits_.time_max)));
  }

  void End() {
    kill(-id_, SIGKILL);
    int how = 0;
    waitpid(id_, &how, 0);
  }

  const std::string name_;
  const ChildLimits limits_;
  Clock& clock_;
  const SteadyTime until_;
  pid_t id_ = -1;
  Pipe output_;
  Pipe errors_;
};

}  // namespace

Result<ChildOutcome> RunChild(const std::vector<std::string>& arguments, const ChildLimits& limits,
                              Clock& clock, const CallContext& ctx) {
  if (arguments.empty() || arguments.front().empty()) {
    return InvalidArgument("no program is named");
  }
  RETURN_IF_ERROR(ctx.CheckNotStopped());
  Child child(arguments, limits, clock);
  RETURN_IF_ERROR(child.Start(arguments));
  return child.Wait(ctx);
}

}  // namespace spillway
