#include "identity/secret_reader.h"

#include <fmt/format.h>

#include "identity/cloud.h"
#include "identity/token_client.h"
#include "json/json_tree.h"
#include "net/url.h"

namespace spillway {
namespace {

constexpr char kKeyVaultVersion[] = "7.4";

// A secret that is not there is a mistake in the configuration. The words of a service, without the
// token that we sent.
Status RefusalOf(const HttpResponse& response, const std::string& whom, std::string_view token,
                 std::string hint) {
  const std::string message = fmt::format("{}: {} {}", whom, response.status,
                                          Redacted(ParseRefusal(response.body).message, token));
  Status status = response.status == 404 ? InvalidArgument(message) : Unauthenticated(message);
  return std::move(status).WithHint(std::move(hint));
}

// Follows members; nullptr when one is missing.
const JsonNode* At(const JsonNode& root, std::initializer_list<std::string_view> path) {
  const JsonNode* node = &root;
  for (const std::string_view key : path) {
    node = node == nullptr ? nullptr : node->Find(key);
  }
  return node;
}

Result<std::string> TextOf(const JsonNode* node, const std::string& whom) {
  if (node == nullptr || node->kind != JsonNode::Kind::kString || node->text.empty()) {
    return InvalidArgument(whom + ": the answer holds no such text");
  }
  return node->text;
}

Result<JsonNode> ParseAnswer(const HttpResponse& response, const std::string& whom) {
  Result<JsonNode> answer = ParseJsonTree(response.body);
  if (!answer.ok()) return DataLoss(whom + ": the answer is not JSON");
  return answer;
}

// A token goes to Key Vault alone, whatever the configuration says.
Result<std::string> SecretUrl(const std::string& uri) {
  const auto bad = [&] {
    return InvalidArgument(fmt::format("\"{}\" is not the address of a secret", uri))
        .WithHint("write {keyvault: https://NAME.vault.azure.net/secrets/SECRET}");
  };
  const Result<Url> url = ParseUrl(uri);
  if (!url.ok() || !url->path.starts_with("/secrets/") || url->path.size() <= 9) return bad();
  if (url->path.find_first_of("?#") != std::string::npos) return bad();
  const Cloud& cloud = CloudOfHost(url->host);
  const bool known = url->host.ends_with("." + std::string(cloud.vault_suffix));
  if (!known && !IsLoopbackHost(url->host)) return bad();
  return fmt::format("{}{}?api-version={}", url->Origin(), url->path, kKeyVaultVersion);
}

std::string PathOf(std::string_view path) {
  std::string encoded;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    if (const std::string_view part = path.substr(0, slash); !part.empty()) {
      encoded += "/" + PercentEncode(part);
    }
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return encoded;
}

}  // namespace

Result<std::string> SecretReader::Read(const SecretReference& reference,
                                       const CallContext& ctx) const {
  switch (reference.kind) {
    case SecretReference::Kind::kKeyVault:
      return FromKeyVault(reference.name, ctx);
    case SecretReference::Kind::kVault:
      return FromVault(*reference.vault, ctx);
    default:
      return ReadLocalSecret(reference, world_.clock, ctx);
  }
}

Result<std::string> SecretReader::FromKeyVault(const std::string& uri,
                                               const CallContext& ctx) const {
  ASSIGN_OR_RETURN(const std::string url, SecretUrl(uri));
  const std::string scope = ScopeOfAudience(CloudOfHost(ParseUrl(url)->host).vault_audience);
  const std::string whom = "the secret " + uri;
  ASSIGN_OR_RETURN(const std::shared_ptr<TokenProvider> identity, vault_identity_());
  for (bool renewed = false;; renewed = true) {
    ASSIGN_OR_RETURN(const GivenToken token, identity->Get(scope, ctx));
    const HttpRequest request{
        .url = url,
        .headers = {{"authorization", "Bearer " + token.text}, {"accept", "application/json"}},
        .repeatable = true};
    ASSIGN_OR_RETURN(const TokenAnswer answer,
                     SendPatiently(world_.transports, request, whom, world_.clock, ctx));
    if (answer.response.status == 200) {
      ASSIGN_OR_RETURN(const JsonNode body, ParseAnswer(answer.response, whom));
      return TextOf(body.Find("value"), whom);
    }
    if (answer.response.status == 401 && !renewed) {
      ASSIGN_OR_RETURN(const bool later, identity->Renew(scope, token.generation, ctx));
      if (later) continue;
    }
    return RefusalOf(answer.response, whom, token.text,
                     "the identity needs the role Key Vault Secrets User: az role assignment "
                     "create --role \"Key Vault Secrets User\"");
  }
}

Result<std::string> SecretReader::FromVault(const VaultSecret& secret,
                                            const CallContext& ctx) const {
  const auto given = [&](const std::string& configured, const char* variable) {
    return configured.empty() ? world_.Variable(variable) : configured;
  };
  std::string address = given(secret.address, "VAULT_ADDR");
  while (address.ends_with('/')) address.pop_back();
  if (address.empty())
    return InvalidArgument("Vault's address is not known").WithHint("export VAULT_ADDR=…");
  std::string token = world_.Variable("VAULT_TOKEN");
  if (secret.token != nullptr) {
    ASSIGN_OR_RETURN(token, ReadLocalSecret(*secret.token, world_.clock, ctx));
  }
  if (token.empty())
    return InvalidArgument("there is no token for Vault").WithHint("export VAULT_TOKEN=…");
  const std::string whom =
      fmt::format("the secret {}/{} of {}", secret.mount, secret.path, address);
  HttpRequest request{.url = address + "/v1" + PathOf(secret.mount) + "/data" + PathOf(secret.path),
                      .headers = {{"X-Vault-Token", token}, {"X-Vault-Request", "true"}},
                      .repeatable = true};
  const std::string name_space = given(secret.name_space, "VAULT_NAMESPACE");
  if (!name_space.empty()) request.headers.push_back({"X-Vault-Namespace", name_space});
  ASSIGN_OR_RETURN(const TokenAnswer answer,
                   SendPatiently(transports_of_(given(secret.ca_file, "VAULT_CACERT")), request,
                                 whom, world_.clock, ctx));
  if (answer.response.status != 200) {
    return RefusalOf(answer.response, whom, token,
                     "check the token, and that its policy may read the path");
  }
  ASSIGN_OR_RETURN(const JsonNode body, ParseAnswer(answer.response, whom));
  return TextOf(At(body, {"data", "data", secret.field}), whom + ", field " + secret.field);
}

}  // namespace spillway
