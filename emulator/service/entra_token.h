// Entra tokens, for tests of clients that sign in: what of a token is checked here, and which role
// it gives its holder. There is no identity provider behind it: anyone can make a token that this
// server takes.
#ifndef SPILLWAY_EMULATOR_SERVICE_ENTRA_TOKEN_H_
#define SPILLWAY_EMULATOR_SERVICE_ENTRA_TOKEN_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "emulator/service/data_actions.h"
#include "emulator/service/http_message.h"

namespace spillway::emulator {

struct EntraOptions {
  std::string audience;  // what `aud` must say, but for a slash at its end
  // Object ids (`oid`) with the built-in role Data Reader; all others have Data Contributor.
  std::vector<std::string> readers;
};

// "type=aad" in the authorization header.
bool CarriesEntraToken(const Request& request);

// Who the token speaks for. 401 when it is no token, for another audience, not yet valid, or signed
// with another key; 401/5006 when it has expired.
// A token is unsigned (`alg` "none"), signed with the account key (HS256), or carries that key as
// its signature, as tokens of the vendor's own local server do. `key` is binary.
// Its role is the claim `roles`: names of data actions, wildcards, ids of built-in roles; 401 when
// one is unknown. Without that claim a principal has a built-in role: EntraOptions.
Outcome<Grant> CheckEntraToken(const Request& request, const EntraOptions& options,
                               std::string_view key, WallTime now);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_ENTRA_TOKEN_H_
