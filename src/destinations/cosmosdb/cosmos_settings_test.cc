#include "destinations/cosmosdb/cosmos_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/yaml.h"

namespace spillway::cosmosdb {
namespace {

using ::testing::HasSubstr;

// Reads a map as `connections.shop` has it; the error, or nothing.
std::string ReadConnection(const std::string& text, CosmosConnection& connection) {
  const Result<YamlDocument> document = ParseYaml(text, "t.yaml");
  if (!document.ok()) return std::string(document.status().message());
  Problems problems;
  CosmosConnectionSpec().Read(document->root, {"connections.shop", {1, 1, 1}, problems},
                              connection);
  return std::string(problems.ToStatus(*document).message());
}

std::string ReadContainer(const std::string& text, CosmosContainer& container) {
  const Result<YamlDocument> document = ParseYaml(text, "t.yaml");
  if (!document.ok()) return std::string(document.status().message());
  Problems problems;
  CosmosContainerSpec().Read(document->root, {"destination", {1, 1, 1}, problems}, container);
  return std::string(problems.ToStatus(*document).message());
}

CosmosConnection LocalConnection() {
  CosmosConnection connection;
  EXPECT_EQ(ReadConnection("{endpoint: 'https://localhost:8081/', database: d, auth: emulator, "
                           "ca_file: cert/emulator.crt}",
                           connection),
            "");
  return connection;
}

TEST(CosmosSettings, BecomeOptionsWithSecretsFetchedAndPathsResolved) {
  CosmosContainer container;
  ASSERT_EQ(
      ReadContainer("{container: c, bulk: false, priority: low, throughput_bucket: 3, create: "
                    "{throughput: {autoscale: 4000}, indexing: none, ttl: 30d, unique_keys: "
                    "[/sku, [/a, /b]]}}",
                    container),
      "");
  const auto options =
      MakeCosmosOptions(LocalConnection(), container, {"/k"}, "/etc/project", ProgramIdentities());
  ASSERT_TRUE(options.ok()) << options.status().message();
  EXPECT_EQ(options->key, EmulatorKey());
  EXPECT_EQ(options->ca_file, "/etc/project/cert/emulator.crt");
  EXPECT_EQ(options->partition_key, std::vector<std::string>{"/k"});
  EXPECT_FALSE(options->bulk);
  EXPECT_EQ(options->priority_level, "Low");
  EXPECT_EQ(options->throughput_bucket, 3u);
  ASSERT_TRUE(options->create.has_value());
  EXPECT_EQ(options->create->throughput.autoscale_max, 4000u);
  EXPECT_EQ(options->create->indexing, Indexing::kNone);
  EXPECT_EQ(options->create->ttl_seconds, 30 * 86'400);
  const std::vector<std::vector<std::string>> unique_keys = {{"/sku"}, {"/a", "/b"}};
  EXPECT_EQ(options->create->unique_keys, unique_keys);
  EXPECT_TRUE(ValidateCosmosOptions(*options).ok());
}

TEST(CosmosSettings, CreateNothingWhenToldSo) {
  CosmosContainer container;
  ASSERT_EQ(ReadContainer("{container: c, create: never}", container), "");
  const auto options =
      MakeCosmosOptions(LocalConnection(), container, {"/k"}, ".", ProgramIdentities());
  ASSERT_TRUE(options.ok());
  EXPECT_FALSE(options->create.has_value());
}

TEST(CosmosSettings, ReadAnIndexingPolicyFromItsFile) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "spillway_cosmos_settings";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "policy.json") << R"({"indexingMode": "none"})";
  CosmosContainer container;
  ASSERT_EQ(ReadContainer("{container: c, create: {indexing: {file: policy.json}}}", container),
            "");
  const auto options =
      MakeCosmosOptions(LocalConnection(), container, {"/k"}, folder.string(), ProgramIdentities());
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->create->indexing, Indexing::kCustom);
  EXPECT_EQ(options->create->indexing_policy, R"({"indexingMode": "none"})");
  std::filesystem::remove_all(folder);
  const auto missing =
      MakeCosmosOptions(LocalConnection(), container, {"/k"}, folder.string(), ProgramIdentities());
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(std::string(missing.status().message()), HasSubstr("policy.json cannot be read"));
}

TEST(CosmosSettings, NameTheSecretThatIsMissing) {
  ::unsetenv("SPILLWAY_TEST_NO_KEY");
  CosmosConnection connection;
  ASSERT_EQ(ReadConnection("{endpoint: 'https://h/', database: d, auth: {key: {env: "
                           "SPILLWAY_TEST_NO_KEY}}}",
                           connection),
            "");
  const auto options = MakeCosmosOptions(connection, {}, {"/k"}, ".", ProgramIdentities());
  ASSERT_FALSE(options.ok());
  EXPECT_EQ(options.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(options.status().message()), HasSubstr("SPILLWAY_TEST_NO_KEY"));
}

TEST(CosmosSettings, KeepTheEmulatorsKeyAndPlainHttpOnThisMachine) {
  CosmosConnection connection;
  EXPECT_THAT(
      ReadConnection("{endpoint: 'https://h:443/', database: d, auth: emulator}", connection),
      HasSubstr("t.yaml:1:49: `auth: emulator` is for a server on this machine"));
  EXPECT_THAT(
      ReadConnection("{endpoint: 'http://h/', database: d, auth: {key: {env: K}}}", connection),
      HasSubstr("plain http is for this machine alone"));
  EXPECT_THAT(ReadConnection("{endpoint: contoso, database: d, auth: {key: {env: K}}}", connection),
              HasSubstr("t.yaml:1:12:"));
  EXPECT_EQ(ReadConnection("{endpoint: 'http://127.0.0.1:8081/', database: d, auth: emulator}",
                           connection),
            "");
}

TEST(CosmosSettings, NameTheContainerWithoutCredentials) {
  CosmosContainer container;
  container.container = "c";
  EXPECT_EQ(DescribeContainer(LocalConnection(), container), "https://localhost:8081/d/c");
}

}  // namespace
}  // namespace spillway::cosmosdb
