#include "identity/cli_credential.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/child_process.h"
#include "identity/cloud.h"
#include "identity/token_reply.h"

namespace spillway {
namespace {

// `az` is slow to start, and may renew its own sign-in.
constexpr ChildLimits kLimits{.time_max = std::chrono::seconds(30)};

class CliCredential : public Credential {
 public:
  CliCredential(std::string_view name, std::string sign_in, IdentityWorld world)
      : name_(name), sign_in_(std::move(sign_in)), world_(std::move(world)) {}
  std::string_view name() const override { return name_; }

  Result<AccessToken> Fetch(const std::string& scope, const CallContext& ctx) override {
    const std::vector<std::string> arguments = Arguments(scope);
    const std::string& program = arguments.front();
    const TokenTiming timing{world_.clock.Now(), world_.clock.WallNow()};
    Result<ChildOutcome> outcome = RunChild(arguments, kLimits, world_.clock, ctx);
    if (!outcome.ok()) {
      if (outcome.status().code() != StatusCode::kNotFound) return std::move(outcome).status();
      return NotFound(fmt::format("{} is not installed", program));
    }
    if (outcome->exit_code != 0) return Failure(*outcome, program);
    Result<AccessToken> token = ParseTokenReply(outcome->output, timing);
    if (!token.ok()) return std::move(token).status().WithContext(program);
    return token;
  }

 protected:
  virtual std::vector<std::string> Arguments(const std::string& scope) const = 0;

 private:
  Status Failure(const ChildOutcome& outcome, const std::string& program) const {
    const std::string& said = outcome.error_output;
    std::string line = OneLine(said.substr(0, said.find('\n')));
    if (said.find(sign_in_) != std::string::npos ||
        said.find("not logged in") != std::string::npos) {
      return NotFound(fmt::format("nobody is signed in to {}", program)).WithHint(sign_in_);
    }
    return NotFound(fmt::format("{} ended with exit code {}: {}", program, outcome.exit_code, line))
        .WithHint(sign_in_);
  }

  const std::string_view name_;
  const std::string sign_in_;  // the command
  const IdentityWorld world_;
};

class AzureCli : public CliCredential {
 public:
  explicit AzureCli(const IdentityWorld& world) : CliCredential("azure_cli", "az login", world) {}

 protected:
  std::vector<std::string> Arguments(const std::string& scope) const override {
    return {"az",   "account",    "get-access-token",    "--output",
            "json", "--resource", ResourceOfScope(scope)};
  }
};

class AzureDeveloperCli : public CliCredential {
 public:
  explicit AzureDeveloperCli(const IdentityWorld& world)
      : CliCredential("azd", "azd auth login", world) {}

 protected:
  std::vector<std::string> Arguments(const std::string& scope) const override {
    return {"azd", "auth", "token", "--output", "json", "--no-prompt", "--scope", scope};
  }
};

}  // namespace

std::unique_ptr<Credential> MakeAzureCli(const IdentityWorld& world) {
  return std::make_unique<AzureCli>(world);
}

std::unique_ptr<Credential> MakeAzureDeveloperCli(const IdentityWorld& world) {
  return std::make_unique<AzureDeveloperCli>(world);
}

}  // namespace spillway
