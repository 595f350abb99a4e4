// The client credentials grant of Entra ID: a service principal with a secret, with a certificate,
// or with a token that another issuer signed (workload identity federation). Facts: "Microsoft
// identity platform and the OAuth 2.0 client credentials flow"; the environment names are those of
// the Azure identity libraries.
#ifndef SPILLWAY_IDENTITY_CLIENT_CREDENTIAL_H_
#define SPILLWAY_IDENTITY_CLIENT_CREDENTIAL_H_

#include <memory>
#include <string>

#include "identity/credential.h"

namespace spillway {

struct ServicePrincipal {
  std::string authority;  // "https://login.microsoftonline.com"
  std::string tenant;
  std::string client_id;
  SecretSource secret{};           // or:
  std::string certificate_file{};  // PEM or PKCS #12; read at every Fetch
  SecretSource certificate_password{};
  bool send_certificate_chain = false;
};

std::unique_ptr<Credential> MakeServicePrincipal(ServicePrincipal principal,
                                                 const IdentityWorld& world);

// AZURE_TENANT_ID, AZURE_CLIENT_ID, and AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH (with
// AZURE_CLIENT_CERTIFICATE_PASSWORD, AZURE_CLIENT_SEND_CERTIFICATE_CHAIN), read at every Fetch.
std::unique_ptr<Credential> MakeEnvironmentCredential(std::string authority,
                                                      const IdentityWorld& world);

struct WorkloadIdentity {
  std::string authority;
  std::string tenant{};      // empty: AZURE_TENANT_ID
  std::string client_id{};   // empty: AZURE_CLIENT_ID
  std::string token_file{};  // empty: AZURE_FEDERATED_TOKEN_FILE; read at every Fetch
};

std::unique_ptr<Credential> MakeWorkloadIdentity(WorkloadIdentity identity,
                                                 const IdentityWorld& world);

}  // namespace spillway

#endif  // SPILLWAY_IDENTITY_CLIENT_CREDENTIAL_H_
