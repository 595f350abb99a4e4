// A Resource Manager account for tests: options that name it, and its token.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_FAKE_ARM_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_FAKE_ARM_H_

#include <memory>
#include <string>
#include <utility>

#include "destinations/cosmosdb/fake_cosmos.h"

namespace spillway::cosmosdb {

inline constexpr char kArm[] = "https://management.azure.com";
inline constexpr char kArmScope[] = "https://management.azure.com/.default";

// Gives "t1", "t2", …, none of which ends.
class CountedTokens : public Credential {
 public:
  std::string_view name() const override { return "test"; }
  Result<AccessToken> Fetch(const std::string& scope, const CallContext&) override {
    if (scope != kArmScope) return Internal("a token for " + scope);
    return AccessToken{"t" + std::to_string(++count_), SteadyTime::max(), SteadyTime::max()};
  }

 private:
  int count_ = 0;
};

// Account contoso in resource group g. `clock` outlives it.
inline CosmosOptions ArmFakeOptions(Clock& clock) {
  const auto tokens = std::make_shared<TokenProvider>(std::make_unique<CountedTokens>(), clock);
  CosmosOptions options = FakeOptions();
  options.arm = ArmOptions{.endpoint = kArm,
                           .subscription = "s",
                           .resource_group = "g",
                           .account = "contoso",
                           .token = {tokens, kArmScope}};
  return options;
}

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_FAKE_ARM_H_
