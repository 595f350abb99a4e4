// Finding: what `doctor` found out about one link of the way between source and destination.
#ifndef SPILLWAY_CONNECTOR_FINDING_H_
#define SPILLWAY_CONNECTOR_FINDING_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace spillway {

enum class FindingKind : uint8_t {
  kOk,
  kWarning,  // works, but for how long or how well
  kFailed,
  kSkipped,  // could not be tried, because of another link
};

struct Finding {
  std::string link;  // "token", "role", "change feed"
  FindingKind kind = FindingKind::kOk;
  std::string detail;                 // what was seen, or what went wrong
  std::string fix;                    // what to do about it, as a sentence or a command
  StatusCode code = StatusCode::kOk;  // of a failure
};

// In the order in which they were tried.
class Findings {
 public:
  void Ok(std::string link, std::string detail) {
    all_.push_back({std::move(link), FindingKind::kOk, std::move(detail), {}, StatusCode::kOk});
  }
  void Warn(std::string link, std::string detail, std::string fix) {
    all_.push_back({std::move(link), FindingKind::kWarning, std::move(detail), std::move(fix),
                    StatusCode::kOk});
  }
  void Fail(std::string link, const Status& status) {
    all_.push_back({std::move(link), FindingKind::kFailed, std::string(status.message()),
                    std::string(status.hint()), status.code()});
  }
  void Skip(std::string link, std::string why) {
    all_.push_back({std::move(link), FindingKind::kSkipped, std::move(why), {}, StatusCode::kOk});
  }
  const std::vector<Finding>& all() const { return all_; }

 private:
  std::vector<Finding> all_;
};

}  // namespace spillway

#endif  // SPILLWAY_CONNECTOR_FINDING_H_
