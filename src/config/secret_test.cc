#include "config/secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace spillway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Result<std::string> Read(const SecretReference& secret) {
  return ReadLocalSecret(secret, SystemClock(), {});
}

TEST(Secret, PrintsTheReferenceAndReadsTheVariable) {
  ::setenv("SPILLWAY_TEST_SECRET", " s3cret\n", 1);
  const SecretReference secret{SecretReference::Kind::kEnvironment, "SPILLWAY_TEST_SECRET", {}, {}};
  EXPECT_EQ(secret.ToString(), "{env: SPILLWAY_TEST_SECRET}");
  const Result<std::string> text = Read(secret);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text, "s3cret");
}

TEST(Secret, ReadsAFileWithoutTheBlanksAroundIt) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "spillway_secret_test";
  std::ofstream(path) << "\n  k3y==\n";
  std::filesystem::permissions(
      path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const SecretReference secret{SecretReference::Kind::kFile, path.string(), {}, {}};
  const Result<std::string> text = Read(secret);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text, "k3y==");
  std::ofstream(path) << " \n";
  EXPECT_THAT(std::string(Read(secret).status().message()), HasSubstr("is empty"));
  std::filesystem::remove(path);
  EXPECT_THAT(std::string(Read(secret).status().message()), HasSubstr("cannot be read"));
}

TEST(Secret, AFileThatOthersMayReadIsRefused) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "spillway_open_secret";
  std::ofstream(path) << "k3y";
  const SecretReference secret{SecretReference::Kind::kFile, path.string(), {}, {}};
  using std::filesystem::perms;
  for (const perms more : {perms::group_read, perms::others_read, perms::others_write}) {
    std::filesystem::permissions(path, perms::owner_read | more);
    const Result<std::string> text = Read(secret);
    EXPECT_EQ(text.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(text.status().message()),
                HasSubstr("may be read or changed by others"));
    EXPECT_THAT(std::string(text.status().hint()), HasSubstr("chmod 600"));
  }
  std::filesystem::permissions(path, perms::owner_read);
  EXPECT_EQ(*Read(secret), "k3y");
  std::filesystem::remove(path);
}

TEST(Secret, IsWhatAProgramPrintsAndNothingThatItSaysWhenItFails) {
  const auto program = [](std::vector<std::string> arguments) {
    return SecretReference{SecretReference::Kind::kExec, "", std::move(arguments), {}};
  };
  EXPECT_EQ(*Read(program({"printf", "%s\n", "k3y $HOME"})), "k3y $HOME");
  const Result<std::string> failed =
      Read(program({"/bin/sh", "-c", "echo k3y; echo k3y >&2; exit 4"}));
  EXPECT_EQ(failed.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(failed.status().ToString(), HasSubstr("/bin/sh ended with exit code 4"));
  EXPECT_THAT(failed.status().ToString(), Not(HasSubstr("k3y")));
  EXPECT_EQ(program({"pass", "show", "k3y"}).ToString(), "{exec: [pass, …]}");
  EXPECT_THAT(Read(program({"true"})).status().ToString(), HasSubstr("is empty"));
}

TEST(Secret, OneThatWasAllowedInTheOpenIsNeverPrinted) {
  const SecretReference secret{SecretReference::Kind::kInline, "k3y", {}, {}};
  EXPECT_EQ(secret.ToString(), "***");
  EXPECT_EQ(*Read(secret), "k3y");
}

TEST(Secret, SaysWhichVariableIsMissing) {
  ::unsetenv("SPILLWAY_TEST_MISSING");
  const SecretReference secret{
      SecretReference::Kind::kEnvironment, "SPILLWAY_TEST_MISSING", {}, {}};
  const Result<std::string> text = Read(secret);
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(text.status().message()), HasSubstr("SPILLWAY_TEST_MISSING is not set"));
}

}  // namespace
}  // namespace spillway
