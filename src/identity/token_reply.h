// What token endpoints say: a token, or why there is none. Facts: OAuth 2.0 (RFC 6749, sections 5.1
// and 5.2) and the replies of Entra ID, IMDS, App Service, `az` and `azd`.
#ifndef SPILLWAY_IDENTITY_TOKEN_REPLY_H_
#define SPILLWAY_IDENTITY_TOKEN_REPLY_H_

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "identity/access_token.h"

namespace spillway {

// When a token was asked for. Its life is counted from then, not from when the answer came.
struct TokenTiming {
  SteadyTime asked_at;
  // The other side's clock (its header Date), else ours: only for replies that say when a token
  // ends and not for how long it lives.
  WallTime their_now;
};

// kDataLoss when the body is no reply with a token that still lives. The message never holds any
// of the body.
Result<AccessToken> ParseTokenReply(std::string_view body, const TokenTiming& timing);

// What an error's body says, for people: one line of at most 500 bytes without control characters.
struct ServiceRefusal {
  std::string code;     // "invalid_client"; empty when there is none
  std::string message;  // "AADSTS7000215: Invalid client secret provided."
};
ServiceRefusal ParseRefusal(std::string_view body);

// `text` without control characters, cut to 500 bytes.
std::string OneLine(std::string_view text);
// `text` with every occurrence of `secret` replaced. Secrets of less than four bytes are left.
std::string Redacted(std::string text, std::string_view secret);

// The time that a header Date says (RFC 9110, section 5.6.7); `fallback` when it says none.
WallTime ParseHttpDate(std::string_view text, WallTime fallback);

}  // namespace spillway

#endif  // SPILLWAY_IDENTITY_TOKEN_REPLY_H_
