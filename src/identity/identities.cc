#include "identity/identities.h"

#include <fmt/format.h>

#include <utility>

#include "config/relative_path.h"
#include "identity/cli_credential.h"
#include "identity/client_credential.h"
#include "identity/default_credential.h"
#include "identity/managed_identity.h"
#include "net/curl_transport.h"
#include "net/url.h"

namespace spillway {
namespace {

// Of the endpoints that give tokens and secrets: small answers.
constexpr uint64_t kResponseBytesMax = 1 << 20;

SecretReference Below(const std::string& folder, SecretReference reference) {
  if (reference.kind == SecretReference::Kind::kFile) {
    reference.name = ResolvePath(folder, reference.name);
  }
  if (reference.kind == SecretReference::Kind::kVault) {
    VaultSecret vault = *reference.vault;
    vault.ca_file = ResolvePath(folder, vault.ca_file);
    if (vault.token != nullptr) {
      vault.token = std::make_shared<const SecretReference>(Below(folder, *vault.token));
    }
    reference.vault = std::make_shared<const VaultSecret>(std::move(vault));
  }
  return reference;
}

// What two connections must have in common to be one identity.
std::string KeyOf(const AuthSection& auth, const std::string& authority,
                  const std::string& folder) {
  std::string key = fmt::format("{}\n{}\n{}", static_cast<int>(auth.kind()), authority, folder);
  const auto add = [&key](const std::string& text) { key += "\n" + text; };
  if (auth.managed_identity) {
    add(auth.managed_identity->client_id);
    add(auth.managed_identity->object_id);
    add(auth.managed_identity->resource_id);
  }
  if (auth.workload_identity) {
    add(auth.workload_identity->tenant);
    add(auth.workload_identity->client_id);
    add(auth.workload_identity->token_file);
  }
  const auto add_secret = [&](const SecretReference& secret) {
    add(fmt::format("{} {}", static_cast<int>(secret.kind), secret.name));
    for (const std::string& argument : secret.arguments) add(argument);
    if (secret.vault != nullptr) {
      add(fmt::format("{} {} {} {} {}", secret.vault->address, secret.vault->mount,
                      secret.vault->path, secret.vault->field, secret.vault->name_space));
    }
  };
  if (auth.service_principal) {
    add(auth.service_principal->tenant);
    add(auth.service_principal->client_id);
    add(auth.service_principal->certificate);
    add_secret(auth.service_principal->secret);
    add_secret(auth.service_principal->certificate_password);
    add(auth.service_principal->send_certificate_chain ? "chain" : "");
  }
  add_secret(auth.token);
  return key;
}

Result<std::string> AuthorityOf(const Cloud& cloud, const IdentityWorld& world) {
  std::string host = world.Variable("AZURE_AUTHORITY_HOST");
  if (host.empty()) return std::string(cloud.authority);
  if (host.find("://") == std::string::npos) host = "https://" + host;
  Result<Url> url = ParseUrl(host);
  if (!url.ok()) {
    return std::move(url).status().WithContext("AZURE_AUTHORITY_HOST");
  }
  if (url->scheme != "https" && !IsLoopbackHost(url->host)) {
    return InvalidArgument("AZURE_AUTHORITY_HOST: plain http is for this machine alone");
  }
  while (host.ends_with('/')) host.pop_back();
  return host;
}

}  // namespace

Identities::Identities(IdentityWorld world, TransportMaker transports_of)
    : world_(std::move(world)),
      secrets_(
          world_, [this] { return Provider(AuthSection{}, CloudOf(CloudName::kPublic), ""); },
          std::move(transports_of)) {}

Result<std::shared_ptr<TokenProvider>> Identities::Provider(const AuthSection& auth,
                                                            const Cloud& cloud,
                                                            const std::string& folder) {
  ASSIGN_OR_RETURN(const std::string authority, AuthorityOf(cloud, world_));
  const std::string key = KeyOf(auth, authority, folder);
  std::lock_guard lock(mutex_);
  std::shared_ptr<TokenProvider>& provider = providers_[key];
  if (provider == nullptr) {
    ASSIGN_OR_RETURN(std::unique_ptr<Credential> credential, Make(auth, authority, folder));
    provider = std::make_shared<TokenProvider>(std::move(credential), world_.clock);
  }
  return provider;
}

Result<std::unique_ptr<Credential>> Identities::Make(const AuthSection& auth,
                                                     const std::string& authority,
                                                     const std::string& folder) {
  switch (auth.kind()) {
    case AuthKind::kManagedIdentity: {
      const auto section = auth.managed_identity.value_or(ManagedIdentitySection());
      return MakeManagedIdentity({.client_id = section.client_id,
                                  .object_id = section.object_id,
                                  .resource_id = section.resource_id},
                                 world_);
    }
    case AuthKind::kWorkloadIdentity: {
      const auto section = auth.workload_identity.value_or(WorkloadIdentitySection());
      return MakeWorkloadIdentity({.authority = authority,
                                   .tenant = section.tenant,
                                   .client_id = section.client_id,
                                   .token_file = ResolvePath(folder, section.token_file)},
                                  world_);
    }
    case AuthKind::kServicePrincipal: {
      const ServicePrincipalSection& section = *auth.service_principal;
      ServicePrincipal principal{
          .authority = authority, .tenant = section.tenant, .client_id = section.client_id};
      principal.certificate_file = ResolvePath(folder, section.certificate);
      if (section.secret.given()) principal.secret = Source(section.secret, folder);
      if (section.certificate_password.given()) {
        principal.certificate_password = Source(section.certificate_password, folder);
      }
      principal.send_certificate_chain = section.send_certificate_chain;
      return MakeServicePrincipal(std::move(principal), world_);
    }
    case AuthKind::kAzureCli:
      return MakeAzureCli(world_);
    case AuthKind::kToken:
      return MakeGivenToken(Source(auth.token, folder), world_);
    case AuthKind::kDefault:
    case AuthKind::kKey:
    case AuthKind::kEmulator:
      break;
  }
  return MakeDefaultCredential(authority, world_);
}

SecretSource Identities::Source(const SecretReference& reference, const std::string& folder) {
  return [this, below = Below(folder, reference)](const CallContext& ctx) {
    return secrets_.Read(below, ctx);
  };
}

Result<std::string> Identities::ReadSecret(const SecretReference& reference,
                                           const std::string& folder,
                                           const CallContext& ctx) const {
  return secrets_.Read(Below(folder, reference), ctx);
}

Identities& ProgramIdentities() {
  static const auto transports_of = [](const std::string& ca_file) {
    return CurlTransportFactory({.ca_file = ca_file, .response_bytes_max = kResponseBytesMax},
                                SystemClock());
  };
  static Identities identities(
      {.transports = transports_of(""),
       .local_transports = CurlTransportFactory(
           {.response_bytes_max = kResponseBytesMax, .link_local = true}, SystemClock()),
       .environment = ProcessEnvironment(),
       .clock = SystemClock()},
      transports_of);
  return identities;
}

}  // namespace spillway
