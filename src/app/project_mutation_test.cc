// Whatever a slip of the hand or a broken editor makes of a configuration, reading it ends with a
// project or with words: sound texts, damaged at random places, under a fixed seed.
#include <gtest/gtest.h>

#include "app/project.h"
#include "base/testing/damaged.h"

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

constexpr std::string_view kAwkward = "{}[]\",:\\-#&*!|>'%@ \n\t\x01\xC3\xFF";

TEST(DamagedConfiguration, IsAProjectOrAnError) {
  ASSERT_TRUE(Project::Parse(kSound, "spillway.yaml").ok());
  ForEachDamaged(kSound, kAwkward, kMutations, [](const std::string& text) {
    const auto project = Project::Parse(text, "spillway.yaml");
    if (project.ok()) return;
    EXPECT_EQ(project.status().code(), StatusCode::kInvalidArgument) << text;
    EXPECT_FALSE(project.status().message().empty());
  });
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
