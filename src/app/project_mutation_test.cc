// Whatever a slip of the hand or a broken editor makes of a configuration, reading it ends with a
// project or with words: sound texts, damaged at random places, under a fixed seed.
#include <gtest/gtest.h>

#include <random>

#include "app/project.h"

namespace spillway {
namespace {

constexpr int kMutations = 4000;

constexpr char kSound[] = R"(version: 1
connections:
  lake:
    type: delta
    root: abfss://gold@contoso.dfs.core.windows.net/
    auth: {managed_identity: {client_id: abc}}
  shop:
    type: cosmosdb
    endpoint: https://contoso.documents.azure.com:443/
    database: d
    auth:
      service_principal:
        tenant: t
        client_id: c
        secret: {vault: {path: a/b, field: f, token: {exec: [pass, show, x]}}}
    cloud: public
    arm: {subscription: s, resource_group: g}
  other:
    type: cosmosdb
    endpoint: https://contoso.documents.azure.com:443/
    database: d
    auth: {key: {keyvault: "https://v.vault.azure.net/secrets/s"}}
pipelines:
  p:
    source: {connection: lake, table: t}
    destination: {connection: shop, container: c, id: id, partition_key: /pk}
)";

std::string Damage(std::string text, std::minstd_rand& random) {
  constexpr std::string_view kAwkward = "{}[]\",:\\-#&*!|>'%@ \n\t\x01\xC3\xFF";
  for (uint32_t change = 0; change <= random() % 3 && !text.empty(); ++change) {
    const size_t at = random() % text.size();
    switch (random() % 4) {
      case 0:
        text.erase(at, random() % 12);
        break;
      case 1:
        text[at] = static_cast<char>(text[at] ^ (1 << (random() % 8)));
        break;
      case 2:
        text[at] = kAwkward[random() % kAwkward.size()];
        break;
      default:
        text.insert(at, text.substr(at, random() % 20));
        break;
    }
  }
  return text;
}

TEST(DamagedConfiguration, IsAProjectOrAnError) {
  ASSERT_TRUE(Project::Parse(kSound, "spillway.yaml").ok());
  std::minstd_rand random(20261121);
  for (int i = 0; i < kMutations; ++i) {
    const std::string text = Damage(kSound, random);
    const auto project = Project::Parse(text, "spillway.yaml");
    if (project.ok()) continue;
    EXPECT_EQ(project.status().code(), StatusCode::kInvalidArgument) << text;
    EXPECT_FALSE(project.status().message().empty());
  }
}

TEST(DamagedConfiguration, NeverShowsASecretThatStandsInTheOpen) {
  constexpr char kCanary[] = "canary-in-the-open";
  for (const char* auth :
       {"{key: canary-in-the-open}", "{kye: canary-in-the-open}",
        "{key: {evn: canary-in-the-open}}", "{key: [canary-in-the-open]}",
        "{token: canary-in-the-open, key: canary-in-the-open}",
        "{service_principal: {tenant: t, client_id: c, secret: canary-in-the-open}}",
        "{service_principal: {tenant: t, client_id: c, secrte: canary-in-the-open}}"}) {
    std::string text = kSound;
    const size_t at = text.find("{key: {keyvault");
    text.replace(at, text.find('\n', at) - at, auth);
    const auto project = Project::Parse(text, "spillway.yaml");
    ASSERT_FALSE(project.ok()) << auth;
    EXPECT_EQ(project.status().ToString().find(kCanary), std::string::npos)
        << project.status().ToString();
  }
}

}  // namespace
}  // namespace spillway
