// TokenClient: the conversation with whoever gives tokens and secrets: asked again while the other
// side is busy, within bounds.
#ifndef SPILLWAY_IDENTITY_TOKEN_CLIENT_H_
#define SPILLWAY_IDENTITY_TOKEN_CLIENT_H_

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/call_context.h"
#include "base/result.h"
#include "identity/token_reply.h"
#include "net/http_transport.h"
#include "net/retry_policy.h"

namespace spillway {

inline constexpr RetryPolicy kTokenRetryPolicy{.wait_first = std::chrono::milliseconds(800),
                                               .wait_max = std::chrono::milliseconds(16'000),
                                               .retry_after_max = std::chrono::milliseconds(30'000),
                                               .attempts_max = 5};
// All attempts and waits together.
inline constexpr std::chrono::seconds kTokenTimeMax{90};

struct TokenAnswer {
  HttpResponse response;
  TokenTiming timing;  // of the attempt that was answered
};

// 408, 429 and 5xx: the other side is busy.
bool IsBusy(int status);

// Sends the request until the answer is none that `is_busy` names. Any other status is an answer.
// What fails is kUnavailable after the last attempt (kThrottled when that was a 429), or what the
// transport says of certificates and URLs. `whom` starts every message.
Result<TokenAnswer> SendPatiently(const HttpTransportFactory& transports,
                                  const HttpRequest& request, const std::string& whom, Clock& clock,
                                  const CallContext& ctx, bool (*is_busy)(int status) = &IsBusy);

// "a=1&b=2", values percent-encoded.
std::string FormText(const std::vector<std::pair<std::string_view, std::string_view>>& fields);

}  // namespace spillway

#endif  // SPILLWAY_IDENTITY_TOKEN_CLIENT_H_
