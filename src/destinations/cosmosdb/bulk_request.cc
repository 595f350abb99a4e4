#include "destinations/cosmosdb/bulk_request.h"

#include "base/prefetch.h"
#include "json/json_buffer.h"

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

size_t EnvelopeBytesMax(const Operation& operation) {
  const size_t id = NamesItsItem(operation.kind) ? operation.document->id.size() : 0;
  const size_t escaped = operation.document->partition_key.size() + id + operation.if_match.size();
  return kEnvelopeBytesMax + escaped * kEscapeGrowthMax;
}

// What stands around the operation's body, up to where the body is, if it has one.
void PutEnvelope(const Operation& operation, JsonBuffer* out) {
  out->PutText(OperationPrefix(operation.kind));
  out->AppendString(operation.document->partition_key);
  if (NamesItsItem(operation.kind)) {
    out->PutText(R"(,"id":)");
    out->AppendString(operation.document->id);
  }
  if (!operation.if_match.empty()) {
    out->PutText(R"(,"ifMatch":)");
    out->AppendString(operation.if_match);
  }
  if (!operation.body.empty()) out->PutText(R"(,"resourceBody":)");
}

// The keys lie among the documents, anywhere, and another thread wrote them.
void PrefetchKeys(std::span<const Operation> operations) {
  for (const Operation& operation : operations) Prefetch(operation.document->partition_key.data());
}

}  // namespace

size_t BulkOperationBytesMax(const Operation& operation) {
  return EnvelopeBytesMax(operation) + operation.body.size();
}

void BulkRequest::Build(std::span<const Operation> operations) {
  PrefetchKeys(operations);
  pieces_.clear();
  size_t envelope_bytes_max = 2;
  for (const Operation& operation : operations) {
    envelope_bytes_max += EnvelopeBytesMax(operation) + 1;
  }
  JsonBuffer out(&envelope_, 0);
  // All at once, since the pieces point into it. It keeps its size for the next request.
  out.Ensure(envelope_bytes_max);
  size_t piece = 0;
  out.Put('[');
  for (size_t i = 0; i < operations.size(); ++i) {
    if (i > 0) out.Put(',');
    PutEnvelope(operations[i], &out);
    if (!operations[i].body.empty()) {
      pieces_.push_back(out.Written(piece));
      pieces_.push_back(operations[i].body);
      piece = out.size();
    }
    out.Put('}');
  }
  out.Put(']');
  pieces_.push_back(out.Written(piece));
}

}  // namespace spillway::cosmosdb
