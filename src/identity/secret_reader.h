// SecretReader: the text behind any reference to a secret, also those that a service keeps. Facts:
// "Get Secret" of the Key Vault REST reference; "KV secrets engine, version 2" of Vault's HTTP API.
#ifndef SPILLWAY_IDENTITY_SECRET_READER_H_
#define SPILLWAY_IDENTITY_SECRET_READER_H_

#include <functional>
#include <memory>
#include <string>

#include "config/secret.h"
#include "identity/credential.h"
#include "identity/token_provider.h"

namespace spillway {

// Thread-safe.
class SecretReader {
 public:
  // `vault_identity` gives the tokens with which Key Vault is asked; it is made when first needed.
  // `transports_of` makes the connections to a Vault server that is trusted by a file of its own.
  SecretReader(IdentityWorld world,
               std::function<Result<std::shared_ptr<TokenProvider>>()> vault_identity,
               std::function<HttpTransportFactory(const std::string& ca_file)> transports_of)
      : world_(std::move(world)),
        vault_identity_(std::move(vault_identity)),
        transports_of_(std::move(transports_of)) {}

  // The secret as it is now, without the white space around it. Fails as ReadLocalSecret does, and
  // with kInvalidArgument (the service has no such secret), kUnauthenticated (it refuses us) and
  // kUnavailable. No message holds the secret or a token.
  Result<std::string> Read(const SecretReference& reference, const CallContext& ctx) const;

 private:
  Result<std::string> FromKeyVault(const std::string& uri, const CallContext& ctx) const;
  Result<std::string> FromVault(const VaultSecret& secret, const CallContext& ctx) const;

  const IdentityWorld world_;
  const std::function<Result<std::shared_ptr<TokenProvider>>()> vault_identity_;
  const std::function<HttpTransportFactory(const std::string&)> transports_of_;
};

}  // namespace spillway

#endif  // SPILLWAY_IDENTITY_SECRET_READER_H_
