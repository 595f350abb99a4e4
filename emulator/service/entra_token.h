// Entra tokens, for tests of clients that sign in: what of a token is checked here, and what its
// holder may do (cosmos-protocol: "Data-plane RBAC"). There is no identity provider behind it:
// anyone can make a token that this server takes.
#ifndef SPILLWAY_EMULATOR_SERVICE_ENTRA_TOKEN_H_
#define SPILLWAY_EMULATOR_SERVICE_ENTRA_TOKEN_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "emulator/service/http_message.h"
#include "emulator/service/resource_path.h"

namespace spillway::emulator {

struct EntraOptions {
  std::string audience;  // what `aud` must say, but for a slash at its end
  // Object ids (`oid`) with the built-in role Data Reader; all others have Data Contributor.
  std::vector<std::string> readers;
};

// "type=aad" in the authorization header.
bool CarriesEntraToken(const Request& request);

// nullopt when the token is valid and its holder may do this. 401 when it is no token, for another
// audience, not yet valid, or signed with another key; 401/5006 when it has expired; 403/5300 when
// the role does not allow it, as for everything that only the control plane may do.
// A token is unsigned (`alg` "none"), signed with the account key (HS256), or carries that key as
// its signature, as tokens of the vendor's own local server do. `key` is binary.
std::optional<ServiceError> CheckEntraToken(const Request& request, const ResourcePath& path,
                                            const EntraOptions& options, std::string_view key,
                                            WallTime now);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_ENTRA_TOKEN_H_
