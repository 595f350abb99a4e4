#include "identity/managed_identity.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "identity/cloud.h"
#include "identity/token_client.h"
#include "net/url.h"

namespace spillway {
namespace {

constexpr std::chrono::seconds kProbeTimeMax{1};
constexpr char kArcKeyFolder[] = "/var/opt/azcmagent/tokens";
constexpr size_t kArcKeyBytesMax = 4096;

// 404 and 410 as well: the metadata service says so while it is being updated.
bool IsImdsBusy(int status) {
  return IsBusy(status) || status == 404 || status == 410;
}

// How an endpoint calls the three ways to name an identity.
struct IdentityNames {
  const char* client_id;
  const char* object_id;
  const char* resource_id;
};

class ManagedIdentityCredential : public Credential {
 public:
  ManagedIdentityCredential(ManagedIdentity identity, IdentityWorld world)
      : identity_(std::move(identity)), world_(std::move(world)) {}
  std::string_view name() const override { return "managed identity"; }

  Result<AccessToken> Fetch(const std::string& scope, const CallContext& ctx) override {
    const std::string endpoint = world_.Variable("IDENTITY_ENDPOINT");
    const std::string header = world_.Variable("IDENTITY_HEADER");
    if (!endpoint.empty() && !world_.Variable("IDENTITY_SERVER_THUMBPRINT").empty()) {
      return NotFound("the identities of Service Fabric are not supported");
    }
    if (!endpoint.empty() && !header.empty()) return FromAppService(endpoint, header, scope, ctx);
    if (!endpoint.empty() && !world_.Variable("IMDS_ENDPOINT").empty()) {
      return FromArc(endpoint, scope, ctx);
    }
    return FromImds(scope, ctx);
  }

 private:
  std::string Query(const char* version, const std::string& scope,
                    const IdentityNames& names) const {
    std::string query =
        fmt::format("?api-version={}&resource={}", version, PercentEncode(ResourceOfScope(scope)));
    const auto add = [&](const char* name, const std::string& value) {
      if (!value.empty()) query += fmt::format("&{}={}", name, PercentEncode(value));
    };
    add(names.client_id, identity_.client_id);
    add(names.object_id, identity_.object_id);
    add(names.resource_id, identity_.resource_id);
    return query;
  }

  Result<AccessToken> FromAppService(const std::string& endpoint, const std::string& header,
                                     const std::string& scope, const CallContext& ctx) const {
    const std::string whom = "the app's identity endpoint (IDENTITY_ENDPOINT)";
    const HttpRequest request{
        .url = endpoint + Query("2019-08-01", scope, {"client_id", "principal_id", "mi_res_id"}),
        .headers = {{"X-IDENTITY-HEADER", header}},
        .repeatable = true};
    ASSIGN_OR_RETURN(const TokenAnswer answer,
                     SendPatiently(world_.local_transports, request, whom, world_.clock, ctx));
    return TokenOf(answer, whom, header);
  }

  // Whoever can read a file of the agent's group is let in.
  Result<AccessToken> FromArc(const std::string& endpoint, const std::string& scope,
                              const CallContext& ctx) const {
    const std::string whom = "the Azure Arc agent";
    HttpRequest request{
        .url = endpoint + Query("2021-02-01", scope, {"client_id", "object_id", "msi_res_id"}),
        .headers = {{"Metadata", "true"}},
        .repeatable = true};
    ASSIGN_OR_RETURN(TokenAnswer answer,
                     SendPatiently(world_.local_transports, request, whom, world_.clock, ctx));
    if (answer.response.status != 401) return TokenOf(answer, whom, {});
    const std::string_view challenge = answer.response.headers.Find("www-authenticate");
    const size_t at = challenge.find("realm=");
    if (at == std::string_view::npos) return Unauthenticated(whom + " asks for nothing we know");
    ASSIGN_OR_RETURN(const std::string key, ArcKey(std::string(challenge.substr(at + 6))));
    request.headers.push_back({"Authorization", "Basic " + key});
    ASSIGN_OR_RETURN(answer,
                     SendPatiently(world_.local_transports, request, whom, world_.clock, ctx));
    return TokenOf(answer, whom, key);
  }

  // The agent's answer may not make us read any other file.
  static Result<std::string> ArcKey(const std::string& name) {
    const std::filesystem::path path(name);
    std::error_code error;
    const bool sound = path.parent_path() == kArcKeyFolder && path.extension() == ".key" &&
                       std::filesystem::file_size(path, error) <= kArcKeyBytesMax && !error;
    if (!sound) {
      return Unauthenticated(
                 fmt::format("the Azure Arc agent names a file that is not one of its own: {}",
                             OneLine(name)))
          .WithHint("run as a member of the group himds, which may read the agent's keys");
    }
    return ReadSecretFile(name);
  }

  Result<AccessToken> FromImds(const std::string& scope, const CallContext& ctx) const {
    std::string host = world_.Variable("AZURE_POD_IDENTITY_AUTHORITY_HOST");
    while (host.ends_with('/')) host.pop_back();
    if (host.empty()) host = "http://169.254.169.254";
    const std::string endpoint = host + "/metadata/identity/oauth2/token";
    if (identity_.probe) RETURN_IF_ERROR(Probe(endpoint, ctx));
    const std::string whom = "the machine's metadata service (" + host + ")";
    const HttpRequest request{
        .url = endpoint + Query("2018-02-01", scope, {"client_id", "object_id", "msi_res_id"}),
        .headers = {{"Metadata", "true"}},
        .repeatable = true};
    ASSIGN_OR_RETURN(const TokenAnswer answer, SendPatiently(world_.local_transports, request, whom,
                                                             world_.clock, ctx, &IsImdsBusy));
    return TokenOf(answer, whom, {});
  }

  // Without the header the metadata service refuses at once: whatever answers will do.
  Status Probe(const std::string& endpoint, const CallContext& ctx) const {
    ASSIGN_OR_RETURN(const auto transport, world_.local_transports());
    CallContext soon = ctx;
    soon.deadline = std::min(ctx.deadline, world_.clock.Now() + kProbeTimeMax);
    const auto answer =
        transport->Send({.url = endpoint + "?api-version=2018-02-01", .repeatable = true}, soon);
    RETURN_IF_ERROR(ctx.CheckNotStopped());
    if (answer.ok()) return Status::Ok();
    return NotFound("this machine has no metadata service: it is not in Azure");
  }

  static Result<AccessToken> TokenOf(const TokenAnswer& answer, const std::string& whom,
                                     std::string_view secret) {
    const HttpResponse& response = answer.response;
    if (response.status == 200) {
      Result<AccessToken> token = ParseTokenReply(response.body, answer.timing);
      if (!token.ok()) return std::move(token).status().WithContext(whom);
      return token;
    }
    const std::string said = Redacted(ParseRefusal(response.body).message, secret);
    const std::string message = fmt::format("{}: {} {}", whom, response.status, said);
    // It is there, but the identity is not.
    if (response.status == 400 || response.status == 404) {
      return NotFound(message).WithHint(
          "assign the identity to this machine or app (az vm identity assign, az webapp identity "
          "assign), or name one that is: {managed_identity: {client_id: …}}");
    }
    return Unauthenticated(message);
  }

  const ManagedIdentity identity_;
  const IdentityWorld world_;
};

}  // namespace

std::unique_ptr<Credential> MakeManagedIdentity(ManagedIdentity identity,
                                                const IdentityWorld& world) {
  return std::make_unique<ManagedIdentityCredential>(std::move(identity), world);
}

}  // namespace spillway
