// Identities: who signs in where, for the whole program: connections with the same `auth` share one
// TokenProvider, and so its tokens.
#ifndef SPILLWAY_IDENTITY_IDENTITIES_H_
#define SPILLWAY_IDENTITY_IDENTITIES_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "identity/identity_spec.h"
#include "identity/secret_reader.h"
#include "identity/token_provider.h"

namespace spillway {

// Thread-safe.
class Identities {
 public:
  using TransportMaker = std::function<HttpTransportFactory(const std::string& ca_file)>;
  // `transports_of` outlives it.
  Identities(IdentityWorld world, TransportMaker transports_of);

  // The provider of `auth`, which is_entra(). Asks nobody. Relative paths start at `folder`. The
  // authority is the cloud's, unless AZURE_AUTHORITY_HOST names another. kInvalidArgument: a
  // setting of the environment that cannot be used.
  Result<std::shared_ptr<TokenProvider>> Provider(const AuthSection& auth, const Cloud& cloud,
                                                  const std::string& folder);

  // Reads the secret each time.
  SecretSource Source(const SecretReference& reference, const std::string& folder);
  Result<std::string> ReadSecret(const SecretReference& reference, const std::string& folder,
                                 const CallContext& ctx) const;

 private:
  Result<std::unique_ptr<Credential>> Make(const AuthSection& auth, const std::string& authority,
                                           const std::string& folder);

  const IdentityWorld world_;
  const SecretReader secrets_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<TokenProvider>> providers_;
};

// Of this process: its environment, its clock, the network.
Identities& ProgramIdentities();

}  // namespace spillway

#endif  // SPILLWAY_IDENTITY_IDENTITIES_H_
