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
  const Result<std::unique_ptr<Authorizer>> authorizer = MakeAuthorizer(options, SystemClock());
  ASSERT_TRUE(authorizer.ok());
  const auto header =
      (*authorizer)->Authorize({vector.verb, vector.type, vector.link, vector.date}, {});
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->header,
            PercentEncode(std::string("type=master&ver=1.0&sig=") + vector.signature));
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
  const auto header = (*MakeAuthorizer(options, SystemClock()))
                          ->Authorize({"GET", "dbs", "dbs/ToDoList", kSampleDate}, {});
  EXPECT_EQ(header->header,
            "type%3Dmaster%26ver%3D1.0%26sig%3Dc09PEVJrgp2uQRkr934kFbTqhByc7TVr3OHyqlu%2Bc%2Bc%3D");
}

TEST(Authorizer, AKeyThatIsNotBase64IsRefusedAtOnce) {
  for (const char* key : {"x", "abc", "!!!!", "AAEC AwQF", "\xC3\xBC\xC3\xBC"}) {
    CosmosOptions options = FakeOptions();
    options.key = key;
    EXPECT_EQ(MakeAuthorizer(options, SystemClock()).status().code(), StatusCode::kInvalidArgument)
        << key;
  }
}

// Tokens "token/1", "token/2" …, or a failure.
class CountedTokens : public Credential {
 public:
  explicit CountedTokens(Clock& clock, Status failure = Status::Ok())
      : clock_(clock), failure_(std::move(failure)) {}
  std::string_view name() const override { return "test"; }
  Result<AccessToken> Fetch(const std::string&, const CallContext&) override {
    if (!failure_.ok()) return failure_;
    const SteadyTime now = clock_.Now();
    return AccessToken{"token/" + std::to_string(++count_), now + std::chrono::minutes(55),
                       now + std::chrono::minutes(60)};
  }

 private:
  Clock& clock_;
  const Status failure_;
  int count_ = 0;
};

std::unique_ptr<Authorizer> TokenAuthorizerOver(ManualClock& clock, Status failure = Status::Ok()) {
  CosmosOptions options = FakeOptions();
  options.key.clear();
  options.token = {std::make_shared<TokenProvider>(
                       std::make_unique<CountedTokens>(clock, std::move(failure)), clock),
                   "https://cosmos.azure.com/.default"};
  return *MakeAuthorizer(options, clock);
}

TEST(Authorizer, ATokenThatWasRefusedIsRenewedOnceForEverybody) {
  ManualClock clock;
  const auto authorizer = TokenAuthorizerOver(clock);
  EXPECT_FALSE(authorizer->is_repeatable());
  const Authorization first = *authorizer->Authorize({}, {});
  EXPECT_EQ(first.header, "type%3Daad%26ver%3D1.0%26sig%3Dtoken%2F1");
  EXPECT_EQ(authorizer->Authorize({}, {})->header, first.header);
  EXPECT_TRUE(*authorizer->Renew(first.generation, {}));
  EXPECT_TRUE(*authorizer->Renew(first.generation, {}));
  const Authorization second = *authorizer->Authorize({}, {});
  EXPECT_EQ(second.header, "type%3Daad%26ver%3D1.0%26sig%3Dtoken%2F2");
  EXPECT_FALSE(*authorizer->Renew(second.generation, {})) << "again, at the same moment";
}

TEST(Authorizer, AFailedTokenIsTheCallersError) {
  ManualClock clock;
  const auto authorizer = TokenAuthorizerOver(clock, Unauthenticated("no identity"));
  EXPECT_EQ(authorizer->Authorize({}, {}).status().code(), StatusCode::kUnauthenticated);
}

TEST(Authorizer, AKeyThatWasRefusedIsReadAgain) {
  ManualClock clock;
  CosmosOptions options = FakeOptions();
  int reads = 0;
  options.key_source = [&](const CallContext&) -> Result<std::string> {
    return std::string(++reads < 2 ? options.key : kSampleKey);
  };
  const auto authorizer = *MakeAuthorizer(options, clock);
  const Authorization first = *authorizer->Authorize({"GET", "", "", kDate}, {});
  EXPECT_FALSE(*authorizer->Renew(first.generation, {})) << "the same key as before";
  EXPECT_FALSE(*authorizer->Renew(first.generation, {}));
  EXPECT_EQ(reads, 1) << "and not again at once";
  clock.Advance(kRenewalPause);
  EXPECT_TRUE(*authorizer->Renew(first.generation, {}));
  const Authorization second = *authorizer->Authorize({"GET", "", "", kDate}, {});
  EXPECT_NE(second.header, first.header);
  EXPECT_GT(second.generation, first.generation);
}

TEST(Authorizer, AKeyThatNobodyFetchedYetIsFetchedAtFirstUse) {
  ManualClock clock;
  CosmosOptions options = FakeOptions();
  const std::string key = options.key;
  options.key.clear();
  options.key_source = [](const CallContext&) -> Result<std::string> {
    return Unavailable("no vault");
  };
  EXPECT_EQ((*MakeAuthorizer(options, clock))->Authorize({}, {}).status().code(),
            StatusCode::kUnavailable);
  options.key_source = [&](const CallContext&) -> Result<std::string> { return key; };
  EXPECT_TRUE((*MakeAuthorizer(options, clock))->Authorize({}, {}).ok());
}

}  // namespace
}  // namespace spillway::cosmosdb
