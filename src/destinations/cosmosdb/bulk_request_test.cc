#include "destinations/cosmosdb/bulk_request.h"

#include <gtest/gtest.h>

namespace spillway::cosmosdb {
namespace {

struct Case {
  OperationKind kind;
  const char* key;
  const char* id;
  const char* body;
  const char* if_match;
  const char* json;
};

TEST(BulkRequest, IsWhatTheOfficialClientsSend) {
  const Case cases[] = {
      {OperationKind::kCreate, R"(["t1"])", "1", R"({"id":"1"})", "",
       R"([{"operationType":"Create","partitionKey":"[\"t1\"]","resourceBody":{"id":"1"}}])"},
      {OperationKind::kUpsert, "[5]", "2", R"({"id":"2"})", R"("etag")",
       R"([{"operationType":"Upsert","partitionKey":"[5]","ifMatch":"\"etag\"",)"
       R"("resourceBody":{"id":"2"}}])"},
      {OperationKind::kReplace, R"(["a","b"])", "3", R"({"id":"3"})", "",
       R"([{"operationType":"Replace","partitionKey":"[\"a\",\"b\"]","id":"3",)"
       R"("resourceBody":{"id":"3"}}])"},
      {OperationKind::kRead, "[null]", "4", "", "",
       R"([{"operationType":"Read","partitionKey":"[null]","id":"4"}])"},
      {OperationKind::kDelete, "[{}]", "a\"b", "", "",
       R"([{"operationType":"Delete","partitionKey":"[{}]","id":"a\"b"}])"},
      {OperationKind::kPatch, R"(["a\"b"])", "6", R"({"operations":[]})", "",
       R"([{"operationType":"Patch","partitionKey":"[\"a\\\"b\"]","id":"6",)"
       R"("resourceBody":{"operations":[]}}])"},
  };
  for (const Case& c : cases) {
    Document document;
    document.id = c.id;
    document.partition_key = c.key;
    const Operation operation{c.kind, &document, 0, c.body, c.if_match};
    std::string body = "left over";
    BuildBulkRequest({&operation, 1}, &body);
    EXPECT_EQ(body, c.json);
    EXPECT_LE(body.size(), BulkOperationBytesMax(operation) + 2);
  }
}

TEST(BulkRequest, NeverOutgrowsItsEstimate) {
  const std::string nasty(100, '\x01');
  Document document;
  document.id = nasty;
  document.partition_key = nasty;
  const Operation operation{OperationKind::kReplace, &document, 0, "{}", nasty};
  const std::vector<Operation> operations(3, operation);
  std::string body;
  BuildBulkRequest(operations, &body);
  EXPECT_LE(body.size(), 3 * (BulkOperationBytesMax(operation) + 1) + 2);
}

TEST(BulkRequest, OfNothingIsAnEmptyArray) {
  std::string body;
  BuildBulkRequest({}, &body);
  EXPECT_EQ(body, "[]");
}

}  // namespace
}  // namespace spillway::cosmosdb
