#include "destinations/cosmosdb/cosmos_auth.h"

#include <gtest/gtest.h>

#include "destinations/cosmosdb/fake_cosmos.h"
#include "net/url.h"

namespace spillway::cosmosdb {
namespace {

// The published documentation sample's key, and the bytes 0 to 63.
constexpr char kSampleKey[] =
    "dsZQi3KtZmCv1ljt3VNWNm7sQUF1y5rJfC6kv5JiwvW0EndXdDku/dkKBp8/ufDToSxLzR4y+O/0H/t4bQtVNw==";
constexpr char kCountingKey[] =
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==";
constexpr char kSampleDate[] = "Thu, 27 Apr 2017 00:51:12 GMT";
constexpr char kDate[] = "Tue, 01 Nov 2022 08:00:00 GMT";

struct Vector {
  const char* key;
  const char* verb;
  const char* type;
  const char* link;
  const char* date;
  const char* signature;
};

class Signature : public testing::TestWithParam<Vector> {};

TEST_P(Signature, IsThePublishedOne) {
  const Vector& vector = GetParam();
  CosmosOptions options = FakeOptions();
  options.key = vector.key;
  const Result<std::unique_ptr<Authorizer>> authorizer = MakeAuthorizer(options);
  ASSERT_TRUE(authorizer.ok());
  const Result<std::string> header =
      (*authorizer)->Authorize({vector.verb, vector.type, vector.link, vector.date}, {});
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(*header, PercentEncode(std::string("type=master&ver=1.0&sig=") + vector.signature));
}

INSTANTIATE_TEST_SUITE_P(
    Vectors, Signature,
    testing::Values(Vector{kSampleKey, "GET", "dbs", "dbs/ToDoList", kSampleDate,
                           "c09PEVJrgp2uQRkr934kFbTqhByc7TVr3OHyqlu+c+c="},
                    Vector{kCountingKey, "GET", "", "", kDate,
                           "+0Kwg3aMWcAMC8EyASUDJnw7aIwyKGBuI5gmsLtJMTQ="},
                    Vector{kCountingKey, "POST", "dbs", "", kDate,
                           "I6M7kHPGmQQm6sUR1lL1ZYAuIyRAMNQQvL4z8SKPvVo="},
                    Vector{kCountingKey, "GET", "colls", "dbs/shop/colls/Orders", kDate,
                           "pK9ZrndgZNyMNeHHDqVTNADKGGQpehzEjIq98FP/2LU="},
                    Vector{kCountingKey, "GET", "pkranges", "dbs/shop/colls/Orders", kDate,
                           "KOBuNC1O83Wi93EaGYF2Ip5ETt56EURZwILM5uhrjfE="},
                    Vector{kCountingKey, "POST", "docs", "dbs/shop/colls/Orders", kDate,
                           "I+XjZCB78yl0dsQYzAgVBdA2aJ7KUq9MHjrdkWkyHpk="},
                    Vector{kCountingKey, "GET", "docs", "dbs/shop/colls/Orders/docs/a b+\xC3\xBC",
                           kDate, "r11N0CzqAjXP+x5/x07c5lGluMh2S3W32gBv8vjVmUE="},
                    Vector{kCountingKey, "POST", "offers", "", kDate,
                           "J0/YeBRayl3Swyr3kqhAc6xDyh+DEzJ/uHMjkwwix/4="},
                    Vector{kCountingKey, "PUT", "offers", "ut2l", kDate,
                           "5ll6bA849EtuAiwtFsZS8OQT82z4dEBt8QqUTaPkk7Y="}));

TEST(Authorizer, EncodesTheWholeHeader) {
  CosmosOptions options = FakeOptions();
  options.key = kSampleKey;
  const auto header =
      (*MakeAuthorizer(options))->Authorize({"GET", "dbs", "dbs/ToDoList", kSampleDate}, {});
  EXPECT_EQ(*header,
            "type%3Dmaster%26ver%3D1.0%26sig%3Dc09PEVJrgp2uQRkr934kFbTqhByc7TVr3OHyqlu%2Bc%2Bc%3D");
}

TEST(Authorizer, AKeyThatIsNotBase64IsRefusedAtOnce) {
  for (const char* key : {"x", "abc", "!!!!", "AAEC AwQF", "\xC3\xBC\xC3\xBC"}) {
    CosmosOptions options = FakeOptions();
    options.key = key;
    EXPECT_EQ(MakeAuthorizer(options).status().code(), StatusCode::kInvalidArgument) << key;
  }
}

TEST(Authorizer, TokensAreAskedForEveryTime) {
  CosmosOptions options = FakeOptions();
  options.key.clear();
  int asked = 0;
  options.access_token = [&](const CallContext&) -> Result<std::string> {
    return "token/" + std::to_string(++asked);
  };
  const auto authorizer = MakeAuthorizer(options);
  EXPECT_FALSE((*authorizer)->is_repeatable());
  EXPECT_EQ(*(*authorizer)->Authorize({}, {}), "type%3Daad%26ver%3D1.0%26sig%3Dtoken%2F1");
  EXPECT_EQ(*(*authorizer)->Authorize({}, {}), "type%3Daad%26ver%3D1.0%26sig%3Dtoken%2F2");
}

TEST(Authorizer, AFailedTokenIsTheCallersError) {
  CosmosOptions options = FakeOptions();
  options.key.clear();
  options.access_token = [](const CallContext&) -> Result<std::string> {
    return Unauthenticated("no identity");
  };
  EXPECT_EQ((*MakeAuthorizer(options))->Authorize({}, {}).status().code(),
            StatusCode::kUnauthenticated);
}

}  // namespace
}  // namespace spillway::cosmosdb
