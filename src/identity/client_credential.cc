#include "identity/client_credential.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <array>
#include <utility>

#include "identity/client_assertion.h"
#include "identity/token_client.h"

namespace spillway {
namespace {

constexpr std::string_view kAssertionType =
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
// "Client assertion is not within its valid time range": our clock is wrong.
constexpr std::string_view kAssertionTime = "AADSTS700024";

// A version 4 UUID (RFC 4122).
std::string NewUuid() {
  std::array<unsigned char, 16> bytes;
  RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
    text += fmt::format("{:02x}", bytes[i]);
  }
  return text;
}

// What to do about the refusals that people meet.
std::string HintFor(const std::string& message, const std::string& client_id) {
  const auto says = [&](std::string_view code) { return message.starts_with(code); };
  if (says("AADSTS7000215") || says("AADSTS7000222")) {
    return fmt::format("make a new secret: az ad app credential reset --id {}", client_id);
  }
  if (says("AADSTS700027")) {
    return fmt::format(
        "register the certificate: az ad app credential reset --id {} --append "
        "--cert @certificate.pem",
        client_id);
  }
  if (says("AADSTS700016")) return "check client_id, and that it is an application of this tenant";
  if (says("AADSTS90002") || says("AADSTS900023"))
    return "check the tenant: az account show --query tenantId";
  if (says("AADSTS500011"))
    return "the tenant does not know this audience: check `audience` and `cloud`";
  if (says("AADSTS70021") || says("AADSTS700213")) {
    return "add the issuer and subject of the token: az identity federated-credential create";
  }
  if (says(kAssertionTime)) return "set this machine's clock";
  return "check the tenant, the client and its credential";
}

struct Grant {
  std::string authority;
  std::string tenant;
  std::string client_id;
  std::string secret;     // or:
  std::string assertion;  // a JSON web token

  std::string TokenEndpoint() const {
    return fmt::format("{}/{}/oauth2/v2.0/token", authority, tenant);
  }
};

Result<TokenAnswer> Ask(const Grant& grant, const std::string& scope, const IdentityWorld& world,
                        const CallContext& ctx) {
  std::vector<std::pair<std::string_view, std::string_view>> fields = {
      {"client_id", grant.client_id}, {"grant_type", "client_credentials"}, {"scope", scope}};
  if (grant.assertion.empty()) {
    fields.emplace_back("client_secret", grant.secret);
  } else {
    fields.emplace_back("client_assertion_type", kAssertionType);
    fields.emplace_back("client_assertion", grant.assertion);
  }
  const std::string body = FormText(fields);
  const HttpRequest request{.method = HttpMethod::kPost,
                            .url = grant.TokenEndpoint(),
                            .headers = {{"content-type", "application/x-www-form-urlencoded"},
                                        {"accept", "application/json"}},
                            .body = body,
                            .repeatable = true};
  return SendPatiently(world.transports, request, grant.authority, world.clock, ctx);
}

Status Refusal(const Grant& grant, const std::string& scope, const HttpResponse& response) {
  std::string message = ParseRefusal(response.body).message;
  message = Redacted(Redacted(std::move(message), grant.secret), grant.assertion);
  std::string hint = HintFor(message, grant.client_id);
  return Unauthenticated(fmt::format("{} gives client {} no token for {}: {} {}", grant.authority,
                                     grant.client_id, scope, response.status, message))
      .WithHint(std::move(hint));
}

Result<AccessToken> TokenOf(const Grant& grant, const std::string& scope,
                            const TokenAnswer& answer) {
  if (answer.response.status != 200) return Refusal(grant, scope, answer.response);
  Result<AccessToken> token = ParseTokenReply(answer.response.body, answer.timing);
  if (!token.ok()) return std::move(token).status().WithContext(grant.TokenEndpoint());
  return token;
}

class ServicePrincipalCredential : public Credential {
 public:
  ServicePrincipalCredential(ServicePrincipal principal, IdentityWorld world)
      : principal_(std::move(principal)), world_(std::move(world)) {}
  std::string_view name() const override { return "service principal"; }

  Result<AccessToken> Fetch(const std::string& scope, const CallContext& ctx) override {
    Grant grant{principal_.authority, principal_.tenant, principal_.client_id, {}, {}};
    if (principal_.certificate_file.empty()) {
      ASSIGN_OR_RETURN(grant.secret, principal_.secret(ctx));
      ASSIGN_OR_RETURN(const TokenAnswer answer, Ask(grant, scope, world_, ctx));
      return TokenOf(grant, scope, answer);
    }
    ASSIGN_OR_RETURN(const ClientCertificate certificate, ReadCertificate(ctx));
    ASSIGN_OR_RETURN(grant.assertion, Assertion(certificate, grant, world_.clock.WallNow()));
    ASSIGN_OR_RETURN(TokenAnswer answer, Ask(grant, scope, world_, ctx));
    const bool clock_is_wrong =
        answer.response.status != 200 &&
        ParseRefusal(answer.response.body).message.starts_with(kAssertionTime);
    if (clock_is_wrong) {  // say it again by their clock
      ASSIGN_OR_RETURN(grant.assertion, Assertion(certificate, grant, answer.timing.their_now));
      ASSIGN_OR_RETURN(answer, Ask(grant, scope, world_, ctx));
    }
    return TokenOf(grant, scope, answer);
  }

 private:
  Result<ClientCertificate> ReadCertificate(const CallContext& ctx) const {
    const std::string& file = principal_.certificate_file;
    ASSIGN_OR_RETURN(const std::string bytes, ReadPrivateFile(file));
    std::string password;
    if (principal_.certificate_password) {
      ASSIGN_OR_RETURN(password, principal_.certificate_password(ctx));
    }
    Result<ClientCertificate> certificate = ClientCertificate::Parse(bytes, password);
    if (!certificate.ok()) return std::move(certificate).status().WithContext(file);
    return certificate;
  }
  Result<std::string> Assertion(const ClientCertificate& certificate, const Grant& grant,
                                WallTime now) const {
    return MakeClientAssertion(certificate, {.audience = grant.TokenEndpoint(),
                                             .client_id = grant.client_id,
                                             .id = NewUuid(),
                                             .now = now,
                                             .chain = principal_.send_certificate_chain});
  }

  const ServicePrincipal principal_;
  const IdentityWorld world_;
};

class EnvironmentCredential : public Credential {
 public:
  EnvironmentCredential(std::string authority, IdentityWorld world)
      : authority_(std::move(authority)), world_(std::move(world)) {}
  std::string_view name() const override { return "environment"; }

  Result<AccessToken> Fetch(const std::string& scope, const CallContext& ctx) override {
    ServicePrincipal principal{.authority = authority_,
                               .tenant = world_.Variable("AZURE_TENANT_ID"),
                               .client_id = world_.Variable("AZURE_CLIENT_ID")};
    if (principal.tenant.empty()) return NotFound("AZURE_TENANT_ID is not set");
    if (principal.client_id.empty()) return NotFound("AZURE_CLIENT_ID is not set");
    const std::string secret = world_.Variable("AZURE_CLIENT_SECRET");
    if (secret.empty()) {
      principal.certificate_file = world_.Variable("AZURE_CLIENT_CERTIFICATE_PATH");
      if (principal.certificate_file.empty()) {
        return NotFound("neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE_PATH is set");
      }
      principal.certificate_password =
          [password = world_.Variable("AZURE_CLIENT_CERTIFICATE_PASSWORD")](
              const CallContext&) -> Result<std::string> { return password; };
      const std::string chain = world_.Variable("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN");
      principal.send_certificate_chain = chain == "true" || chain == "True" || chain == "1";
    } else {
      principal.secret = [secret](const CallContext&) -> Result<std::string> { return secret; };
    }
    return ServicePrincipalCredential(std::move(principal), world_).Fetch(scope, ctx);
  }

 private:
  const std::string authority_;
  const IdentityWorld world_;
};

class WorkloadIdentityCredential : public Credential {
 public:
  WorkloadIdentityCredential(WorkloadIdentity identity, IdentityWorld world)
      : identity_(std::move(identity)), world_(std::move(world)) {}
  std::string_view name() const override { return "workload identity"; }

  Result<AccessToken> Fetch(const std::string& scope, const CallContext& ctx) override {
    Grant grant{.authority = identity_.authority,
                .tenant = {},
                .client_id = {},
                .secret = {},
                .assertion = {}};
    ASSIGN_OR_RETURN(grant.tenant, Given(identity_.tenant, "AZURE_TENANT_ID"));
    ASSIGN_OR_RETURN(grant.client_id, Given(identity_.client_id, "AZURE_CLIENT_ID"));
    ASSIGN_OR_RETURN(const std::string file,
                     Given(identity_.token_file, "AZURE_FEDERATED_TOKEN_FILE"));
    // Whoever renews the file decides who may read it.
    ASSIGN_OR_RETURN(grant.assertion, ReadSecretFile(file));
    ASSIGN_OR_RETURN(const TokenAnswer answer, Ask(grant, scope, world_, ctx));
    return TokenOf(grant, scope, answer);
  }

 private:
  Result<std::string> Given(const std::string& configured, const char* variable) const {
    std::string value = configured.empty() ? world_.Variable(variable) : configured;
    if (value.empty()) return NotFound(fmt::format("{} is not set", variable));
    return value;
  }

  const WorkloadIdentity identity_;
  const IdentityWorld world_;
};

}  // namespace

std::unique_ptr<Credential> MakeServicePrincipal(ServicePrincipal principal,
                                                 const IdentityWorld& world) {
  return std::make_unique<ServicePrincipalCredential>(std::move(principal), world);
}

std::unique_ptr<Credential> MakeEnvironmentCredential(std::string authority,
                                                      const IdentityWorld& world) {
  return std::make_unique<EnvironmentCredential>(std::move(authority), world);
}

std::unique_ptr<Credential> MakeWorkloadIdentity(WorkloadIdentity identity,
                                                 const IdentityWorld& world) {
  return std::make_unique<WorkloadIdentityCredential>(std::move(identity), world);
}

}  // namespace spillway
