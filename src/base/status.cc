#include "base/status.h"

#include <utility>

namespace spillway {

std::string_view StatusCodeName(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return "ok";
    case StatusCode::kInvalidArgument:
      return "invalid argument";
    case StatusCode::kUnauthenticated:
      return "unauthenticated";
    case StatusCode::kPermissionDenied:
      return "permission denied";
    case StatusCode::kNotFound:
      return "not found";
    case StatusCode::kConflict:
      return "conflict";
    case StatusCode::kThrottled:
      return "throttled";
    case StatusCode::kUnavailable:
      return "unavailable";
    case StatusCode::kUnsure:
      return "outcome unknown";
    case StatusCode::kTooLarge:
      return "too large";
    case StatusCode::kUnsupported:
      return "unsupported";
    case StatusCode::kDataLoss:
      return "data loss";
    case StatusCode::kRejectedOverBudget:
      return "rejected rows over budget";
    case StatusCode::kMismatch:
      return "mismatch";
    case StatusCode::kLocked:
      return "locked";
    case StatusCode::kCancelled:
      return "cancelled";
    case StatusCode::kInternal:
      return "internal error";
  }
  return "unknown";
}

Status::Status(StatusCode code, std::string message)
    : rep_(code == StatusCode::kOk ? nullptr
                                   : std::make_unique<Rep>(Rep{code, std::move(message), {}, {}})) {
}

Status::Status(const Status& other)
    : rep_(other.rep_ ? std::make_unique<Rep>(*other.rep_) : nullptr) {}

Status& Status::operator=(const Status& other) {
  if (this != &other) rep_ = other.rep_ ? std::make_unique<Rep>(*other.rep_) : nullptr;
  return *this;
}

std::string_view Status::message() const {
  return rep_ ? rep_->message : std::string_view();
}

std::string_view Status::hint() const {
  return rep_ ? rep_->hint : std::string_view();
}

std::chrono::milliseconds Status::retry_after() const {
  return rep_ ? rep_->retry_after : std::chrono::milliseconds(0);
}

Status Status::WithContext(std::string_view context) && {
  if (rep_) rep_->message.insert(0, std::string(context) + ": ");
  return std::move(*this);
}

Status Status::WithHint(std::string hint) && {
  if (rep_) rep_->hint = std::move(hint);
  return std::move(*this);
}

Status Status::WithRetryAfter(std::chrono::milliseconds wait) && {
  if (rep_) rep_->retry_after = wait;
  return std::move(*this);
}

std::string Status::ToString() const {
  if (ok()) return "ok";
  return std::string(StatusCodeName(code())) + ": " + rep_->message;
}

Status InvalidArgument(std::string m) {
  return {StatusCode::kInvalidArgument, std::move(m)};
}
Status Unauthenticated(std::string m) {
  return {StatusCode::kUnauthenticated, std::move(m)};
}
Status PermissionDenied(std::string m) {
  return {StatusCode::kPermissionDenied, std::move(m)};
}
Status NotFound(std::string m) {
  return {StatusCode::kNotFound, std::move(m)};
}
Status Conflict(std::string m) {
  return {StatusCode::kConflict, std::move(m)};
}
Status Throttled(std::string m) {
  return {StatusCode::kThrottled, std::move(m)};
}
Status Unavailable(std::string m) {
  return {StatusCode::kUnavailable, std::move(m)};
}
Status Unsure(std::string m) {
  return {StatusCode::kUnsure, std::move(m)};
}
Status TooLarge(std::string m) {
  return {StatusCode::kTooLarge, std::move(m)};
}
Status Unsupported(std::string m) {
  return {StatusCode::kUnsupported, std::move(m)};
}
Status DataLoss(std::string m) {
  return {StatusCode::kDataLoss, std::move(m)};
}
Status Locked(std::string m) {
  return {StatusCode::kLocked, std::move(m)};
}
Status Cancelled(std::string m) {
  return {StatusCode::kCancelled, std::move(m)};
}
Status Internal(std::string m) {
  return {StatusCode::kInternal, std::move(m)};
}

}  // namespace spillway
