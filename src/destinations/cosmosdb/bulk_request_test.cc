#include "destinations/cosmosdb/bulk_request.h"

#include <gtest/gtest.h>

namespace spillway::cosmosdb {
namespace {

std::string TextOf(BulkRequest& request, std::span<const Operation> operations) {
  std::string text;
  request.Build(operations);
  request.body().JoinTo(&text);
  return text;
}

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
  BulkRequest request;
  for (const Case& c : cases) {
    Document document;
    document.id = c.id;
    document.partition_key = c.key;
    const Operation operation{c.kind, &document, 0, c.body, c.if_match};
    const std::string body = TextOf(request, {&operation, 1});
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
  BulkRequest request;
  EXPECT_LE(TextOf(request, operations).size(), 3 * (BulkOperationBytesMax(operation) + 1) + 2);
}

TEST(BulkRequest, ItemsAreSentFromWhereTheyAre) {
  Document document;
  document.partition_key = "[1]";
  const std::string first(1'000, 'a'), second(2'000, 'b');
  const Operation operations[] = {{OperationKind::kUpsert, &document, 0, first, {}},
                                  {OperationKind::kUpsert, &document, 1, second, {}}};
  BulkRequest request;
  request.Build(operations);
  const HttpBody body = request.body();
  ASSERT_EQ(body.pieces().size(), 5u);
  EXPECT_EQ(body.pieces()[1].data(), first.data());
  EXPECT_EQ(body.pieces()[3].data(), second.data());
}

TEST(BulkRequest, EachIsWithoutTracesOfTheOneBefore) {
  Document document;
  document.partition_key = R"(["key"])";
  const Operation operation{OperationKind::kUpsert, &document, 0, R"({"id":"1"})", {}};
  const std::vector<Operation> many(100, operation);
  BulkRequest request;
  const std::string one = TextOf(request, {&operation, 1});
  const std::string hundred = TextOf(request, many);
  EXPECT_EQ(hundred.size(), 100 * (one.size() - 1) + 1);
  EXPECT_EQ(TextOf(request, {&operation, 1}), one);
}

TEST(BulkRequest, OfNothingIsAnEmptyArray) {
  BulkRequest request;
  EXPECT_EQ(TextOf(request, {}), "[]");
}

}  // namespace
}  // namespace spillway::cosmosdb
