#include "identity/token_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <random>

#include "net/url.h"

namespace spillway {
namespace {

using std::chrono::milliseconds;

// Seconds; a date is not used by those whom we ask.
milliseconds RetryAfter(const HttpHeaders& headers) {
  const std::string_view text = headers.Find("retry-after");
  uint32_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return std::chrono::seconds(count);
}

bool MayAskAgain(const Status& status) {
  return status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kUnsure;
}

// One attempt; nullopt and a reason when it is worth another.
std::optional<Result<TokenAnswer>> Attempt(HttpTransport& transport, const HttpRequest& request,
                                           const std::string& whom, Clock& clock,
                                           const CallContext& ctx, bool (*is_busy)(int),
                                           Status* busy) {
  const SteadyTime asked_at = clock.Now();
  Result<HttpResponse> response = transport.Send(request, ctx);
  if (ctx.stop.stop_requested()) return Result<TokenAnswer>(Cancelled("stopped on request"));
  if (!response.ok()) {
    Status status = std::move(response).status().WithContext(whom);
    if (!MayAskAgain(status)) return Result<TokenAnswer>(std::move(status));
    *busy = Unavailable(std::string(status.message())).WithHint(std::string(status.hint()));
    return std::nullopt;
  }
  if (is_busy(response->status)) {
    const std::string message =
        fmt::format("{}: {} {}", whom, response->status, ParseRefusal(response->body).message);
    *busy = response->status == 429 ? Throttled(message) : Unavailable(message);
    *busy = std::move(*busy).WithRetryAfter(RetryAfter(response->headers));
    return std::nullopt;
  }
  if (response->status >= 300 && response->status < 400) {
    return Result<TokenAnswer>(
        Unauthenticated(fmt::format("{}: a redirect ({}) to {}", whom, response->status,
                                    OneLine(response->headers.Find("location"))))
            .WithHint("redirects are never followed: check the address, and that no proxy answers "
                      "in its place"));
  }
  const WallTime now = ParseHttpDate(response->headers.Find("date"), clock.WallNow());
  return Result<TokenAnswer>(TokenAnswer{*std::move(response), {asked_at, now}});
}

}  // namespace

bool IsBusy(int status) {
  return status == 408 || status == 429 || status >= 500;
}

Result<TokenAnswer> SendPatiently(const HttpTransportFactory& transports,
                                  const HttpRequest& request, const std::string& whom, Clock& clock,
                                  const CallContext& ctx, bool (*is_busy)(int status)) {
  std::minstd_rand random(std::random_device{}());
  CallContext bounded = ctx;
  bounded.deadline = std::min(ctx.deadline, clock.Now() + kTokenTimeMax);
  ASSIGN_OR_RETURN(const std::unique_ptr<HttpTransport> transport, transports());
  for (uint32_t attempts = 1;; ++attempts) {
    Status busy;
    auto answer = Attempt(*transport, request, whom, clock, bounded, is_busy, &busy);
    if (answer) return *std::move(answer);
    const milliseconds wait = RetryWait(kTokenRetryPolicy, attempts, busy.retry_after(), random);
    const bool last = !kTokenRetryPolicy.AllowsAttempt(attempts);
    if (last || clock.Now() + wait > bounded.deadline) {
      return std::move(busy).WithContext(
          fmt::format("after {} attempt{}", attempts, attempts == 1 ? "" : "s"));
    }
    if (!clock.WaitFor(wait, ctx.stop)) return Cancelled("stopped on request");
  }
}

std::string FormText(const std::vector<std::pair<std::string_view, std::string_view>>& fields) {
  std::string text;
  for (const auto& [name, value] : fields) {
    if (!text.empty()) text.push_back('&');
    text.append(name).append("=").append(PercentEncode(value));
  }
  return text;
}

}  // namespace spillway
