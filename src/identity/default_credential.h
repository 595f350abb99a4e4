// The chain of `auth: default`: the first way that is available here, in the order of the Azure
// identity libraries' DefaultAzureCredential: environment, workload identity, managed identity,
// `az`, `azd`. AZURE_TOKEN_CREDENTIALS shortens it, as there: prod, dev, or the name of one of
// them.
#ifndef SPILLWAY_IDENTITY_DEFAULT_CREDENTIAL_H_
#define SPILLWAY_IDENTITY_DEFAULT_CREDENTIAL_H_

#include <memory>
#include <string>
#include <vector>

#include "identity/credential.h"

namespace spillway {

// Tries the links in order until one gives a token, and stays with that one. A link that is
// available but refused ends the search with its error. When none is available, kNotFound says of
// each why.
std::unique_ptr<Credential> MakeChain(std::vector<std::unique_ptr<Credential>> links);

// kInvalidArgument: AZURE_TOKEN_CREDENTIALS names nothing that we have.
Result<std::unique_ptr<Credential>> MakeDefaultCredential(const std::string& authority,
                                                          const IdentityWorld& world);

}  // namespace spillway

#endif  // SPILLWAY_IDENTITY_DEFAULT_CREDENTIAL_H_
