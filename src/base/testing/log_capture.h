// LogCapture: the log of one test, in a file without a name.
#ifndef SPILLWAY_BASE_TESTING_LOG_CAPTURE_H_
#define SPILLWAY_BASE_TESTING_LOG_CAPTURE_H_

#include <unistd.h>

#include <cstdio>
#include <string>

#include "base/log.h"

namespace spillway {

// One at a time. The log is off again when it is gone. `clock` outlives it.
class LogCapture {
 public:
  explicit LogCapture(const Clock& clock) : clock_(clock), file_(std::tmpfile()) {}
  ~LogCapture() {
    Start(LogLevel::kOff);
    std::fclose(file_);
  }
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  void Start(LogLevel level) { StartLog(level, fileno(file_), clock_); }
  std::string Written() const {
    std::string text(1 << 16, '\0');
    const ssize_t size = ::pread(fileno(file_), text.data(), text.size(), 0);
    text.resize(size > 0 ? static_cast<size_t>(size) : 0);
    return text;
  }

 private:
  const Clock& clock_;
  std::FILE* const file_;
};

}  // namespace spillway

#endif  // SPILLWAY_BASE_TESTING_LOG_CAPTURE_H_
