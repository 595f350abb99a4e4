// Request and Reply: HTTP as the service sees it, so that tests need no socket.
#ifndef SPILLWAY_EMULATOR_SERVICE_HTTP_MESSAGE_H_
#define SPILLWAY_EMULATOR_SERVICE_HTTP_MESSAGE_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace spillway::emulator {

// Borrows everything; lives as long as the request is handled.
struct Request {
  std::string_view method;  // upper case
  std::string_view target;  // path and query, percent-encoded
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  std::string_view body;  // with kJsonPaddingBytes readable bytes behind it
  bool secure = false;    // came over TLS

  // Empty when absent; names compare without case.
  std::string_view Header(std::string_view name) const;
  bool Has(std::string_view name) const;
  // "true" in any case.
  bool Flag(std::string_view name) const;
};

// A failure in the service's terms.
struct ServiceError {
  int status = 500;
  int substatus = 0;
  std::string message;
  std::optional<std::chrono::milliseconds> retry_after;
  std::string additional_info;  // JSON, shown as `additionalErrorInfo`
  double charge = 0;
};

ServiceError BadRequest(std::string message, int substatus = 0);
ServiceError NotFoundError(std::string message = "Resource Not Found.", int substatus = 0);

// A T or the error that takes its place.
template <typename T>
class [[nodiscard]] Outcome {
 public:
  Outcome(T value) : rep_(std::move(value)) {}
  Outcome(ServiceError error) : rep_(std::move(error)) {}
  bool ok() const { return std::holds_alternative<T>(rep_); }
  // REQUIRES: !ok().
  ServiceError& error() { return std::get<ServiceError>(rep_); }
  const ServiceError& error() const { return std::get<ServiceError>(rep_); }
  // REQUIRES: ok().
  T& operator*() { return std::get<T>(rep_); }
  const T& operator*() const { return std::get<T>(rep_); }
  T* operator->() { return &std::get<T>(rep_); }
  const T* operator->() const { return &std::get<T>(rep_); }

 private:
  std::variant<T, ServiceError> rep_;
};

#define EMULATOR_CONCAT_INNER(a, b) a##b
#define EMULATOR_CONCAT(a, b) EMULATOR_CONCAT_INNER(a, b)
#define EMULATOR_TRY_INNER(outcome, target, expression) \
  auto outcome = (expression);                          \
  if (!outcome.ok()) return std::move(outcome.error()); \
  target = std::move(*outcome)
// For functions that return Outcome<…> or Reply.
#define EMULATOR_TRY(target, expression) \
  EMULATOR_TRY_INNER(EMULATOR_CONCAT(outcome_, __LINE__), target, expression)
// The same for checks that return std::optional<ServiceError>.
#define EMULATOR_CHECK(expression) \
  if (auto error_ = (expression)) return std::move(*error_)

// What happens to the connection instead of an orderly reply; for fault injection.
enum class Delivery { kNormal, kReset, kTruncate };

struct Reply {
  Reply() = default;
  Reply(ServiceError error);  // with the service's error body

  int status = 200;
  std::vector<std::pair<std::string_view, std::string>> headers;  // names are literals
  std::string body;
  Delivery delivery = Delivery::kNormal;
  // For slow links: the body goes out in this many bytes a second; 0: at once.
  uint32_t drip_bytes_per_second = 0;

  void Set(std::string_view name, std::string value);
  std::string_view Header(std::string_view name) const;
};

// "Gone" for 410: the `code` of error bodies.
std::string_view StatusCodeText(int status);
// Two decimals, as in x-ms-request-charge.
std::string ChargeText(double charge);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_HTTP_MESSAGE_H_
