#include "destinations/cosmosdb/response_classifier.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "destinations/cosmosdb/cosmos_json.h"

namespace spillway::cosmosdb {
namespace {

constexpr int kAny = -1;
constexpr size_t kMessageBytesMax = 500;
constexpr int kNotInDataPlane = 5300;

struct Row {
  int status;
  int sub_status_first;  // kAny: every one
  int sub_status_last;
  Disposition disposition;
  Recovery recovery;
  StatusCode code;
  std::string_view reason;
};

constexpr Row Any(int status, Disposition disposition, StatusCode code, std::string_view reason,
                  Recovery recovery = Recovery::kNone) {
  return {status, kAny, kAny, disposition, recovery, code, reason};
}
constexpr Row One(int status, int sub_status, Disposition disposition, StatusCode code,
                  std::string_view reason, Recovery recovery = Recovery::kNone) {
  return {status, sub_status, sub_status, disposition, recovery, code, reason};
}
constexpr Row Span(int status, int first, int last, Disposition disposition, StatusCode code,
                   std::string_view reason, Recovery recovery = Recovery::kNone) {
  return {status, first, last, disposition, recovery, code, reason};
}

using enum Disposition;
using enum Recovery;
using Code = StatusCode;

// The first row that fits counts. Other 4xx are rejections, other 5xx may have been applied.
constexpr Row kTable[] = {
    One(400, 1001, kReject, Code::kInvalidArgument, "partition_key_mismatch"),
    One(400, 1004, kReject, Code::kUnsupported, "query_needs_plan"),
    One(400, 1024, kRetry, Code::kUnavailable, "container_changed", kCheckContainer),
    One(400, 3205, kRetry, Code::kUnavailable, "offer_change_pending"),
    Any(400, kReject, Code::kInvalidArgument, "http_400", kSmallerRequest),
    Any(401, kStop, Code::kUnauthenticated, "unauthenticated"),
    One(403, 3, kRetry, Code::kUnavailable, "write_region_moved", kRefreshAccount),
    One(403, 1008, kRetry, Code::kUnavailable, "region_removed", kRefreshAccount),
    One(403, 1014, kReject, Code::kTooLarge, "logical_partition_full"),
    One(403, 1032, kRetry, Code::kThrottled, "delete_limit"),
    Any(403, kStop, Code::kPermissionDenied, "forbidden"),
    One(404, 1002, kRetry, Code::kUnavailable, "session_not_available"),
    One(404, 1003, kStop, Code::kNotFound, "container_missing"),
    One(404, 1013, kRetry, Code::kUnavailable, "container_in_creation"),
    One(404, 1023, kRetry, Code::kUnavailable, "store_not_ready"),
    Any(404, kReject, Code::kNotFound, "not_found"),
    Any(408, kUnsure, Code::kUnsure, "request_timeout"),
    One(409, 1006, kRetry, Code::kUnavailable, "control_conflict"),
    One(409, 3301, kReject, Code::kConflict, "unique_key"),
    One(409, 3302, kReject, Code::kConflict, "partition_key_collision"),
    Any(409, kReject, Code::kConflict, "id_exists"),
    One(410, 1000, kRetry, Code::kUnavailable, "container_changed", kCheckContainer),
    One(410, 1002, kRetry, Code::kUnavailable, "range_gone", kRefreshRanges),
    One(410, 1007, kRetry, Code::kUnavailable, "range_splitting", kRefreshRanges),
    One(410, 1008, kRetry, Code::kUnavailable, "range_moving", kRefreshRanges),
    Any(410, kRetry, Code::kUnavailable, "gone", kRefreshRanges),
    Span(412, 2001, 2101, kRetry, Code::kUnavailable, "management_lock"),
    One(412, 1110, kReject, Code::kConflict, "patch_condition"),
    Any(412, kReject, Code::kConflict, "etag_mismatch"),
    One(413, 3401, kRetry, Code::kTooLarge, "transaction_limit", kSmallerRequest),
    One(413, 3402, kRetry, Code::kTooLarge, "response_too_large"),
    Any(413, kReject, Code::kTooLarge, "too_large", kSmallerRequest),
    Any(423, kRetry, Code::kUnavailable, "locked"),
    Any(424, kRetry, Code::kUnavailable, "failed_dependency"),
    Any(429, kRetry, Code::kThrottled, "throttled"),
    Any(449, kRetry, Code::kUnavailable, "concurrent_update"),
    Any(500, kUnsure, Code::kUnsure, "http_500"),
    Any(503, kRetry, Code::kUnavailable, "service_unavailable"),
};

std::string_view FirstLine(std::string_view text) {
  return text.substr(0, text.find_first_of("\r\n"));
}

std::string_view CutToCharacter(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (text[bytes_max] & 0xC0) == 0x80) --bytes_max;
  return text.substr(0, bytes_max);
}

// Words that only a token meets.
std::string HintForToken(const ServiceError& error) {
  if (error.sub_status == 5006) {
    return "the token had expired, and so had the one that was fetched then: renew it where it "
           "comes from, and check this machine's clock";
  }
  if (error.sub_status == 5202 || error.sub_status == 5203) {
    return "this account takes no keys: sign in with Entra ID (auth: default)";
  }
  if (error.sub_status == 5002) return "this account takes no tokens of Entra ID: use a key";
  if (error.message.find("audience") != std::string::npos) {
    return "the token is for another service: check `audience` and `cloud` of the connection";
  }
  return {};
}

// "… to perform action [Microsoft.DocumentDB/…/items/upsert] on resource …": the action; empty when
// the service names none.
std::string_view RefusedAction(std::string_view message) {
  constexpr std::string_view kBefore = "perform action [";
  const size_t at = message.find(kBefore);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = message.substr(at + kBefore.size());
  const size_t end = rest.find(']');
  return end == std::string_view::npos ? std::string_view() : rest.substr(0, end);
}

std::string HintForRole(const ServiceError& error) {
  if (error.sub_status == kNotInDataPlane) {
    return "no data-plane role allows this: name the account's `arm` in the connection, or use the "
           "account key (docs/identity.md)";
  }
  const std::string_view action = RefusedAction(error.message);
  const std::string lacking =
      action.empty() ? std::string("give the identity a data-plane role: ")
                     : fmt::format(
                           "the identity's role lacks the data action {}: add it (az "
                           "cosmosdb sql role definition update), or give the identity a "
                           "role that has it: ",
                           action);
  return lacking +
         "az cosmosdb sql role assignment create --account-name ACCOUNT --resource-group GROUP "
         "--scope / --principal-id OBJECT_ID --role-definition-id "
         "00000000-0000-0000-0000-000000000002 (docs/identity.md has what each command needs); it "
         "can take minutes to be in effect";
}

std::string HintFor(const ServiceError& error) {
  if (error.status == 401) {
    if (std::string hint = HintForToken(error); !hint.empty()) return hint;
    return "check the account key (or token), that it belongs to this endpoint, and this machine's "
           "clock";
  }
  if (error.status == 403 && error.sub_status >= 5300 && error.sub_status <= 5400) {
    return HintForRole(error);
  }
  if (error.status == 403) {
    return "check the account's firewall, that the key may write, or the data-plane role of the "
           "identity";
  }
  return {};
}

}  // namespace

bool IsSuccess(int status) {
  return (status >= 200 && status < 300) || status == 304;
}

Classification Classify(int status, int sub_status) {
  SPILLWAY_CHECK(!IsSuccess(status));
  for (const Row& row : kTable) {
    if (row.status != status) continue;
    const bool fits = row.sub_status_first == kAny ||
                      (sub_status >= row.sub_status_first && sub_status <= row.sub_status_last);
    if (fits) return {row.disposition, row.recovery, row.code, row.reason};
  }
  if (status >= 400 && status < 500) return {kReject, kNone, Code::kInvalidArgument, "http_4xx"};
  return {kUnsure, kNone, Code::kUnsure, "http_5xx"};
}

Status ToStatus(const ServiceError& error) {
  const Classification classification = Classify(error.status, error.sub_status);
  std::string message = std::to_string(error.status);
  if (error.sub_status != 0) message += "/" + std::to_string(error.sub_status);
  if (!error.message.empty()) message.append(": ").append(error.message);
  if (!error.activity_id.empty()) {
    message.append(" (activity ").append(error.activity_id).append(")");
  }
  return Status(classification.code, std::move(message))
      .WithRetryAfter(error.retry_after)
      .WithHint(HintFor(error));
}

std::string MessageOfBody(std::string_view body) {
  std::string_view words = body;
  const Result<JsonDocument> json = JsonDocument::Parse(body, "the error");
  if (json.ok() && json->root().is_object()) words = StringMember(json->root(), "message", body);
  return std::string(CutToCharacter(FirstLine(words), kMessageBytesMax));
}

}  // namespace spillway::cosmosdb
