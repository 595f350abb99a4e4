// Status: how every call of the project that can fail says so. The code is the product's error
// taxonomy: it decides retry, rejection, stop and the exit code, so there are few of them and each
// has one meaning. Values are cheap to move; OK costs one null pointer.
#ifndef SPILLWAY_BASE_STATUS_H_
#define SPILLWAY_BASE_STATUS_H_

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace spillway {

enum class StatusCode {
  kOk,
  kInvalidArgument,   // usage or configuration is wrong; nothing was done
  kUnauthenticated,   // who we are was not accepted
  kPermissionDenied,  // we are known and may not
  kNotFound,          // table, container, document or file is not there
  kConflict,          // exists already, or changed under us
  kThrottled,         // asked to slow down; retry_after says for how long
  kUnavailable,       // temporary: the same call may work later
  kUnsure,            // a write was sent and its outcome is unknown (I3)
  kTooLarge,          // over a limit of the destination
  kUnsupported,       // a table feature, type or option that we do not handle; named in the message
  kDataLoss,          // what we read is corrupt, truncated or missing
  kRejectedOverBudget,  // more rows were refused than `max_rejected` allows
  kMismatch,            // verification found differences
  kLocked,              // another run holds the lease, or the plan is stale
  kCancelled,           // stopped on request
  kInternal,            // a bug of ours
};

// "not found", "throttled" …: for messages and JSON, stable.
std::string_view StatusCodeName(StatusCode code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message);
  Status(const Status& other);
  Status& operator=(const Status& other);
  Status(Status&&) noexcept = default;
  Status& operator=(Status&&) noexcept = default;
  ~Status() = default;

  static Status Ok() { return {}; }

  bool ok() const { return rep_ == nullptr; }
  StatusCode code() const { return rep_ ? rep_->code : StatusCode::kOk; }
  // What happened, where, and why in the service's own words. Empty when OK.
  std::string_view message() const;
  // What to do next, as a sentence or a command; may be empty.
  std::string_view hint() const;
  // How long the other side asked us to wait; zero when it did not say.
  std::chrono::milliseconds retry_after() const;

  // Puts what this layer knows in front: "reading commit 42: …". No effect on OK.
  Status WithContext(std::string_view context) &&;
  Status WithHint(std::string hint) &&;
  Status WithRetryAfter(std::chrono::milliseconds wait) &&;

  // "not found: no table at ./lake/x". For logs and tests.
  std::string ToString() const;

 private:
  struct Rep {
    StatusCode code;
    std::string message;
    std::string hint;
    std::chrono::milliseconds retry_after{0};
  };
  std::unique_ptr<Rep> rep_;
};

// Constructors named after the kind.
Status InvalidArgument(std::string message);
Status Unauthenticated(std::string message);
Status PermissionDenied(std::string message);
Status NotFound(std::string message);
Status Conflict(std::string message);
Status Throttled(std::string message);
Status Unavailable(std::string message);
Status Unsure(std::string message);
Status TooLarge(std::string message);
Status Unsupported(std::string message);
Status DataLoss(std::string message);
Status Locked(std::string message);
Status Cancelled(std::string message);
Status Internal(std::string message);

}  // namespace spillway

#endif  // SPILLWAY_BASE_STATUS_H_
