// Batches: atomic ones (one logical partition, all or nothing) and bulk requests (one physical
// partition, every operation on its own).
#include <fmt/format.h>
#include <simdjson.h>

#include <iterator>
#include <mutex>

#include "emulator/service/charges.h"
#include "emulator/service/handlers.h"
#include "emulator/service/item_operation.h"
#include "emulator/service/session.h"
#include "emulator/service/throughput.h"

namespace spillway::emulator {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr size_t kOperationsMax = 100;
constexpr size_t kRequestBytesMax = 2 * 1024 * 1024;
constexpr size_t kResponseBytesMax = 4 * 1024 * 1024;
constexpr int kResponseTooLarge = 3402;
constexpr int kRangeGone = 1002;

// One member of the request's array, as texts inside the request's body.
struct RawOperation {
  std::string type;
  std::string key;  // the JSON array
  bool has_key = false;
  std::string id;
  std::string if_match;
  std::string if_none_match;
  std::string_view body;  // raw JSON
  bool minimal = false;
};

simdjson::error_code ReadText(ondemand::value value, std::string* out) {
  std::string_view text;
  const auto error = value.get_string().get(text);
  out->assign(text);
  return error;
}

simdjson::error_code ReadBody(ondemand::value value, std::string_view* out) {
  ondemand::json_type type;
  if (auto error = value.type().get(type)) return error;
  if (type == ondemand::json_type::object) {
    ondemand::object object;
    if (auto error = value.get_object().get(object)) return error;
    return object.raw_json().get(*out);
  }
  if (type == ondemand::json_type::array) {
    ondemand::array array;
    if (auto error = value.get_array().get(array)) return error;
    return array.raw_json().get(*out);
  }
  // No document and no patch: what reads it refuses it.
  *out = value.raw_json_token();
  return value.get_raw_json_string().error() ? simdjson::INCORRECT_TYPE : simdjson::SUCCESS;
}

simdjson::error_code ReadOperation(ondemand::object object, RawOperation* out) {
  for (auto field_result : object) {
    ondemand::field field;
    if (auto error = std::move(field_result).get(field)) return error;
    std::string_view name;
    if (auto error = field.unescaped_key().get(name)) return error;
    simdjson::error_code error = simdjson::SUCCESS;
    if (name == "operationType") {
      error = ReadText(field.value(), &out->type);
    } else if (name == "partitionKey") {
      out->has_key = true;
      error = ReadText(field.value(), &out->key);
    } else if (name == "id") {
      error = ReadText(field.value(), &out->id);
    } else if (name == "ifMatch") {
      error = ReadText(field.value(), &out->if_match);
    } else if (name == "ifNoneMatch") {
      error = ReadText(field.value(), &out->if_none_match);
    } else if (name == "resourceBody") {
      error = ReadBody(field.value(), &out->body);
    } else if (name == "minimalReturnPreference") {
      bool minimal = false;
      error = field.value().get_bool().get(minimal);
      out->minimal = minimal;
    }
    if (error) return error;
  }
  return simdjson::SUCCESS;
}

Outcome<std::vector<RawOperation>> ReadOperations(std::string_view body) {
  thread_local ondemand::parser parser;
  std::vector<RawOperation> operations;
  operations.reserve(kOperationsMax);
  ondemand::document document;
  ondemand::array array;
  simdjson::error_code error =
      parser.iterate(simdjson::padded_string_view(body, body.size() + kJsonPaddingBytes))
          .get(document);
  if (!error) error = document.get_array().get(array);
  if (error) return BadRequest("The batch is not a JSON array of operations.");
  for (auto item_result : array) {
    ondemand::value item;
    ondemand::object object;
    if (operations.size() == kOperationsMax) {
      return BadRequest("Batch request has more operations than what is supported.");
    }
    error = std::move(item_result).get(item);
    if (!error) error = item.get_object().get(object);
    if (!error) error = ReadOperation(object, &operations.emplace_back());
    if (error) break;
  }
  if (error) {
    return BadRequest(std::string("The batch is not valid JSON: ") +
                      simdjson::error_message(error));
  }
  if (operations.empty()) return BadRequest("Batch request has no operations.");
  return operations;
}

std::optional<ItemOperation::Kind> KindOf(std::string_view type) {
  using Kind = ItemOperation::Kind;
  if (type == "Upsert") return Kind::kUpsert;
  if (type == "Create") return Kind::kCreate;
  if (type == "Replace") return Kind::kReplace;
  if (type == "Delete") return Kind::kDelete;
  if (type == "Read") return Kind::kRead;
  if (type == "Patch") return Kind::kPatch;
  return std::nullopt;
}

DataAction DemandOf(ItemOperation::Kind kind) {
  switch (kind) {
    case ItemOperation::Kind::kCreate:
      return DataAction::kCreateItem;
    case ItemOperation::Kind::kUpsert:
      return DataAction::kUpsertItem;
    case ItemOperation::Kind::kReplace:
    case ItemOperation::Kind::kPatch:
      return DataAction::kReplaceItem;
    case ItemOperation::Kind::kDelete:
      return DataAction::kDeleteItem;
    case ItemOperation::Kind::kRead:
      return DataAction::kReadItem;
  }
  return DataAction::kReadItem;
}

// One operation that the role does not allow, and the whole request is refused: nothing is done.
std::optional<ServiceError> CheckActions(const Context& context,
                                         const std::vector<RawOperation>& operations) {
  if (context.grant == nullptr) return std::nullopt;
  for (const RawOperation& operation : operations) {
    const auto kind = KindOf(operation.type);
    if (!kind) continue;  // refused when it is prepared
    if (auto error = CheckAction(*context.grant, DemandOf(*kind), context.path)) return error;
  }
  return std::nullopt;
}

Outcome<ItemOperation> PatchOf(const RawOperation& raw, const KeyValues& key,
                               const ContainerSettings& settings) {
  const Result<Value> body = ParseJson(raw.body);
  if (!body.ok()) return BadRequest("The patch is not valid JSON.");
  EMULATOR_TRY(ItemOperation operation,
               TargetOperation(ItemOperation::Kind::kPatch, raw.id, key, settings));
  EMULATOR_TRY(operation.patch, ParsePatch(*body));
  return operation;
}

Outcome<ItemOperation> OperationOf(const RawOperation& raw, const std::optional<KeyValues>& key,
                                   const ContainerSettings& settings) {
  const auto kind = KindOf(raw.type);
  if (!kind) return BadRequest("Unknown operation type '" + raw.type + "'.");
  if (*kind == ItemOperation::Kind::kCreate || *kind == ItemOperation::Kind::kUpsert ||
      *kind == ItemOperation::Kind::kReplace) {
    EMULATOR_TRY(ItemOperation operation, DocumentOperation(*kind, raw.body, key, settings));
    if (*kind == ItemOperation::Kind::kReplace) operation.replaced_id = raw.id;
    return operation;
  }
  if (!key) return BadRequest("The operation has no partition key.");
  if (*kind == ItemOperation::Kind::kPatch) return PatchOf(raw, *key, settings);
  return TargetOperation(*kind, raw.id, *key, settings);
}

Outcome<ItemOperation> Prepare(const RawOperation& raw, const std::optional<KeyValues>& batch_key,
                               const ContainerSettings& settings, bool minimal) {
  std::optional<KeyValues> key = batch_key;
  if (!settings.has_partition_key) {
    key = KeyValues{};
  } else if (raw.has_key) {
    EMULATOR_TRY(key, ParseKeyValues(raw.key));
  }
  Outcome<ItemOperation> operation = OperationOf(raw, key, settings);
  if (operation.ok()) {
    operation->if_match = raw.if_match;
    operation->if_none_match = raw.if_none_match;
    operation->wants_body =
        operation->kind == ItemOperation::Kind::kRead || !(minimal || raw.minimal);
  }
  return operation;
}

OperationResult FailedResult(const ServiceError& error) {
  OperationResult result;
  result.status = error.status;
  result.substatus = error.substatus;
  result.message = error.message;
  result.charge = charges::kFailedWrite;
  result.retry_after = error.retry_after;
  return result;
}

void AppendResult(const OperationResult& result, std::string* out) {
  fmt::format_to(std::back_inserter(*out), "{{\"statusCode\":{}", result.status);
  if (result.substatus != 0) {
    fmt::format_to(std::back_inserter(*out), ",\"subStatusCode\":{}", result.substatus);
  }
  out->append(",\"requestCharge\":").append(ChargeText(result.charge));
  if (!result.etag.empty()) {
    // Quoted text: its quotes are all that needs escaping.
    out->append(",\"eTag\":\"\\").append(result.etag, 0, result.etag.size() - 1).append("\\\"\"");
  }
  if (result.retry_after) {
    fmt::format_to(std::back_inserter(*out), ",\"retryAfterMilliseconds\":{}",
                   result.retry_after->count());
  }
  if (!result.body.empty()) out->append(",\"resourceBody\":").append(result.body);
  if (!result.message.empty()) {
    out->append(",\"message\":");
    AppendJsonString(ReplaceInvalidUtf8(result.message), out);
  }
  out->push_back('}');
}

struct BatchReply {
  std::string body = "[";
  double charge = 0;
  bool failed = false;

  void Add(const OperationResult& result) {
    if (body.size() > 1) body.push_back(',');
    AppendResult(result, &body);
    charge += result.charge;
    failed = failed || !result.ok();
  }

  Reply Finish(const ContainerTarget& target, const Partition& partition) {
    Reply reply;
    reply.status = failed ? 207 : 200;
    body.push_back(']');
    reply.body = std::move(body);
    reply.Set("x-ms-request-charge", ChargeText(charge));
    AddPartitionHeaders(target, partition, &reply);
    return reply;
  }
};

OperationResult DependencyFailed() {
  OperationResult result;
  result.status = 424;
  return result;
}

// The document would not fit into the reply any more; the client sends the operation again.
OperationResult TooLargeForReply() {
  OperationResult result;
  result.status = 413;
  result.substatus = kResponseTooLarge;
  result.message = "The batch response is too large.";
  return result;
}

bool FitsReply(const ItemOperation& operation, size_t reply_bytes) {
  const size_t expected = operation.wants_body ? operation.document.body.size() : 0;
  return reply_bytes + expected <= kResponseBytesMax;
}

Reply RunBulk(const Context& context, const ContainerTarget& target,
              const std::vector<RawOperation>& raw, Partition* partition) {
  const bool minimal = !WantsBody(context.request);
  const std::string_view go_on = context.request.Header("x-ms-cosmos-batch-continue-on-error");
  const bool stop_on_failure = go_on == "False" || go_on == "false";
  const RangeInfo& range = partition->info();
  std::vector<Outcome<ItemOperation>> operations;
  operations.reserve(raw.size());
  for (const RawOperation& operation : raw) {
    operations.push_back(Prepare(operation, std::nullopt, *target.container->settings(), minimal));
    if (operations.back().ok() && !context.faults.empty()) {
      const auto fault = context.faults.DecideOperation(
          {"bulk", target.name, range.id, std::string(context.request.Header("user-agent"))});
      if (fault) operations.back() = ErrorOf(*fault);
    }
    if (operations.back().ok() &&
        !cosmosdb::EpkInRange(operations.back()->epk, range.min, range.max)) {
      ServiceError gone;
      gone.status = 410;
      gone.substatus = kRangeGone;
      gone.message = "The operation's partition key is not in the addressed range.";
      operations.back() = gone;
    }
  }
  BatchReply reply;
  std::lock_guard lock(partition->mutex);
  EMULATOR_TRY(const Admission admission, RequestedAdmission(context.request));
  ItemExecutor executor(&context.account, target.container.get(), partition, target.name, false,
                        admission);
  for (Outcome<ItemOperation>& operation : operations) {
    if (stop_on_failure && reply.failed) {
      reply.Add(DependencyFailed());
    } else if (!operation.ok()) {
      reply.Add(FailedResult(operation.error()));
    } else if (!FitsReply(*operation, reply.body.size())) {
      reply.Add(TooLargeForReply());
    } else {
      OperationResult result = executor.Execute(std::move(*operation));
      const bool fits = reply.body.size() + result.body.size() <= kResponseBytesMax;
      reply.Add(fits ? result : TooLargeForReply());
    }
  }
  EMULATOR_CHECK(executor.Commit());
  return reply.Finish(target, *partition);
}

Reply RunAtomic(const Context& context, const ContainerTarget& target,
                const std::vector<RawOperation>& raw, const KeyValues& key) {
  const ContainerSettings& settings = *target.container->settings();
  const bool minimal = !WantsBody(context.request);
  if (key.size() != settings.partition_key_paths.size()) {
    return BadRequest(std::string(kWrongKey), 1001);
  }
  const std::string epk = EpkOf(key, settings);
  Partition& partition = target.container->PartitionOf(epk);
  std::lock_guard lock(partition.mutex);
  EMULATOR_TRY(const Admission admission, RequestedAdmission(context.request));
  ItemExecutor executor(&context.account, target.container.get(), &partition, target.name, true,
                        admission);
  std::vector<OperationResult> results;
  std::optional<size_t> failed_at;
  for (size_t i = 0; i < raw.size() && !failed_at; ++i) {
    Outcome<ItemOperation> operation = Prepare(raw[i], key, settings, minimal);
    results.push_back(operation.ok() ? executor.Execute(std::move(*operation))
                                     : FailedResult(operation.error()));
    if (!results.back().ok()) failed_at = i;
  }
  BatchReply reply;
  const auto throttled = failed_at ? std::nullopt : executor.PayAtOnce();
  if (throttled) {
    executor.RollBack();
    ServiceError error = BadRequest(throttled->message, throttled->substatus);
    error.status = throttled->status;
    error.retry_after = throttled->retry_after;
    error.charge = throttled->charge;
    return error;
  }
  if (!failed_at) {
    EMULATOR_CHECK(executor.Commit());
    for (const OperationResult& result : results) reply.Add(result);
    return reply.Finish(target, partition);
  }
  executor.RollBack();
  for (size_t i = 0; i < raw.size(); ++i) {
    reply.Add(i == *failed_at ? results[i] : DependencyFailed());
  }
  partition.bucket->Charge(reply.charge, context.account.clock.Now());
  return reply.Finish(target, partition);
}

}  // namespace

Reply HandleBatch(const Context& context) {
  const Request& request = context.request;
  if (!request.body.empty() && static_cast<unsigned char>(request.body[0]) == 0x81) {
    return BadRequest("HybridRow bodies are not supported by this server; send JSON.");
  }
  if (request.body.size() > kRequestBytesMax) {
    ServiceError error = BadRequest("The batch request is larger than 2 MB.");
    error.status = 413;
    return error;
  }
  EMULATOR_TRY(const ContainerTarget target, FindTarget(context));
  EMULATOR_TRY(const std::vector<RawOperation> operations, ReadOperations(request.body));
  EMULATOR_CHECK(CheckActions(context, operations));
  if (request.Flag("x-ms-cosmos-batch-atomic")) {
    KeyValues key;
    if (target.container->settings()->has_partition_key) {
      const std::string_view header = request.Header("x-ms-documentdb-partitionkey");
      if (header.empty()) return BadRequest("An atomic batch needs a partition key.");
      EMULATOR_TRY(key, ParseKeyValues(header));
    }
    return RunAtomic(context, target, operations, key);
  }
  EMULATOR_TRY(Partition* const partition, FindRequestRange(request, *target.container));
  if (partition == nullptr) return BadRequest("A bulk request needs a partition key range id.");
  return RunBulk(context, target, operations, partition);
}

}  // namespace spillway::emulator
