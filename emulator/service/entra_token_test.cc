#include "emulator/service/entra_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "emulator/service/test_client.h"

namespace spillway::emulator {
namespace {

constexpr char kAudience[] = "https://shop.documents.azure.com";
constexpr char kReader[] = "11111111-0000-0000-0000-000000000000";

ServerOptions WithEntra() {
  ServerOptions options;
  options.entra = EntraOptions{kAudience, {kReader}};
  return options;
}

std::string Base64Url(std::string_view bytes) {
  std::string text = EncodeBase64(bytes);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.erase(std::remove(text.begin(), text.end(), '='), text.end());
  return text;
}

class EntraToken : public testing::Test {
 protected:
  EntraToken() : client(WithEntra()) { client.MakeContainer(); }

  int64_t Now() const {
    return std::chrono::system_clock::to_time_t(client.service->account().clock.WallNow());
  }

  std::string Claims(const std::string& audience, int64_t expires_in, const std::string& oid = "") {
    return "{\"aud\":\"" + audience + "\",\"exp\":" + std::to_string(Now() + expires_in) +
           ",\"nbf\":" + std::to_string(Now()) + ",\"oid\":\"" + oid + "\"}";
  }

  static std::string Token(const std::string& claims, const std::string& signature = "",
                           const std::string& algorithm = "none") {
    return Base64Url("{\"alg\":\"" + algorithm + "\"}") + "." + Base64Url(claims) + "." +
           Base64Url(signature);
  }

  static std::string SignedToken(const std::string& claims, const std::string& key) {
    const std::string text = Base64Url(R"({"alg":"HS256"})") + "." + Base64Url(claims);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
    return text + "." + Base64Url({reinterpret_cast<const char*>(digest), size});
  }

  Reply Call(const std::string& token, const std::string& method, const std::string& path,
             Headers extra = {}, const std::string& body = "") {
    Headers headers = {{"host", "localhost:8081"},
                       {"authorization", "type%3Daad%26ver%3D1.0%26sig%3D" + token}};
    headers.insert(headers.end(), extra.begin(), extra.end());
    return client.Send(method, path, headers, body);
  }

  Reply Write(const std::string& token) {
    return Call(token, "POST", TestClient::kDocs, {{"x-ms-documentdb-partitionkey", R"(["a"])"}},
                R"({"id":"1","pk":"a"})");
  }

  std::string Status(const Reply& reply) {
    return std::to_string(reply.status) + "/" + Substatus(reply);
  }

  TestClient client;
};

TEST_F(EntraToken, OfTheRightAudienceWritesDocuments) {
  EXPECT_EQ(Write(Token(Claims(kAudience, 60))).status, 201);
  EXPECT_EQ(Call(Token(Claims(std::string(kAudience) + "/", 60)), "GET", "/").status, 200);
}

TEST_F(EntraToken, IsCheckedForAudienceAndTime) {
  EXPECT_EQ(Status(Write(Token(Claims("https://other", 60)))), "401/");
  EXPECT_EQ(Status(Write(Token(Claims(kAudience, -1)))), "401/5006");
  EXPECT_EQ(Status(Write(Token("{\"aud\":\"" + std::string(kAudience) + "\"}"))), "401/");
  const std::string early = "{\"aud\":\"" + std::string(kAudience) +
                            "\",\"exp\":" + std::to_string(Now() + 9000) +
                            ",\"nbf\":" + std::to_string(Now() + 3600) + "}";
  EXPECT_EQ(Status(Write(Token(early))), "401/");
}

TEST_F(EntraToken, MayBeSignedWithTheAccountKeyAndNoOther) {
  const std::string key = *DecodeBase64(kWellKnownKey);
  const std::string claims = Claims(kAudience, 60);
  EXPECT_EQ(Write(SignedToken(claims, key)).status, 201);
  EXPECT_EQ(Status(Write(SignedToken(claims, "another key"))), "401/");
  EXPECT_EQ(Status(Write(Token(claims, "x", "none"))), "401/");
  EXPECT_EQ(Status(Write(Token(claims, "x", "RS256"))), "401/");
  EXPECT_EQ(Write(Token(claims, std::string(kWellKnownKey), "RS256")).status, 409);
}

TEST_F(EntraToken, ThatIsNoneIsRefused) {
  for (const char* token : {"", "x", "a.b", "a.b.c", "..", "e30.e30.", "e30.W10."}) {
    EXPECT_EQ(Status(Write(token)), "401/") << token;
  }
}

TEST_F(EntraToken, OfAReaderReadsAndDoesNotWrite) {
  const std::string reader = Token(Claims(kAudience, 60, kReader));
  EXPECT_EQ(Status(Write(reader)), "403/5300");
  ASSERT_EQ(Write(Token(Claims(kAudience, 60, "someone else"))).status, 201);
  const Headers key = {{"x-ms-documentdb-partitionkey", R"(["a"])"}};
  EXPECT_EQ(Call(reader, "GET", TestClient::kDocs + "/1", key).status, 200);
  EXPECT_EQ(Call(reader, "GET", TestClient::kDocs).status, 200);
  EXPECT_EQ(Call(reader, "GET", "/dbs/d/colls/c/pkranges").status, 200);
  Headers query = key;
  query.emplace_back("x-ms-documentdb-isquery", "True");
  EXPECT_EQ(Call(reader, "POST", TestClient::kDocs, query, R"({"query":"SELECT * FROM c"})").status,
            200);
  for (const char* method : {"DELETE", "PUT", "PATCH"}) {
    EXPECT_EQ(Status(Call(reader, method, TestClient::kDocs + "/1", key, "{}")), "403/5300");
  }
}

TEST_F(EntraToken, ChangesNoDatabaseContainerOrThroughput) {
  const std::string token = Token(Claims(kAudience, 60));
  EXPECT_EQ(Status(Call(token, "POST", "/dbs", {}, R"({"id":"e"})")), "403/5300");
  EXPECT_EQ(Status(Call(token, "DELETE", "/dbs/d")), "403/5300");
  EXPECT_EQ(Status(Call(token, "POST", "/dbs/d/colls", {}, R"({"id":"e"})")), "403/5300");
  EXPECT_EQ(Status(Call(token, "GET", "/offers")), "403/5300");
  EXPECT_EQ(Call(token, "GET", "/dbs/d/colls/c").status, 200);
}

TEST(EntraTokens, AreRefusedUnlessAskedFor) {
  TestClient client;
  const Reply reply =
      client.Send("GET", "/", {{"authorization", "type%3Daad%26ver%3D1.0%26sig%3Dx"}}, "");
  EXPECT_EQ(reply.status, 401);
}

}  // namespace
}  // namespace spillway::emulator
