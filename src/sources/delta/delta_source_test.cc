// Opening a source: what is refused before anything is asked of the storage.
#include "sources/delta/delta_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway {
namespace {

using ::testing::HasSubstr;

Status Make(const std::string& root, std::map<std::string, std::string> storage = {}) {
  return MakeDeltaSource({.root = root, .storage = std::move(storage)}).status();
}

TEST(DeltaSource, EveryStorageOpensWithoutARequest) {
  EXPECT_TRUE(Make("./lake").ok());
  EXPECT_TRUE(Make("file:///lake").ok());
  EXPECT_TRUE(
      Make("s3://bucket/t", {{"aws_access_key_id", "k"}, {"aws_secret_access_key", "s"}}).ok());
  EXPECT_TRUE(Make("abfss://c@account.dfs.core.windows.net/t").ok());
  EXPECT_TRUE(Make("abfss://workspace@onelake.dfs.fabric.microsoft.com/l.Lakehouse/Tables/t").ok());
  EXPECT_TRUE(Make("az://c/t", {{"azure_storage_account_name", "a"}}).ok());
  EXPECT_TRUE(Make("gs://bucket/t", {{"google_skip_signature", "true"}}).ok());
}

TEST(DeltaSource, UnknownStoragesAndOptionsAreRefused) {
  EXPECT_EQ(Make("ftp://host/t").code(), StatusCode::kInvalidArgument);
  const Status status = Make("s3://bucket/t", {{"aws_colour", "red"}});
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("aws_colour"));
  EXPECT_EQ(Make("s3://bucket/t", {{"retries_max", "many"}}).code(), StatusCode::kInvalidArgument);
}

TEST(DeltaSource, PlainHttpIsForLoopbackOnly) {
  EXPECT_TRUE(Make("s3://b/t", {{"aws_endpoint", "http://127.0.0.1:5000"}}).ok());
  EXPECT_TRUE(Make("s3://b/t", {{"aws_endpoint", "http://localhost:5000"}}).ok());
  EXPECT_TRUE(Make("s3://b/t", {{"aws_endpoint", "https://store.example"}}).ok());
  for (const char* key : {"aws_endpoint", "aws_endpoint_url"}) {
    EXPECT_EQ(Make("s3://b/t", {{key, "http://store.example"}}).code(),
              StatusCode::kInvalidArgument);
  }
}

TEST(DeltaSource, CertificatesAreAlwaysChecked) {
  for (const char* key : {"aws_allow_invalid_certificates", "allow_invalid_certificates",
                          "aws_allow_http", "allow_http"}) {
    EXPECT_EQ(Make("s3://b/t", {{key, "true"}}).code(), StatusCode::kInvalidArgument) << key;
  }
}

TEST(DeltaSource, LocationsCarryNoCredentials) {
  EXPECT_EQ(Make("s3://user:secret@bucket/t").code(), StatusCode::kInvalidArgument);
  const Status status = Make("az://c/t?sig=secret");
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
}

// The port is bound by nobody: connections are refused at once.
TEST(DeltaSource, AStorageThatDoesNotAnswerIsUnavailable) {
  auto source = MakeDeltaSource({.root = "s3://bucket/t",
                                 .storage = {{"aws_endpoint", "http://127.0.0.1:1"},
                                             {"aws_access_key_id", "k"},
                                             {"aws_secret_access_key", "s"},
                                             {"retries_max", "0"}}});
  ASSERT_TRUE(source.ok());
  const auto snapshot = (*source)->OpenSnapshot({}, {});
  EXPECT_EQ(snapshot.status().code(), StatusCode::kUnavailable) << snapshot.status().ToString();
}

}  // namespace
}  // namespace spillway
