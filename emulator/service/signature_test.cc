#include "emulator/service/signature.h"

#include <gtest/gtest.h>

#include "emulator/service/test_client.h"
#include "emulator/store/rid.h"

namespace spillway::emulator {
namespace {

TEST(Signature, MatchesThePublishedVectors) {
  const std::string sample = *DecodeBase64(
      "dsZQi3KtZmCv1ljt3VNWNm7sQUF1y5rJfC6kv5JiwvW0EndXdDku/dkKBp8/ufDToSxLzR4y+O/0H/t4bQtVNw==");
  EXPECT_EQ(Sign(sample, "GET", "dbs", "dbs/ToDoList", "Thu, 27 Apr 2017 00:51:12 GMT"),
            "c09PEVJrgp2uQRkr934kFbTqhByc7TVr3OHyqlu+c+c=");
  std::string key;
  for (int i = 0; i < 64; ++i) key.push_back(static_cast<char>(i));
  struct {
    const char *verb, *type, *link, *signature;
  } const vectors[] = {
      {"GET", "", "", "+0Kwg3aMWcAMC8EyASUDJnw7aIwyKGBuI5gmsLtJMTQ="},
      {"POST", "dbs", "", "I6M7kHPGmQQm6sUR1lL1ZYAuIyRAMNQQvL4z8SKPvVo="},
      {"GET", "colls", "dbs/shop/colls/Orders", "pK9ZrndgZNyMNeHHDqVTNADKGGQpehzEjIq98FP/2LU="},
      {"GET", "pkranges", "dbs/shop/colls/Orders", "KOBuNC1O83Wi93EaGYF2Ip5ETt56EURZwILM5uhrjfE="},
      {"POST", "docs", "dbs/shop/colls/Orders", "I+XjZCB78yl0dsQYzAgVBdA2aJ7KUq9MHjrdkWkyHpk="},
      {"GET", "docs", "dbs/shop/colls/Orders/docs/a b+\u00fc",
       "r11N0CzqAjXP+x5/x07c5lGluMh2S3W32gBv8vjVmUE="},
      {"POST", "offers", "", "J0/YeBRayl3Swyr3kqhAc6xDyh+DEzJ/uHMjkwwix/4="},
      {"PUT", "offers", "ut2l", "5ll6bA849EtuAiwtFsZS8OQT82z4dEBt8QqUTaPkk7Y="},
  };
  for (const auto& vector : vectors) {
    EXPECT_EQ(Sign(key, vector.verb, vector.type, vector.link, "Tue, 01 Nov 2022 08:00:00 GMT"),
              vector.signature)
        << vector.type << vector.link;
  }
}

TEST(Signature, PathsSignAsTheServiceDocuments) {
  struct {
    const char *target, *type, *link;
  } const cases[] = {
      {"/", "", ""},
      {"/dbs", "dbs", ""},
      {"//dbs//", "dbs", ""},
      {"/dbs/D", "dbs", "dbs/D"},
      {"/dbs/D/colls", "colls", "dbs/D"},
      {"/dbs/D/colls/C", "colls", "dbs/D/colls/C"},
      {"/dbs/D/colls/C/docs", "docs", "dbs/D/colls/C"},
      {"/dbs/D/colls/C/docs/a%20b%2Fc", "docs", "dbs/D/colls/C/docs/a b/c"},
      {"/dbs/D/colls/C/pkranges?x=1", "pkranges", "dbs/D/colls/C"},
      {"/dbs/D/colls/C/operations/partitionkeydelete", "colls", "dbs/D/colls/C"},
      {"/offers", "offers", ""},
      {"/offers/uT2L", "offers", "ut2l"},
      {"/dbs/D/colls/C/sprocs", "sprocs", "dbs/D/colls/C"},
  };
  for (const auto& test : cases) {
    const auto path = ParseResourcePath(test.target);
    ASSERT_TRUE(path.ok()) << test.target;
    EXPECT_EQ(path->signed_type, test.type) << test.target;
    EXPECT_EQ(path->signed_link, test.link) << test.target;
  }
}

TEST(Signature, RefusesUnknownPaths) {
  for (const char* target : {"/nope", "/dbs/d/x", "/dbs/d/colls/c/docs/i/extra/more"}) {
    const auto path = ParseResourcePath(target);
    ASSERT_FALSE(path.ok()) << target;
    EXPECT_EQ(path.error().status, 404);
  }
  EXPECT_EQ(ParseResourcePath("/offers/a/b").error().status, 400);
  EXPECT_EQ(ParseResourcePath("/dbs/%zz").error().status, 400);
  EXPECT_EQ(ParseResourcePath("/dbs/%4").error().status, 400);
}

TEST(Signature, IsRequired) {
  TestClient client;
  EXPECT_EQ(client.Call("GET", "/dbs").status, 200);
  Headers headers = client.Signed("GET", "/dbs");
  Headers without(headers.begin(), headers.end() - 1);
  EXPECT_EQ(client.Send("GET", "/dbs", without, "").status, 401);
  EXPECT_EQ(client.Send("POST", "/dbs", headers, R"({"id":"x"})").status, 401);
  headers[2].second[headers[2].second.size() - 5] ^= 1;
  const Reply wrong = client.Send("GET", "/dbs", headers, "");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(Body(wrong)["code"].string(), "Unauthorized");
  EXPECT_FALSE(wrong.Header("x-ms-request-charge").empty());
}

TEST(Signature, RefusesASkewedClock) {
  TestClient client;
  const Headers headers = client.Signed("GET", "/dbs");
  client.clock.Advance(std::chrono::minutes(14));
  EXPECT_EQ(client.Send("GET", "/dbs", headers, "").status, 200);
  client.clock.Advance(std::chrono::minutes(2));
  EXPECT_EQ(client.Send("GET", "/dbs", headers, "").status, 403);
}

TEST(Signature, AcceptsResourceIdsInLowerCase) {
  TestClient client;
  client.MakeContainer();
  const std::string rid = Body(client.Call("GET", "/dbs/d"))["_rid"].string();
  Headers headers = client.Signed("GET", "/dbs/d");
  std::string lower = rid;
  for (char& c : lower) c = static_cast<char>(std::tolower(c));
  const std::string signature =
      Sign(*DecodeBase64(kWellKnownKey), "GET", "dbs", lower, headers[1].second);
  headers[2].second = "type%3Dmaster%26ver%3D1.0%26sig%3D" + TestClient::Encoded(signature);
  EXPECT_EQ(client.Send("GET", "/dbs/" + rid + "/", headers, "").status, 200);
}

TEST(Signature, CanBeTurnedOff) {
  ServerOptions options;
  options.check_signatures = false;
  TestClient client(options);
  EXPECT_EQ(client.Send("GET", "/dbs", {}, "").status, 200);
}

}  // namespace
}  // namespace spillway::emulator
