#include "destinations/cosmosdb/cosmos_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "destinations/cosmosdb/fake_cosmos.h"

namespace spillway::cosmosdb {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class CosmosClientTest : public testing::Test {
 protected:
  void Make() {
    account_ = *CosmosAccount::Make(options_, clock_);
    client_ = std::make_unique<CosmosClient>(*account_, *cosmos_.factory()());
  }
  Result<CosmosResponse> Call(bool write) {
    if (client_ == nullptr) Make();
    return client_->Call({.method = HttpMethod::kPost,
                          .resource_type = "docs",
                          .resource_link = "dbs/shop/colls/orders",
                          .path = "/dbs/shop/colls/orders/docs",
                          .write = write},
                         {});
  }
  size_t account_reads() const {
    return cosmos_.Matching("azure.com:443/").size() - cosmos_.Matching("/dbs").size();
  }

  FakeCosmos cosmos_;
  CosmosOptions options_ = FakeOptions();
  ManualClock clock_{WallTime(std::chrono::seconds(1'667'289'600))};  // 2022-11-01 08:00:00
  std::unique_ptr<CosmosAccount> account_;
  std::unique_ptr<CosmosClient> client_;
};

TEST_F(CosmosClientTest, SignsEachRequestWithItsDateAndVersion) {
  ASSERT_TRUE(Call(true).ok());
  const SeenRequest sent = cosmos_.writes()[0];
  EXPECT_EQ(sent.Header("x-ms-date"), "Tue, 01 Nov 2022 08:00:00 GMT");
  EXPECT_EQ(sent.Header("x-ms-version"), "2020-07-15");
  EXPECT_EQ(sent.Header("accept"), "application/json");
  EXPECT_EQ(sent.Header("cache-control"), "no-cache");
  EXPECT_THAT(sent.Header("authorization"), StartsWith("type%3Dmaster%26ver%3D1.0%26sig%3D"));
}

TEST_F(CosmosClientTest, ASignatureServesItsSecondAndNoLonger) {
  ASSERT_TRUE(Call(true).ok());
  ASSERT_TRUE(Call(true).ok());
  clock_.Advance(std::chrono::seconds(1));
  ASSERT_TRUE(Call(true).ok());
  const std::vector<SeenRequest> sent = cosmos_.writes();
  EXPECT_EQ(sent[0].Header("authorization"), sent[1].Header("authorization"));
  EXPECT_NE(sent[1].Header("authorization"), sent[2].Header("authorization"));
  EXPECT_EQ(sent[1].Header("x-ms-date"), sent[0].Header("x-ms-date"));
  EXPECT_EQ(sent[2].Header("x-ms-date"), "Tue, 01 Nov 2022 08:00:01 GMT");
}

TEST_F(CosmosClientTest, TheAccountIsReadOnceAndAgainAfterFiveMinutes) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Call(true).ok());
  EXPECT_EQ(account_reads(), 1u);
  clock_.Advance(std::chrono::minutes(4));
  ASSERT_TRUE(Call(true).ok());
  EXPECT_EQ(account_reads(), 1u);
  clock_.Advance(std::chrono::minutes(2));
  ASSERT_TRUE(Call(true).ok());
  EXPECT_EQ(account_reads(), 2u);
}

TEST_F(CosmosClientTest, RegionsAreLeftAloneWhenToldSo) {
  options_.discover_regions = false;
  ASSERT_TRUE(Call(true).ok());
  EXPECT_EQ(account_reads(), 0u);
  EXPECT_THAT(cosmos_.writes()[0].http.url, StartsWith("https://contoso.documents.azure.com:443/"));
}

TEST_F(CosmosClientTest, WhatIsKnownServesWhileTheAccountCannotBeRead) {
  ASSERT_TRUE(Call(true).ok());
  clock_.Advance(std::chrono::minutes(6));
  cosmos_.first = [](const SeenRequest& request) {
    const bool account = request.http.url.ends_with("/");
    return FakeResponse(account ? 429 : 0, "{}");
  };
  EXPECT_TRUE(Call(true).ok());
  EXPECT_THAT(cosmos_.writes().back().http.url, HasSubstr("contoso-westeurope"));
}

TEST_F(CosmosClientTest, WithoutAnAccountThereIsNoGuessing) {
  cosmos_.first = [](const SeenRequest&) {
    return FakeResponse(401, R"({"message":"wrong key"})");
  };
  EXPECT_EQ(Call(true).status().code(), StatusCode::kUnauthenticated);
  cosmos_.first = [](const SeenRequest&) -> Result<HttpResponse> { return Unavailable("refused"); };
  EXPECT_EQ(Call(true).status().code(), StatusCode::kUnavailable);
  cosmos_.first = [](const SeenRequest&) { return FakeResponse(200, "<html>"); };
  EXPECT_EQ(Call(true).status().code(), StatusCode::kDataLoss);
  EXPECT_TRUE(cosmos_.writes().empty());
}

TEST_F(CosmosClientTest, OnlyAWriteCanBeUnsure) {
  cosmos_.documents = [](const SeenRequest&) -> Result<HttpResponse> { return Unsure("cut off"); };
  EXPECT_EQ(Call(true).status().code(), StatusCode::kUnsure);
  EXPECT_EQ(Call(false).status().code(), StatusCode::kUnavailable);
  EXPECT_FALSE(cosmos_.writes()[0].http.repeatable);
  EXPECT_TRUE(cosmos_.writes()[1].http.repeatable);
}

TEST_F(CosmosClientTest, ReadsTheHeadersThatMatter) {
  cosmos_.documents = [](const SeenRequest&) {
    return FakeResponse(429, R"({"code":"429","message":"Request rate is large\r\nActivityId: x"})",
                        {{"x-ms-substatus", "3200"},
                         {"x-ms-request-charge", "0.38"},
                         {"x-ms-retry-after-ms", "17.4"},
                         {"x-ms-activity-id", "a-b-c"}});
  };
  const Result<CosmosResponse> response = Call(true);
  EXPECT_EQ(response->status, 429);
  EXPECT_EQ(response->sub_status, 3200);
  EXPECT_DOUBLE_EQ(response->charge, 0.38);
  EXPECT_EQ(response->retry_after, std::chrono::milliseconds(17));
  EXPECT_EQ(response->ToStatus().message(), "429/3200: Request rate is large (activity a-b-c)");
}

TEST_F(CosmosClientTest, AReadEndsAtItsDeadlineOrAStop) {
  cosmos_.documents = [](const SeenRequest&) { return FakeResponse(503, "{}"); };
  Make();
  const CosmosRequest read{.resource_type = "docs", .resource_link = "x", .path = "/docs"};
  const CallContext soon{.stop = {}, .deadline = clock_.Now() + std::chrono::milliseconds(1)};
  const RetryPolicy slow{.wait_first = std::chrono::hours(1), .wait_max = std::chrono::hours(1)};
  EXPECT_EQ(client_->Read(read, slow, soon).status().code(), StatusCode::kUnavailable);
  std::stop_source stop;
  cosmos_.documents = [&](const SeenRequest&) {
    stop.request_stop();
    return FakeResponse(503, "{}");
  };
  EXPECT_EQ(client_->Read(read, RetryPolicy{}, {.stop = stop.get_token()}).status().code(),
            StatusCode::kCancelled);
}

struct Account {
  const char* body;
  size_t writable;
  bool multiple;
};

TEST(ParseAccount, TakesTheRegionsThatCanBeWritten) {
  const Account cases[] = {
      {R"({"writableLocations":[{"name":"A","databaseAccountEndpoint":"https://a/"}]})", 1, false},
      {R"({"enableMultipleWriteLocations":true,"writableLocations":[)"
       R"({"name":"A","databaseAccountEndpoint":"https://a/"},{"name":"B","databaseAccountEndpoint":"https://b:8081/"}]})",
       2, true},
      {R"({"writableLocations":[],"readableLocations":[{"name":"A","databaseAccountEndpoint":"https://a/"}]})",
       0, false},
      {R"({"writableLocations":[{"name":"A"},{"databaseAccountEndpoint":"nonsense"}]})", 0, false},
      {"{}", 0, false},
  };
  for (const Account& c : cases) {
    const Result<AccountInfo> info = ParseAccount(c.body);
    ASSERT_TRUE(info.ok()) << c.body;
    EXPECT_EQ(info->writable.size(), c.writable) << c.body;
    EXPECT_EQ(info->multiple_write_locations, c.multiple) << c.body;
  }
  EXPECT_EQ(ParseAccount("[]").status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(ParseAccount("").status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace spillway::cosmosdb
