#include "identity/identity_spec.h"

#include <utility>
#include <vector>

namespace spillway {
namespace {

const Spec<ManagedIdentitySection>& ManagedIdentitySpec() {
  static const auto spec =
      Spec<ManagedIdentitySection>(
          "Which of the identities that are assigned to this machine or app; `managed_identity` "
          "alone is the system's own.")
          .Field(&ManagedIdentitySection::client_id, "client_id", "Its client id.", Text())
          .Field(&ManagedIdentitySection::object_id, "object_id", "Or its object id.", Text())
          .Field(&ManagedIdentitySection::resource_id, "resource_id", "Or its resource id.", Text())
          .ExactlyOne();
  return spec;
}

const Spec<WorkloadIdentitySection>& WorkloadIdentitySpec() {
  static const auto spec =
      Spec<WorkloadIdentitySection>("A token of another issuer (Kubernetes, GitHub …), exchanged.")
          .Field(&WorkloadIdentitySection::tenant, "tenant", "The tenant.", Text())
          .DefaultText("AZURE_TENANT_ID")
          .Field(&WorkloadIdentitySection::client_id, "client_id", "The application.", Text())
          .DefaultText("AZURE_CLIENT_ID")
          .Field(&WorkloadIdentitySection::token_file, "token_file",
                 "The file with the issuer's token, read anew each time.", Text())
          .DefaultText("AZURE_FEDERATED_TOKEN_FILE");
  return spec;
}

const Spec<ServicePrincipalSection>& ServicePrincipalSpec() {
  static const auto spec =
      Spec<ServicePrincipalSection>("An application with a secret or a certificate.")
          .Field(&ServicePrincipalSection::tenant, "tenant", "Its tenant.", Text())
          .Required()
          .Field(&ServicePrincipalSection::client_id, "client_id", "Its client id.", Text())
          .Required()
          .Field(&ServicePrincipalSection::secret, "secret", "Its client secret.", Secret())
          .Example("{env: AZURE_CLIENT_SECRET}")
          .Field(
              &ServicePrincipalSection::certificate, "certificate",
              "Or a file with its certificate and private key, PEM or PKCS #12, that nobody else "
              "may read.",
              Text())
          .Field(&ServicePrincipalSection::certificate_password, "certificate_password",
                 "Of the certificate's key.", Secret())
          .Field(&ServicePrincipalSection::send_certificate_chain, "send_certificate_chain",
                 "Send the certificate along: for applications that are registered by its subject "
                 "and issuer.",
                 Boolean())
          .Check([](const YamlNode&, const Reading& reading, const ServicePrincipalSection& value) {
            if (value.secret.given() != value.certificate.empty()) {
              reading.problems.Add(reading.owner,
                                   "`service_principal` needs exactly one of: "
                                   "secret, certificate");
            }
          });
  return spec;
}

const Spec<AuthSection>& AuthSpec() {
  static const auto spec =
      Spec<AuthSection>("Who we are.")
          .Field(&AuthSection::key, "key", "A key of the account.", Secret())
          .Example("{env: COSMOS_KEY}")
          .Field(&AuthSection::managed_identity, "managed_identity",
                 "An identity of this machine or app.", Nested(ManagedIdentitySpec()))
          .Example("{client_id: 00000000-0000-0000-0000-000000000000}")
          .Field(&AuthSection::workload_identity, "workload_identity",
                 "A token of another issuer, exchanged.", Nested(WorkloadIdentitySpec()))
          .Field(&AuthSection::service_principal, "service_principal",
                 "An application with a secret or a certificate.", Nested(ServicePrincipalSpec()))
          .Field(&AuthSection::token, "token", "A token of Entra ID that somebody else fetches.",
                 Secret())
          .ExactlyOne();
  return spec;
}

Word<AuthSection> AuthWord(std::string text, AuthKind kind, std::string doc) {
  AuthSection section;
  section.word = kind;
  return {std::move(text), std::move(section), std::move(doc)};
}

// Prints its default, which is a word.
class AuthType : public NestedType<AuthSection> {
 public:
  using NestedType::NestedType;
  std::string Format(const AuthSection&) const override { return "default"; }
};

}  // namespace

AuthKind AuthSection::kind() const {
  if (key.given()) return AuthKind::kKey;
  if (managed_identity) return AuthKind::kManagedIdentity;
  if (workload_identity) return AuthKind::kWorkloadIdentity;
  if (service_principal) return AuthKind::kServicePrincipal;
  if (token.given()) return AuthKind::kToken;
  return word;
}

TypePtr<AuthSection> Auth(bool with_emulator) {
  std::vector<Word<AuthSection>> words = {
      AuthWord("default", AuthKind::kDefault,
               "the first that is there: environment, workload identity, managed identity, `az`, "
               "`azd`"),
      AuthWord("managed_identity", AuthKind::kManagedIdentity, "the machine's or app's own"),
      AuthWord("workload_identity", AuthKind::kWorkloadIdentity,
               "AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE"),
      AuthWord("azure_cli", AuthKind::kAzureCli, "whoever is signed in to `az`")};
  if (with_emulator) {
    words.push_back(AuthWord("emulator", AuthKind::kEmulator, "the key of every local server"));
  }
  return std::make_shared<AuthType>(AuthSpec(), std::move(words), std::vector<LaterWord>{});
}

TypePtr<CloudName> CloudWord() {
  return OneOf<CloudName>({{"public", CloudName::kPublic, ""},
                           {"china", CloudName::kChina, "Azure in China"},
                           {"us_government", CloudName::kUsGovernment, "Azure Government"}});
}

}  // namespace spillway
