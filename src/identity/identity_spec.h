// `auth:` of a connection, as spillway.yaml has it: the same words for every service of Azure.
#ifndef SPILLWAY_IDENTITY_IDENTITY_SPEC_H_
#define SPILLWAY_IDENTITY_IDENTITY_SPEC_H_

#include <optional>
#include <string>

#include "config/spec.h"
#include "identity/cloud.h"

namespace spillway {

struct ManagedIdentitySection {
  std::string client_id;
  std::string object_id;
  std::string resource_id;
};

struct WorkloadIdentitySection {
  std::string tenant;
  std::string client_id;
  std::string token_file;
};

struct ServicePrincipalSection {
  std::string tenant;
  std::string client_id;
  SecretReference secret;
  std::string certificate;
  SecretReference certificate_password;
  bool send_certificate_chain = false;
};

enum class AuthKind : uint8_t {
  kDefault,
  kKey,
  kManagedIdentity,
  kWorkloadIdentity,
  kServicePrincipal,
  kAzureCli,
  kToken,
  kEmulator,
};

struct AuthSection {
  // What a map says of itself stands below; kind() sees to both.
  AuthKind word = AuthKind::kDefault;
  SecretReference key;
  std::optional<ManagedIdentitySection> managed_identity;
  std::optional<WorkloadIdentitySection> workload_identity;
  std::optional<ServicePrincipalSection> service_principal;
  SecretReference token;

  AuthKind kind() const;
  // By tokens of Entra ID, rather than by a key of the service.
  bool is_entra() const { return kind() != AuthKind::kKey && kind() != AuthKind::kEmulator; }
};

// `emulator` stands for a key that every server of the kind has on a developer's machine.
TypePtr<AuthSection> Auth(bool with_emulator);

// `cloud: public | china | us_government`; left out: by the endpoint's name.
TypePtr<CloudName> CloudWord();

}  // namespace spillway

#endif  // SPILLWAY_IDENTITY_IDENTITY_SPEC_H_
