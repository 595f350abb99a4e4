// Whatever a broken server, proxy or disk makes of an answer, parsers say no and never crash: sound
// texts, damaged at random places, under a fixed seed.
#include <gtest/gtest.h>

#include <functional>

#include "base/testing/damaged.h"
#include "destinations/cosmosdb/bulk_response.h"
#include "destinations/cosmosdb/container_client.h"
#include "destinations/cosmosdb/cosmos_reader.h"
#include "destinations/cosmosdb/item_json.h"
#include "destinations/cosmosdb/partition_key.h"
#include "destinations/cosmosdb/query_merge.h"
#include "destinations/cosmosdb/query_plan.h"
#include "destinations/cosmosdb/response_classifier.h"

namespace spillway::cosmosdb {
namespace {

constexpr int kMutations = 3000;

void ForEachDamaged(const std::string& sound,
                    const std::function<void(const std::string&)>& parse) {
  ::spillway::ForEachDamaged(sound, kAwkwardInJson, kMutations, parse);
}

TEST(DamagedInput, BulkResponsesAreReadWholeOrNotAtAll) {
  BulkResponseParser parser;
  ForEachDamaged(
      R"([{"statusCode":201,"eTag":"\"1\"","resourceBody":{"id":"1","a":[1,{}]}},)"
      R"({"statusCode":429,"subStatusCode":3200,"retryAfterMilliseconds":17,"message":"x"}])",
      [&](const std::string& text) {
        std::string body = text;
        std::vector<OperationResult> results(2);
        const Status status = parser.Parse(&body, true, results);
        if (status.ok()) {
          EXPECT_GE(results[1].status, 100);
          return;
        }
        EXPECT_EQ(status.code(), StatusCode::kDataLoss);
        EXPECT_EQ(results[0].status, 0);
      });
}

TEST(DamagedInput, PagesOfItemsAreAnErrorOrItems) {
  PageParser parser({"/pk", "/a/b"});
  ForEachDamaged(R"({"_rid":"x","Documents":[{"id":"1","pk":"a\u0062","a":{"b":-1.5e3}},)"
                 R"({"id":"\"2","pk":null}],"_count":2})",
                 [&](const std::string& text) {
                   std::string body = text;
                   const auto page = parser.Parse(&body);
                   if (!page.ok()) {
                     EXPECT_EQ(page.status().code(), StatusCode::kDataLoss);
                     return;
                   }
                   for (const StoredDocument& document : *page) {
                     EXPECT_TRUE(document.partition_key.starts_with('['));
                   }
                 });
}

TEST(DamagedInput, PartitionKeysAreRefusedOrHashed) {
  std::string epk;
  ForEachDamaged(R"(["a\u00fc\ud83d\ude00\n",-12.5e3,{}])", [&](const std::string& text) {
    const Status status = EpkOfText(HashKind::kMultiHash, text, &epk);
    EXPECT_TRUE(status.ok() || status.code() == StatusCode::kInvalidArgument) << text;
    if (status.ok()) {
      EXPECT_EQ(epk.size() % 16, 0u);
    }
  });
}

TEST(DamagedInput, MetadataIsAnErrorOrAValue) {
  ForEachDamaged(R"({"_rid":"r","_self":"s","defaultTtl":-1,"partitionKey":{"paths":["/a","/b"],)"
                 R"("kind":"MultiHash","version":2}})",
                 [](const std::string& text) { (void)ParseContainer(text); });
  ForEachDamaged(
      R"({"writableLocations":[{"name":"A","databaseAccountEndpoint":"https://[::1]:8081/"}],)"
      R"("enableMultipleWriteLocations":true})",
      [](const std::string& text) { (void)ParseAccount(text); });
  ForEachDamaged(R"({"code":"X","message":"words\r\nmore"})",
                 [](const std::string& text) { EXPECT_LE(MessageOfBody(text).size(), 500u); });
}

TEST(DamagedInput, QueryPlansAndTheirRowsAreAnErrorOrMerged) {
  const std::string plan =
      R"({"queryInfo":{"distinctType":"Ordered","top":10,"offset":2,"orderBy":["Ascending"],)"
      R"("rewrittenQuery":"x"},"queryRanges":[{"min":"","max":"FF","isMaxInclusive":false}]})";
  const std::string row =
      R"({"_rid":"r","orderByItems":[{"item":[1,"a",null]}],"payload":{"a":[1.5]}})";
  ForEachDamaged(plan, [&](const std::string& text) {
    const Result<QueryPlan> parsed = ParseQueryPlan(text, "q");
    if (!parsed.ok()) return;
    QueryMerge merge(*parsed);
    (void)merge.Add(row);
    (void)merge.Take(true);
  });
  ForEachDamaged(row, [&](const std::string& text) {
    QueryMerge merge(*ParseQueryPlan(plan, "q"));
    (void)merge.Add(text);
    (void)merge.Take(true);
  });
}

TEST(DamagedInput, ItemsAreMergedAndPatchedOrRefused) {
  const std::string item = R"({"id":"1","pk":{"a":1},"b":[1,{"c":"\u00fc"}],"d":1.5e300,"_ts":1})";
  const std::vector<std::string> key = {"/pk/a"};
  ForEachDamaged(item, [&](const std::string& text) {
    (void)MergeItem(text, item);
    (void)MergeItem(item, text);
    (void)PatchBodies(text, key);
    (void)SameItem(text, item);
  });
}

}  // namespace
}  // namespace spillway::cosmosdb
