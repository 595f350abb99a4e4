// TokenClaims: what a token says of itself, for people who look for the broken link. Never trusted:
// whether a token is good is the service's affair.
#ifndef SPILLWAY_IDENTITY_TOKEN_CLAIMS_H_
#define SPILLWAY_IDENTITY_TOKEN_CLAIMS_H_

#include <string>
#include <string_view>

namespace spillway {

struct TokenClaims {
  std::string audience;
  std::string object_id;
};

// Empty texts for what a token does not say, or when it is no JSON web token (RFC 7519).
TokenClaims ReadTokenClaims(std::string_view token);

}  // namespace spillway

#endif  // SPILLWAY_IDENTITY_TOKEN_CLAIMS_H_
