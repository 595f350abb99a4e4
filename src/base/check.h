// CHECK: an invariant of the program itself, always on. Never reachable by user input, whatever it
// is.
#ifndef SPILLWAY_BASE_CHECK_H_
#define SPILLWAY_BASE_CHECK_H_

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace spillway {

[[noreturn]] inline void CheckFailed(const char* condition, std::source_location at) {
  std::fprintf(stderr, "spillway: internal check failed: %s (%s:%u)\n", condition, at.file_name(),
               at.line());
  std::abort();
}

}  // namespace spillway

#define SPILLWAY_CHECK(condition) \
  ((condition) ? void(0) : ::spillway::CheckFailed(#condition, std::source_location::current()))

// The same in hot loops, where release builds leave it out.
#ifdef NDEBUG
#define SPILLWAY_DCHECK(condition) ((void)sizeof(condition))
#else
#define SPILLWAY_DCHECK(condition) SPILLWAY_CHECK(condition)
#endif

#endif  // SPILLWAY_BASE_CHECK_H_
