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

TEST(Secret, PrintsTheReferenceAndReadsTheVariable) {
  ::setenv("SPILLWAY_TEST_SECRET", " s3cret\n", 1);
  const SecretReference secret{SecretReference::Kind::kEnvironment, "SPILLWAY_TEST_SECRET"};
  EXPECT_EQ(secret.ToString(), "{env: SPILLWAY_TEST_SECRET}");
  const Result<std::string> text = secret.Resolve();
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text, "s3cret");
}

TEST(Secret, ReadsAFileWithoutTheBlanksAroundIt) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "spillway_secret_test";
  std::ofstream(path) << "\n  k3y==\n";
  const SecretReference secret{SecretReference::Kind::kFile, path.string()};
  const Result<std::string> text = secret.Resolve();
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text, "k3y==");
  std::ofstream(path) << " \n";
  EXPECT_THAT(std::string(secret.Resolve().status().message()), HasSubstr("is empty"));
  std::filesystem::remove(path);
  EXPECT_THAT(std::string(secret.Resolve().status().message()), HasSubstr("cannot be read"));
}

TEST(Secret, SaysWhichVariableIsMissing) {
  ::unsetenv("SPILLWAY_TEST_MISSING");
  const SecretReference secret{SecretReference::Kind::kEnvironment, "SPILLWAY_TEST_MISSING"};
  const Result<std::string> text = secret.Resolve();
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(text.status().message()), HasSubstr("SPILLWAY_TEST_MISSING is not set"));
}

}  // namespace
}  // namespace spillway
