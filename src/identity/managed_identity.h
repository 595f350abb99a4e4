// The identity that Azure gives to a machine or an app: App Service, Functions and Container Apps
// (IDENTITY_ENDPOINT), Azure Arc (with IMDS_ENDPOINT), else the metadata service of virtual
// machines and AKS nodes (IMDS). Facts: "How to use managed identities for Azure resources on an
// Azure VM to acquire an access token", "REST endpoint reference" of App Service, and Arc's page on
// tokens.
#ifndef SPILLWAY_IDENTITY_MANAGED_IDENTITY_H_
#define SPILLWAY_IDENTITY_MANAGED_IDENTITY_H_

#include <memory>
#include <string>

#include "identity/credential.h"

namespace spillway {

// Which of the identities that are assigned; all empty: the system's own, or the only one.
struct ManagedIdentity {
  std::string client_id{};
  std::string object_id{};
  std::string resource_id{};
  // Ask first, for at most a second, whether there is a metadata service at all: on a machine
  // outside of Azure nobody answers.
  bool probe = false;
};

std::unique_ptr<Credential> MakeManagedIdentity(ManagedIdentity identity,
                                                const IdentityWorld& world);

}  // namespace spillway

#endif  // SPILLWAY_IDENTITY_MANAGED_IDENTITY_H_
