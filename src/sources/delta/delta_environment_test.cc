#include "sources/delta/delta_environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

using Variables = std::map<std::string, std::string>;

std::map<std::string, std::string> Storage(const std::string& root, const Variables& variables,
                                           std::map<std::string, std::string> given = {}) {
  DeltaOptions options{.root = root, .storage = std::move(given)};
  const EnvironmentLookup lookup = [&](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
  EXPECT_TRUE(AddStorageFromEnvironment(lookup, options).ok());
  return options.storage;
}

const Variables kEverything = {{"AWS_ACCESS_KEY_ID", "k"},
                               {"AWS_DEFAULT_REGION", "old"},
                               {"AWS_REGION", "r"},
                               {"AWS_ENDPOINT_URL", "http://127.0.0.1:5000"},
                               {"AZURE_STORAGE_ACCOUNT_NAME", "a"},
                               {"AZURE_STORAGE_KEY", "s"},
                               {"GOOGLE_APPLICATION_CREDENTIALS", "g.json"},
                               {"STORAGE_EMULATOR_HOST", "127.0.0.1:4443"}};

TEST(DeltaEnvironment, EachStorageGetsItsOwnVariables) {
  EXPECT_THAT(Storage("s3://b/t", kEverything),
              ElementsAre(Pair("aws_access_key_id", "k"),
                          Pair("aws_endpoint", "http://127.0.0.1:5000"), Pair("aws_region", "r")));
  EXPECT_THAT(
      Storage("abfss://c@a.dfs.core.windows.net/t", kEverything),
      ElementsAre(Pair("azure_storage_account_key", "s"), Pair("azure_storage_account_name", "a")));
  EXPECT_THAT(Storage("gs://b/t", kEverything),
              ElementsAre(Pair("google_application_credentials", "g.json"),
                          Pair("google_base_url", "http://127.0.0.1:4443"),
                          Pair("google_skip_signature", "true")));
  EXPECT_THAT(Storage("./lake", kEverything), IsEmpty());
}

TEST(DeltaEnvironment, ConfiguredCredentialsAreNotMixedWithTheEnvironment) {
  EXPECT_THAT(Storage("s3://b/t", kEverything, {{"aws_region", "x"}}),
              ElementsAre(Pair("aws_region", "x")));
}

TEST(DeltaEnvironment, LimitsDoNotCountAsCredentials) {
  EXPECT_THAT(Storage("s3://b/t", {{"AWS_REGION", "r"}}, {{"retries_max", "1"}}),
              ElementsAre(Pair("aws_region", "r"), Pair("retries_max", "1")));
}

TEST(DeltaEnvironment, EmptyVariablesAreNotSet) {
  EXPECT_THAT(Storage("s3://b/t", {{"AWS_REGION", ""}, {"AWS_DEFAULT_REGION", "d"}}),
              ElementsAre(Pair("aws_region", "d")));
}

}  // namespace
}  // namespace spillway
