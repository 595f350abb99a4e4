#include <utility>

#include "identity/credential.h"

namespace spillway {
namespace {

// How often the reference is looked at again, so that a token that is changed in time is never
// refused. When it ends, its giver knows: until a service says so it is taken as good.
constexpr std::chrono::minutes kReadAgainAfter{5};
constexpr std::chrono::hours kTakenAsGood{24};

class GivenTokenCredential : public Credential {
 public:
  GivenTokenCredential(SecretSource token, IdentityWorld world)
      : token_(std::move(token)), world_(std::move(world)) {}
  std::string_view name() const override { return "token"; }

  Result<AccessToken> Fetch(const std::string&, const CallContext& ctx) override {
    ASSIGN_OR_RETURN(std::string text, token_(ctx));
    const SteadyTime now = world_.clock.Now();
    return AccessToken{std::move(text), now + kReadAgainAfter, now + kTakenAsGood};
  }

 private:
  const SecretSource token_;
  const IdentityWorld world_;
};

}  // namespace

std::unique_ptr<Credential> MakeGivenToken(SecretSource token, const IdentityWorld& world) {
  return std::make_unique<GivenTokenCredential>(std::move(token), world);
}

}  // namespace spillway
