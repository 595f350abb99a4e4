#include "sources/delta/aws_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace spillway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr char kCredentials[] =
    "[default]\n"
    "aws_access_key_id = DEFAULT\n"
    "aws_secret_access_key=ds\n"
    "\n"
    "# another one\n"
    "[gold]\n"
    "aws_access_key_id = GOLD\n"
    "aws_secret_access_key = a=b\n"
    "aws_session_token = t\n";
constexpr char kConfig[] =
    "[default]\n"
    "region = eu-west-1\n"
    "[profile gold]\n"
    "region = us-east-2\n"
    "s3 =\n"
    "    region = nested\n"
    "[profile single]\n"
    "sso_session = corporate\n"
    "region = eu-north-1\n"
    "[profile other]\n"
    "role_arn = arn:aws:iam::1:role/r\n"
    "source_profile = default\n";

class AwsProfileTest : public testing::Test {
 protected:
  AwsProfileTest() : home_(std::filesystem::path(testing::TempDir()) / "aws_profile_test") {
    std::filesystem::create_directories(home_ / ".aws");
    std::ofstream(home_ / ".aws/credentials") << kCredentials;
    std::ofstream(home_ / ".aws/config") << kConfig;
    variables_["HOME"] = home_.string();
  }
  ~AwsProfileTest() override { std::filesystem::remove_all(home_); }

  Status Add() {
    return AddAwsProfile(
        [this](const char* name) -> std::optional<std::string> {
          const auto found = variables_.find(name);
          if (found == variables_.end()) return std::nullopt;
          return found->second;
        },
        options_);
  }

  const std::filesystem::path home_;
  std::map<std::string, std::string> variables_;
  DeltaOptions options_;
};

TEST_F(AwsProfileTest, TheDefaultProfileIsUsedWhenNoneIsNamed) {
  ASSERT_TRUE(Add().ok());
  EXPECT_THAT(options_.storage,
              ElementsAre(Pair("aws_access_key_id", "DEFAULT"), Pair("aws_region", "eu-west-1"),
                          Pair("aws_secret_access_key", "ds")));
}

TEST_F(AwsProfileTest, ANamedProfileIsFoundInBothFiles) {
  variables_["AWS_PROFILE"] = "gold";
  ASSERT_TRUE(Add().ok());
  EXPECT_THAT(options_.storage,
              ElementsAre(Pair("aws_access_key_id", "GOLD"), Pair("aws_region", "us-east-2"),
                          Pair("aws_secret_access_key", "a=b"), Pair("aws_session_token", "t")));
}

TEST_F(AwsProfileTest, TheFilesCanBeElsewhere) {
  std::ofstream(home_ / "keys") << "[default]\naws_access_key_id = MOVED\n";
  variables_["AWS_SHARED_CREDENTIALS_FILE"] = (home_ / "keys").string();
  variables_["AWS_CONFIG_FILE"] = (home_ / "nothing").string();
  ASSERT_TRUE(Add().ok());
  EXPECT_THAT(options_.storage, ElementsAre(Pair("aws_access_key_id", "MOVED")));
}

TEST_F(AwsProfileTest, WhatTheEnvironmentSaysComesFirst) {
  options_.storage = {{"aws_access_key_id", "MINE"}, {"aws_secret_access_key", "s"}};
  ASSERT_TRUE(Add().ok());
  EXPECT_EQ(options_.storage["aws_access_key_id"], "MINE");
  EXPECT_EQ(options_.storage["aws_region"], "eu-west-1") << "what it does not say is added";
  EXPECT_FALSE(options_.storage.contains("aws_session_token"));
  options_.storage = {{"aws_web_identity_token_file", "f"}};
  ASSERT_TRUE(Add().ok());
  EXPECT_FALSE(options_.storage.contains("aws_access_key_id"));
}

TEST_F(AwsProfileTest, AProfileThatIsNotThereIsNamed) {
  variables_["AWS_PROFILE"] = "silver";
  const Status status = Add();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("silver"));
}

TEST_F(AwsProfileTest, AProfileThatNeedsOtherToolsSaysWhatToType) {
  for (const auto& [profile, way] :
       {std::pair("single", "sso_session"), std::pair("other", "role_arn")}) {
    variables_["AWS_PROFILE"] = profile;
    const Status status = Add();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr(way));
    EXPECT_THAT(std::string(status.hint()), HasSubstr("export-credentials --profile"));
  }
  options_.storage = {{"aws_access_key_id", "MINE"}};
  EXPECT_TRUE(Add().ok()) << "its credentials are not needed";
}

TEST_F(AwsProfileTest, WithoutFilesThereIsNothingToAdd) {
  variables_["HOME"] = (home_ / "nobody").string();
  ASSERT_TRUE(Add().ok());
  EXPECT_THAT(options_.storage, IsEmpty());
}

}  // namespace
}  // namespace spillway
