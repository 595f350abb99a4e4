#include "identity/default_credential.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>

#include "identity/cli_credential.h"
#include "identity/client_credential.h"
#include "identity/managed_identity.h"

namespace spillway {
namespace {

class Chain : public Credential {
 public:
  explicit Chain(std::vector<std::unique_ptr<Credential>> links) : links_(std::move(links)) {}
  std::string_view name() const override { return "default"; }

  Result<AccessToken> Fetch(const std::string& scope, const CallContext& ctx) override {
    if (Credential* found = found_.load(); found != nullptr) {
      return Ask(*found, scope, ctx);
    }
    std::string reasons;
    for (const auto& link : links_) {
      Result<AccessToken> token = link->Fetch(scope, ctx);
      if (token.ok()) {
        found_.store(link.get());
        return token;
      }
      if (token.status().code() != StatusCode::kNotFound) return Named(*link, std::move(token));
      reasons += fmt::format("\n  {}: {}", link->name(), token.status().message());
    }
    return NotFound("there is no identity to sign in with; tried, in this order:" + reasons)
        .WithHint(
            "on your own machine: az login; in Azure: assign a managed identity "
            "(docs/identity.md)");
  }

 private:
  static Result<AccessToken> Ask(Credential& link, const std::string& scope,
                                 const CallContext& ctx) {
    Result<AccessToken> token = link.Fetch(scope, ctx);
    return token.ok() ? std::move(token) : Named(link, std::move(token));
  }
  static Result<AccessToken> Named(const Credential& link, Result<AccessToken> failed) {
    return std::move(failed).status().WithContext(fmt::format("auth: default, by {}", link.name()));
  }

  const std::vector<std::unique_ptr<Credential>> links_;
  std::atomic<Credential*> found_ = nullptr;
};

constexpr size_t kLinks = 5;
// Which of them AZURE_TOKEN_CREDENTIALS keeps.
struct Selection {
  std::string_view word;
  std::array<bool, kLinks> keeps;
};
constexpr std::array<Selection, 8> kSelections = {{
    {"", {true, true, true, true, true}},
    {"prod", {true, true, true, false, false}},
    {"dev", {false, false, false, true, true}},
    {"environmentcredential", {true, false, false, false, false}},
    {"workloadidentitycredential", {false, true, false, false, false}},
    {"managedidentitycredential", {false, false, true, false, false}},
    {"azureclicredential", {false, false, false, true, false}},
    {"azuredeveloperclicredential", {false, false, false, false, true}},
}};

Result<const Selection*> SelectionOf(std::string word) {
  std::transform(word.begin(), word.end(), word.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  for (const Selection& selection : kSelections) {
    if (selection.word == word) return &selection;
  }
  return InvalidArgument(fmt::format("AZURE_TOKEN_CREDENTIALS is \"{}\"", word))
      .WithHint(
          "set it to prod, dev, or EnvironmentCredential, WorkloadIdentityCredential, "
          "ManagedIdentityCredential, AzureCliCredential, AzureDeveloperCliCredential");
}

}  // namespace

std::unique_ptr<Credential> MakeChain(std::vector<std::unique_ptr<Credential>> links) {
  return std::make_unique<Chain>(std::move(links));
}

Result<std::unique_ptr<Credential>> MakeDefaultCredential(const std::string& authority,
                                                          const IdentityWorld& world) {
  ASSIGN_OR_RETURN(const Selection* selection,
                   SelectionOf(world.Variable("AZURE_TOKEN_CREDENTIALS")));
  const auto& keeps = selection->keeps;
  const ManagedIdentity assigned{.client_id = world.Variable("AZURE_CLIENT_ID"),
                                 .probe = selection->word != "managedidentitycredential"};
  std::vector<std::unique_ptr<Credential>> links;
  if (keeps[0]) links.push_back(MakeEnvironmentCredential(authority, world));
  if (keeps[1]) links.push_back(MakeWorkloadIdentity({.authority = authority}, world));
  if (keeps[2]) links.push_back(MakeManagedIdentity(assigned, world));
  if (keeps[3]) links.push_back(MakeAzureCli(world));
  if (keeps[4]) links.push_back(MakeAzureDeveloperCli(world));
  return MakeChain(std::move(links));
}

}  // namespace spillway
