#include "identity/token_reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/damaged.h"

namespace spillway {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

const TokenTiming kAsked{SteadyTime(seconds(1000)), WallTime(seconds(1'700'000'000))};

Result<AccessToken> Parse(const std::string& body) {
  return ParseTokenReply(body, kAsked);
}

TEST(TokenReply, LivesFromWhenItWasAskedFor) {
  const auto token = Parse(R"({"token_type":"Bearer","expires_in":3599,"access_token":"abc"})");
  ASSERT_TRUE(token.ok());
  EXPECT_EQ(token->text, "abc");
  EXPECT_EQ(token->expires_at, kAsked.asked_at + seconds(3599));
  EXPECT_EQ(token->refresh_at, kAsked.asked_at + seconds(3299));
}

TEST(TokenReply, NumbersMayBeTexts) {
  const auto token = Parse(R"({"access_token":"abc","expires_in":"600","refresh_in":"100"})");
  ASSERT_TRUE(token.ok());
  EXPECT_EQ(token->refresh_at, kAsked.asked_at + seconds(100));
  EXPECT_EQ(token->expires_at, kAsked.asked_at + seconds(600));
}

TEST(TokenReply, AnEndIsMeasuredByTheOtherSidesClock) {
  for (const char* end : {"1700003600", "\"1700003600\""}) {
    const auto token = Parse(std::string(R"({"access_token":"abc","expires_on":)") + end + "}");
    ASSERT_TRUE(token.ok());
    EXPECT_EQ(token->expires_at, kAsked.asked_at + seconds(3600));
  }
}

TEST(TokenReply, TheCommandLinesHaveNamesOfTheirOwn) {
  const auto az = Parse(R"({"accessToken":"abc","expiresOn":"2023-11-14 23:13:20.000000",)"
                        R"("expires_on":1700003600,"tenant":"t"})");
  ASSERT_TRUE(az.ok());
  EXPECT_EQ(az->expires_at, kAsked.asked_at + seconds(3600));
  const auto azd = Parse(R"({"token":"abc","expiresOn":"2023-11-14T23:13:20Z"})");
  ASSERT_TRUE(azd.ok());
  EXPECT_EQ(azd->expires_at, kAsked.asked_at + seconds(3600));
  EXPECT_TRUE(Parse(R"({"accessToken":"abc","expiresOn":"2023-11-14 23:13:20.000000"})").ok());
}

TEST(TokenReply, ShortTokensAreRenewedAtHalfOfTheirLife) {
  EXPECT_EQ(Parse(R"({"access_token":"abc","expires_in":60})")->refresh_at,
            kAsked.asked_at + seconds(30));
}

TEST(TokenReply, WhatIsNoTokenIsRefusedWithoutBeingShown) {
  for (const char* body : {"", "s3cret", "[]", R"({"access_token":7})", R"({"access_token":""})",
                           R"({"access_token":"s3 cret","expires_in":1})",
                           R"({"access_token":"s3cret\r\nx: y","expires_in":1})",
                           R"({"access_token":"s3cret","expires_in":0})",
                           R"({"access_token":"s3cret","expires_in":-5})",
                           R"({"access_token":"s3cret","expires_on":1})"}) {
    const auto token = Parse(body);
    EXPECT_EQ(token.status().code(), StatusCode::kDataLoss) << body;
    EXPECT_THAT(token.status().ToString(), Not(HasSubstr("s3")));
  }
}

TEST(TokenReply, RefusalsAreReadInEveryForm) {
  const ServiceRefusal entra = ParseRefusal(
      R"({"error":"invalid_client","error_description":"AADSTS7000215: Invalid.\r\nTrace ID: 1"})");
  EXPECT_EQ(entra.code, "invalid_client");
  EXPECT_EQ(entra.message, "AADSTS7000215: Invalid.");
  const ServiceRefusal arm = ParseRefusal(R"({"error":{"code":"Forbidden","message":"No."}})");
  EXPECT_EQ(arm.code, "Forbidden");
  EXPECT_EQ(arm.message, "No.");
  EXPECT_EQ(ParseRefusal(R"({"errors":["permission denied"]})").message, "permission denied");
  EXPECT_EQ(ParseRefusal("<html>\x1b[31mBad").message, "<html> [31mBad");
  EXPECT_EQ(ParseRefusal(R"({"error":"x"})").message, "x");
}

TEST(TokenReply, SecretsAreTakenOutOfWords) {
  EXPECT_EQ(Redacted("a s3cret and s3cret", "s3cret"), "a *** and ***");
  EXPECT_EQ(Redacted("abc", "b"), "abc");
  EXPECT_EQ(Redacted("abc", ""), "abc");
}

TEST(TokenReply, HttpDatesAreReadOrLeft) {
  const WallTime none(seconds(1));
  EXPECT_EQ(ParseHttpDate("Tue, 14 Nov 2023 22:13:20 GMT", none), kAsked.their_now);
  for (const char* text : {"", "Tue, 14 Nov 2023 22:13:20 UTC", "Tue, 14 Nox 2023 22:13:20 GMT",
                           "Tue, 99 Nov 2023 22:13:20 GMT", "Tue, -1 Nov 2023 22:13:20 GMT"}) {
    EXPECT_EQ(ParseHttpDate(text, none), none) << text;
  }
}

TEST(DamagedInput, TokenRepliesAreATokenOrAnError) {
  const std::string sound =
      R"({"token_type":"Bearer","expires_in":"3599","expires_on":1700003600,"refresh_in":1e3,)"
      R"("expiresOn":"2023-11-14T23:13:20Z","access_token":"abc.def"})";
  ForEachDamaged(sound, kAwkwardInJson, 20'000, [](const std::string& text) {
    const auto token = Parse(text);
    if (!token.ok()) {
      EXPECT_EQ(token.status().code(), StatusCode::kDataLoss);
      return;
    }
    EXPECT_GT(token->expires_at, kAsked.asked_at);
    EXPECT_LE(token->refresh_at, token->expires_at);
    EXPECT_EQ(token->text.find_first_of(" \r\n"), std::string::npos);
  });
}

TEST(DamagedInput, RefusalsAreOneLineOfWords) {
  for (const char* sound :
       {R"({"error":"invalid_client","error_description":"AADSTS7000215: Invalid\r\nTrace"})",
        R"({"error":{"code":"AuthorizationFailed","message":"May not.","innererror":{"a":[1]}}})",
        R"({"errors":["permission denied"]})"}) {
    ForEachDamaged(sound, kAwkwardInJson, 5'000, [](const std::string& text) {
      const ServiceRefusal refusal = ParseRefusal(text);
      EXPECT_LE(refusal.message.size(), 500u);
      for (const char c : refusal.code + refusal.message) {
        EXPECT_GE(static_cast<unsigned char>(c), 0x20) << text;
      }
    });
  }
}

}  // namespace
}  // namespace spillway
