#include "emulator/service/http_message.h"

#include <fmt/format.h>
#include <strings.h>

#include "emulator/json/value.h"

namespace spillway::emulator {
namespace {

bool SameName(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::string_view Request::Header(std::string_view name) const {
  for (const auto& [header, value] : headers) {
    if (SameName(header, name)) return value;
  }
  return {};
}

bool Request::Has(std::string_view name) const {
  for (const auto& header : headers) {
    if (SameName(header.first, name)) return true;
  }
  return false;
}

bool Request::Flag(std::string_view name) const {
  return SameName(Header(name), "true");
}

ServiceError BadRequest(std::string message, int substatus) {
  ServiceError error;
  error.status = 400;
  error.substatus = substatus;
  error.message = std::move(message);
  return error;
}

ServiceError NotFoundError(std::string message, int substatus) {
  ServiceError error;
  error.status = 404;
  error.substatus = substatus;
  error.message = std::move(message);
  return error;
}

Reply::Reply(ServiceError error) : status(error.status) {
  Value content{Object{}};
  content.Set("code", StatusCodeText(error.status));
  content.Set("message", ReplaceInvalidUtf8(error.message));
  if (!error.additional_info.empty()) {
    content.Set("additionalErrorInfo", error.additional_info);
  }
  body = ToJson(content);
  if (error.substatus != 0) Set("x-ms-substatus", std::to_string(error.substatus));
  if (error.retry_after) {
    Set("x-ms-retry-after-ms", std::to_string(error.retry_after->count()));
  }
  Set("x-ms-request-charge", ChargeText(error.charge));
}

void Reply::Set(std::string_view name, std::string value) {
  for (auto& [header, old] : headers) {
    if (header == name) {
      old = std::move(value);
      return;
    }
  }
  headers.emplace_back(name, std::move(value));
}

std::string_view Reply::Header(std::string_view name) const {
  for (const auto& [header, value] : headers) {
    if (header == name) return value;
  }
  return {};
}

std::string_view StatusCodeText(int status) {
  switch (status) {
    case 400:
      return "BadRequest";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "NotFound";
    case 405:
      return "MethodNotAllowed";
    case 408:
      return "RequestTimeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "PreconditionFailed";
    case 413:
      return "RequestEntityTooLarge";
    case 424:
      return "FailedDependency";
    case 429:
      return "TooManyRequests";
    case 449:
      return "RetryWith";
    case 501:
      return "NotImplemented";
    case 503:
      return "ServiceUnavailable";
    default:
      return "InternalServerError";
  }
}

std::string ChargeText(double charge) {
  return fmt::format("{:.2f}", charge);
}

}  // namespace spillway::emulator
