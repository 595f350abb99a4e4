#include "destinations/cosmosdb/cosmos_client.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "destinations/cosmosdb/response_classifier.h"

namespace spillway::cosmosdb {
namespace {

constexpr char kApiVersion[] = "2020-07-15";
// Bit 1: partition merges are understood.
constexpr char kCapabilities[] = "1";

int IntHeader(const HttpHeaders& headers, std::string_view name) {
  const std::string_view text = headers.Find(name);
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

double DoubleHeader(const HttpHeaders& headers, std::string_view name) {
  const std::string_view text = headers.Find(name);
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

CosmosResponse FromHttp(HttpResponse http) {
  CosmosResponse response;
  response.status = http.status;
  response.sub_status = IntHeader(http.headers, "x-ms-substatus");
  response.charge = DoubleHeader(http.headers, "x-ms-request-charge");
  response.retry_after = std::chrono::milliseconds(
      static_cast<int64_t>(DoubleHeader(http.headers, "x-ms-retry-after-ms")));
  response.headers = std::move(http.headers);
  response.body = std::move(http.body);
  return response;
}

bool NamesAnotherRegion(const CosmosResponse& response) {
  return response.status == 403 && (response.sub_status == 3 || response.sub_status == 1008);
}

// Not where the account takes no keys, or no tokens, at all.
bool NewCredentialMayHelp(const CosmosResponse& response) {
  const int sub_status = response.sub_status;
  return response.status == 401 && sub_status != 5002 && sub_status != 5202 && sub_status != 5203;
}

bool MayReadAgain(const Status& status) {
  return status.code() == StatusCode::kThrottled || status.code() == StatusCode::kUnavailable ||
         status.code() == StatusCode::kUnsure;
}

}  // namespace

bool CosmosResponse::ok() const {
  return IsSuccess(status);
}

Status CosmosResponse::ToStatus() const {
  if (status >= 300 && status < 400) {
    return Unauthenticated("the endpoint answers with a redirect (" + std::to_string(status) +
                           ") to " + std::string(headers.Find("location")))
        .WithHint(
            "redirects are never followed: check the endpoint, and that no proxy answers "
            "in its place");
  }
  const std::string message = MessageOfBody(body);
  return cosmosdb::ToStatus({.status = status,
                             .sub_status = sub_status,
                             .message = message,
                             .activity_id = headers.Find("x-ms-activity-id"),
                             .retry_after = retry_after});
}

CosmosClient::CosmosClient(CosmosAccount& account, std::unique_ptr<HttpTransport> transport)
    : account_(account), transport_(std::move(transport)), random_(std::random_device{}()) {}

Result<CosmosResponse> CosmosClient::Call(const CosmosRequest& request, const CallContext& ctx) {
  if (account_.ClaimDiscovery()) {
    const Status discovered = Discover(ctx);
    // What was known before still serves when the account cannot be read just now.
    const bool passing = MayReadAgain(discovered) && account_.is_known();
    if (!discovered.ok() && !passing) return discovered;
  }
  return SendTo(account_.Current(), request, ctx);
}

Result<CosmosResponse> CosmosClient::SendTo(const Endpoint& endpoint, const CosmosRequest& request,
                                            const CallContext& ctx) {
  Result<CosmosResponse> response = SendOnce(endpoint, request, ctx);
  if (!response.ok() || !NewCredentialMayHelp(*response)) return response;
  Result<bool> later = account_.authorizer().Renew(authorization_.generation, ctx);
  if (!later.ok()) {
    return std::move(later).status().WithContext(
        fmt::format("{}, and nothing newer to sign in with", response->ToStatus().message()));
  }
  return *later ? SendOnce(endpoint, request, ctx) : std::move(response);
}

Result<CosmosResponse> CosmosClient::SendOnce(const Endpoint& endpoint,
                                              const CosmosRequest& request,
                                              const CallContext& ctx) {
  const std::string& date = Date();
  RETURN_IF_ERROR(Authorize(request, date, ctx));
  HttpRequest http{.method = request.method,
                   .url = endpoint.origin + std::string(request.path),
                   .headers = request.headers,
                   .body = request.body,
                   .repeatable = !request.write};
  http.headers.push_back({"authorization", authorization_.header});
  http.headers.push_back({"x-ms-date", date});
  http.headers.push_back({"x-ms-version", kApiVersion});
  http.headers.push_back({"accept", "application/json"});
  http.headers.push_back({"cache-control", "no-cache"});
  http.headers.push_back({"x-ms-cosmos-sdk-supportedcapabilities", kCapabilities});
  if (request.write && endpoint.tentative_writes) {
    http.headers.push_back({"x-ms-cosmos-allow-tentative-writes", "true"});
  }
  Result<HttpResponse> answer = transport_->Send(http, ctx);
  if (!answer.ok()) {
    const StatusCode code = answer.status().code();
    if (code == StatusCode::kUnavailable) account_.MarkUnreachable(endpoint.origin);
    if (code != StatusCode::kUnsure || request.write) return std::move(answer).status();
    if (ctx.stop.stop_requested()) return Cancelled("stopped on request");
    return Unavailable(std::string(answer.status().message()));
  }
  CosmosResponse response = FromHttp(*std::move(answer));
  if (NamesAnotherRegion(response)) account_.MarkStale();
  return response;
}

const std::string& CosmosClient::Date() {
  const auto now = account_.clock().WallNow();
  const int64_t second = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  if (date_.empty() || second != date_second_) {
    date_ = FormatRfc1123(now);
    date_second_ = second;
  }
  return date_;
}

Status CosmosClient::Authorize(const CosmosRequest& request, std::string_view date,
                               const CallContext& ctx) {
  const SignedParts parts{HttpMethodName(request.method), request.resource_type,
                          request.resource_link, date};
  const Authorizer& authorizer = account_.authorizer();
  std::string text;
  if (authorizer.is_repeatable()) {
    text.append(parts.verb).append("\n").append(parts.resource_type).append("\n");
    text.append(parts.resource_link).append("\n").append(date);
    const bool same = authorization_.generation == authorizer.generation();
    if (same && text == signed_parts_) return Status::Ok();
  }
  ASSIGN_OR_RETURN(authorization_, authorizer.Authorize(parts, ctx));
  signed_parts_ = std::move(text);
  return Status::Ok();
}

Result<CosmosResponse> CosmosClient::Read(const CosmosRequest& request, const RetryPolicy& policy,
                                          const CallContext& ctx) {
  for (uint32_t attempts = 1;; ++attempts) {
    Result<CosmosResponse> response = Call(request, ctx);
    const bool answered =
        response.ok() && (response->ok() || response->is_absent() || response->is_range_gone());
    if (answered) return response;
    Status status = response.ok() ? response->ToStatus() : std::move(response).status();
    if (!MayReadAgain(status)) return status;
    RETURN_IF_ERROR(WaitToReadAgain(policy, attempts, std::move(status), ctx));
  }
}

Status CosmosClient::WaitToReadAgain(const RetryPolicy& policy, uint32_t attempts, Status last,
                                     const CallContext& ctx) {
  if (!policy.AllowsAttempt(attempts)) return last;
  const auto wait = RetryWait(policy, attempts, last.retry_after(), random_);
  if (account_.clock().Now() + wait > ctx.deadline) return last;
  if (!account_.clock().WaitFor(wait, ctx.stop)) return Cancelled("stopped on request");
  return Status::Ok();
}

Status CosmosClient::Discover(const CallContext& ctx) {
  const CosmosRequest request{.resource_type = "", .resource_link = "", .path = "/"};
  ASSIGN_OR_RETURN(const CosmosResponse response, SendTo({account_.home(), false}, request, ctx));
  const std::string context = "reading the account at " + account_.home();
  if (!response.ok()) return response.ToStatus().WithContext(context);
  Result<AccountInfo> info = ParseAccount(response.body);
  if (!info.ok()) return std::move(info).status().WithContext(context);
  account_.Install(*std::move(info));
  return Status::Ok();
}

}  // namespace spillway::cosmosdb
