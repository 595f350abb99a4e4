// Credential: one way to get tokens of Microsoft Entra ID.
#ifndef SPILLWAY_IDENTITY_CREDENTIAL_H_
#define SPILLWAY_IDENTITY_CREDENTIAL_H_

#include <memory>
#include <string>
#include <string_view>

#include "base/call_context.h"
#include "base/result.h"
#include "config/process_environment.h"
#include "config/secret.h"
#include "identity/access_token.h"
#include "net/http_transport.h"

namespace spillway {

// Thread-safe.
class Credential {
 public:
  virtual ~Credential() = default;
  // "managed identity".
  virtual std::string_view name() const = 0;
  // Asks for a token, and asks again while the other side is busy, within bounds. `scope` as in
  // "https://cosmos.azure.com/.default".
  //   kNotFound         this way is not available here; the message says why
  //   kUnauthenticated  we were refused
  //   kUnavailable, kThrottled, kCancelled
  virtual Result<AccessToken> Fetch(const std::string& scope, const CallContext& ctx) = 0;
};

// What every credential stands on. The clock outlives them.
struct IdentityWorld {
  HttpTransportFactory transports;
  // Reaches the machine's own addresses (IMDS) and never goes through a proxy.
  HttpTransportFactory local_transports;
  EnvironmentLookup environment;
  Clock& clock;

  // Empty when the variable is not set.
  std::string Variable(const char* name) const { return environment(name).value_or(""); }
};

// A token that was given to us. `token` is read at every Fetch.
std::unique_ptr<Credential> MakeGivenToken(SecretSource token, const IdentityWorld& world);

}  // namespace spillway

#endif  // SPILLWAY_IDENTITY_CREDENTIAL_H_
