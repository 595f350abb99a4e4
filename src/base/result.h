// Result<T>: a T or the Status that says why there is none. RETURN_IF_ERROR and ASSIGN_OR_RETURN
// keep the happy path unindented.
#ifndef SPILLWAY_BASE_RESULT_H_
#define SPILLWAY_BASE_RESULT_H_

#include <optional>
#include <utility>

#include "base/check.h"
#include "base/status.h"

namespace spillway {

template <typename T>
class [[nodiscard]] Result {
 public:
  // Implicit on purpose: `return value;` and `return NotFound(…);` both read as what they are.
  Result(T value) : value_(std::move(value)) {}
  Result(Status status) : status_(std::move(status)) { SPILLWAY_CHECK(!status_.ok()); }

  bool ok() const { return value_.has_value(); }
  const Status& status() const& { return status_; }
  Status status() && { return std::move(status_); }

  // REQUIRES: ok().
  T& operator*() & { return Value(); }
  const T& operator*() const& { return Value(); }
  T&& operator*() && { return std::move(Value()); }
  T* operator->() { return &Value(); }
  const T* operator->() const { return &Value(); }

 private:
  T& Value() {
    SPILLWAY_CHECK(value_.has_value());
    return *value_;
  }
  const T& Value() const {
    SPILLWAY_CHECK(value_.has_value());
    return *value_;
  }

  Status status_;
  std::optional<T> value_;
};

}  // namespace spillway

#define SPILLWAY_CONCAT_INNER(a, b) a##b
#define SPILLWAY_CONCAT(a, b) SPILLWAY_CONCAT_INNER(a, b)

#define RETURN_IF_ERROR(expression)                                 \
  do {                                                              \
    if (::spillway::Status status_ = (expression); !status_.ok()) { \
      return status_;                                               \
    }                                                               \
  } while (false)

#define SPILLWAY_ASSIGN_OR_RETURN(result, target, expression) \
  auto result = (expression);                                 \
  if (!result.ok()) return std::move(result).status();        \
  target = *std::move(result)

#define ASSIGN_OR_RETURN(target, expression) \
  SPILLWAY_ASSIGN_OR_RETURN(SPILLWAY_CONCAT(result_, __LINE__), target, expression)

#endif  // SPILLWAY_BASE_RESULT_H_
