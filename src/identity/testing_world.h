// An IdentityWorld for tests: a clock that moves when told, variables that are given, and servers
// that are functions.
#ifndef SPILLWAY_IDENTITY_TESTING_WORLD_H_
#define SPILLWAY_IDENTITY_TESTING_WORLD_H_

#include <map>
#include <optional>
#include <string>

#include "identity/credential.h"
#include "net/fake_transport.h"

namespace spillway {

struct TestingWorld {
  ManualClock clock;
  std::map<std::string, std::string> variables;
  FakeNetwork network;

  explicit TestingWorld(FakeNetwork::Answer answer) : network(std::move(answer)) {}

  IdentityWorld world() {
    return {.transports = network.factory(),
            .local_transports = network.factory(),
            .environment = [this](const char* name) -> std::optional<std::string> {
              const auto found = variables.find(name);
              if (found == variables.end()) return std::nullopt;
              return found->second;
            },
            .clock = clock};
  }
};

inline SecretSource Given(std::string secret) {
  return [secret](const CallContext&) -> Result<std::string> { return secret; };
}

// As Entra ID has it.
inline std::string TokenReply(const std::string& token, int seconds) {
  return "{\"token_type\":\"Bearer\",\"expires_in\":" + std::to_string(seconds) +
         ",\"ext_expires_in\":" + std::to_string(seconds) + ",\"access_token\":\"" + token + "\"}";
}

}  // namespace spillway

#endif  // SPILLWAY_IDENTITY_TESTING_WORLD_H_
