// RunChild: another program, run by its argument list (never through a shell), with a bound on its
// time and its output.
#ifndef SPILLWAY_BASE_CHILD_PROCESS_H_
#define SPILLWAY_BASE_CHILD_PROCESS_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/call_context.h"
#include "base/result.h"

namespace spillway {

struct ChildLimits {
  std::chrono::milliseconds time_max{30'000};
  size_t output_bytes_max = 64 << 10;  // of each of the two outputs
};

struct ChildOutcome {
  int exit_code = 0;         // 128 + the signal that ended it
  std::string output;        // standard output
  std::string error_output;  // standard error
};

// Blocks until the program has ended, and everything that it started in its process group is
// ended with it when its time is over. It inherits the environment; its standard input is empty.
// The program is found on the PATH unless its name has a slash.
//   kNotFound     there is no such program, or it may not be run
//   kUnavailable  it did not end in time
//   kTooLarge     it said more than it may
//   kCancelled    a stop was requested
// No message holds anything that the program said, nor its arguments but the first.
Result<ChildOutcome> RunChild(const std::vector<std::string>& arguments, const ChildLimits& limits,
                              Clock& clock, const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_BASE_CHILD_PROCESS_H_
