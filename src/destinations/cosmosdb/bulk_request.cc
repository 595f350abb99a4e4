#include "destinations/cosmosdb/bulk_request.h"

#include "destinations/cosmosdb/cosmos_json.h"

namespace spillway::cosmosdb {
namespace {

// The names and punctuation around one operation's values, the longest set of members.
constexpr size_t kEnvelopeBytesMax = 128;
// A control character in a string becomes \u001f: six bytes for one.
constexpr size_t kEscapeGrowthMax = 6;

std::string_view OperationPrefix(OperationKind kind) {
  switch (kind) {
    case OperationKind::kCreate:
      return R"({"operationType":"Create","partitionKey":)";
    case OperationKind::kUpsert:
      return R"({"operationType":"Upsert","partitionKey":)";
    case OperationKind::kReplace:
      return R"({"operationType":"Replace","partitionKey":)";
    case OperationKind::kPatch:
      return R"({"operationType":"Patch","partitionKey":)";
    case OperationKind::kDelete:
      return R"({"operationType":"Delete","partitionKey":)";
    case OperationKind::kRead:
      return R"({"operationType":"Read","partitionKey":)";
  }
  return {};
}

bool NamesItsItem(OperationKind kind) {
  return kind != OperationKind::kCreate && kind != OperationKind::kUpsert;
}

void AppendOperation(const Operation& operation, std::string* body) {
  body->append(OperationPrefix(operation.kind));
  AppendJsonString(operation.document->partition_key, body);
  if (NamesItsItem(operation.kind)) {
    body->append(R"(,"id":)");
    AppendJsonString(operation.document->id, body);
  }
  if (!operation.if_match.empty()) {
    body->append(R"(,"ifMatch":)");
    AppendJsonString(operation.if_match, body);
  }
  if (!operation.body.empty()) {
    body->append(R"(,"resourceBody":)").append(operation.body);
  }
  body->push_back('}');
}

}  // namespace

size_t BulkOperationBytesMax(const Operation& operation) {
  const size_t id = NamesItsItem(operation.kind) ? operation.document->id.size() : 0;
  const size_t escaped = operation.document->partition_key.size() + id + operation.if_match.size();
  return kEnvelopeBytesMax + operation.body.size() + escaped * kEscapeGrowthMax;
}

void BuildBulkRequest(std::span<const Operation> operations, std::string* body) {
  size_t bytes_max = 2;
  for (const Operation& operation : operations) bytes_max += BulkOperationBytesMax(operation) + 1;
  body->clear();
  body->reserve(bytes_max);
  body->push_back('[');
  for (const Operation& operation : operations) {
    if (body->size() > 1) body->push_back(',');
    AppendOperation(operation, body);
  }
  body->push_back(']');
}

}  // namespace spillway::cosmosdb
