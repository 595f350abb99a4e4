// The developer's own sign-in, through the Azure CLI (`az`) and the Azure Developer CLI (`azd`).
#ifndef SPILLWAY_IDENTITY_CLI_CREDENTIAL_H_
#define SPILLWAY_IDENTITY_CLI_CREDENTIAL_H_

#include <memory>

#include "identity/credential.h"

namespace spillway {

// `az account get-access-token`.
std::unique_ptr<Credential> MakeAzureCli(const IdentityWorld& world);
// `azd auth token`.
std::unique_ptr<Credential> MakeAzureDeveloperCli(const IdentityWorld& world);

}  // namespace spillway

#endif  // SPILLWAY_IDENTITY_CLI_CREDENTIAL_H_
