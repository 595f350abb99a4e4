#include "destinations/cosmosdb/bulk_response.h"

#include <gtest/gtest.h>

#include <vector>

namespace spillway::cosmosdb {
namespace {

TEST(BulkResponse, GivesEachOperationItsResult) {
  std::string body =
      R"([{"statusCode":201,"eTag":"\"1\"","requestCharge":6.29,"resourceBody":{"id":"1","a":[1,)"
      R"({}]}},)"
      R"({"statusCode":409,"subStatusCode":0,"requestCharge":1.9,"resourceBody":null,)"
      R"("message":"ex\"ists"},)"
      R"({"statusCode":429,"subStatusCode":3200,"requestCharge":0.38,"retryAfterMilliseconds":17},)"
      R"({"requestCharge":1,"unknown":{"statusCode":500},"statusCode":204}])";
  std::vector<OperationResult> results(4);
  BulkResponseParser parser;
  ASSERT_TRUE(parser.Parse(&body, true, results).ok());
  EXPECT_EQ(results[0].status, 201);
  EXPECT_EQ(results[0].etag, "\"1\"");
  EXPECT_EQ(results[0].body, R"({"id":"1","a":[1,{}]})");
  EXPECT_EQ(results[1].status, 409);
  EXPECT_EQ(results[1].message, "ex\"ists");
  EXPECT_EQ(results[1].body, "");
  EXPECT_EQ(results[2].sub_status, 3200);
  EXPECT_EQ(results[2].retry_after, std::chrono::milliseconds(17));
  EXPECT_EQ(results[3].status, 204);
}

TEST(BulkResponse, ItemsAreKeptOnlyOnRequest) {
  std::string body = R"([{"statusCode":200,"eTag":"\"1\"","resourceBody":{"id":"1"}}])";
  std::vector<OperationResult> results(1);
  BulkResponseParser parser;
  ASSERT_TRUE(parser.Parse(&body, false, results).ok());
  EXPECT_EQ(results[0].status, 200);
  EXPECT_EQ(results[0].etag, "");
  EXPECT_EQ(results[0].body, "");
}

TEST(BulkResponse, AnUnusableAnswerLeavesNoResult) {
  BulkResponseParser parser;
  for (const char* text :
       {"", " ", "null", "7", "{}", "[", "[]", R"([{"statusCode":201}])",
        R"([{"statusCode":201},{"statusCode":)", R"([{"statusCode":201},{"statusCode":201)",
        R"([{"statusCode":201},{"statusCode":201}])"
        "junk",
        R"([{"statusCode":201},{"statusCode":201},{"statusCode":201}])",
        R"([{"statusCode":201},{"statusCode":"x"}])", R"([{"statusCode":201},{"statusCode":99}])",
        R"([{"statusCode":201},null])", R"([{"statusCode":201},[]])",
        "[{\"statusCode\":201},{\"statusCode\":201,\"message\":\"\\x\"}]"}) {
    std::string body = text;
    std::vector<OperationResult> results(2);
    EXPECT_EQ(parser.Parse(&body, false, results).code(), StatusCode::kDataLoss) << text;
    EXPECT_EQ(results[0].status, 0) << text;
    EXPECT_EQ(results[1].status, 0) << text;
    EXPECT_EQ(results[1].message, "") << text;
  }
}

TEST(BulkResponse, AParserServesManyAnswers) {
  BulkResponseParser parser;
  for (int i = 0; i < 3; ++i) {
    std::string body = "[";
    for (int j = 0; j < 100; ++j) body += std::string(j == 0 ? "" : ",") + R"({"statusCode":200})";
    body += "]";
    std::vector<OperationResult> results(100);
    ASSERT_TRUE(parser.Parse(&body, false, results).ok());
    EXPECT_EQ(results[99].status, 200);
  }
}

}  // namespace
}  // namespace spillway::cosmosdb
