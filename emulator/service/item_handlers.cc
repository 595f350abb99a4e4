// Point operations on documents.
#include <mutex>

#include "emulator/service/change_feed.h"
#include "emulator/service/handlers.h"
#include "emulator/service/item_operation.h"
#include "emulator/service/query_request.h"
#include "emulator/service/session.h"
#include "emulator/service/throughput.h"
#include "emulator/store/rid.h"

namespace spillway::emulator {
namespace {

// The key that the header names; nullopt when there is no header. A container without a partition
// key takes any header for its one key.
Outcome<std::optional<KeyValues>> HeaderKey(const Context& context,
                                            const ContainerSettings& settings) {
  if (!settings.has_partition_key) return std::optional<KeyValues>(KeyValues{});
  const std::string_view header = context.request.Header("x-ms-documentdb-partitionkey");
  if (header.empty()) return std::optional<KeyValues>();
  EMULATOR_TRY(KeyValues values, ParseKeyValues(header));
  return std::optional<KeyValues>(std::move(values));
}

ServiceError MissingKey() {
  return BadRequest("PartitionKey value must be supplied for this operation.");
}

Reply ToReply(OperationResult result, const ContainerTarget& target, const Partition& partition) {
  Reply reply;
  if (!result.ok()) {
    ServiceError error;
    error.status = result.status;
    error.substatus = result.substatus;
    error.message = std::move(result.message);
    error.retry_after = result.retry_after;
    reply = Reply(std::move(error));
  } else {
    reply.status = result.status;
    reply.body = std::move(result.body);
  }
  if (!result.etag.empty()) reply.Set("etag", std::move(result.etag));
  if (result.item_lsn != 0) reply.Set("x-ms-item-lsn", std::to_string(result.item_lsn));
  reply.Set("x-ms-request-charge", ChargeText(result.charge));
  AddPartitionHeaders(target, partition, &reply);
  return reply;
}

// Executes one operation where its key belongs.
Reply Run(const Context& context, const ContainerTarget& target, ItemOperation operation) {
  Partition& partition = target.container->PartitionOf(operation.epk);
  const bool is_read = operation.kind == ItemOperation::Kind::kRead;
  std::lock_guard lock(partition.mutex);
  if (is_read) EMULATOR_CHECK(CheckSession(context.request, partition));
  EMULATOR_TRY(const Admission admission, RequestedAdmission(context.request));
  ItemExecutor executor(&context.account, target.container.get(), &partition, target.name, false,
                        admission);
  OperationResult result = executor.Execute(std::move(operation));
  EMULATOR_CHECK(executor.Commit());
  return ToReply(std::move(result), target, partition);
}

Reply WriteDocument(const Context& context, const ContainerTarget& target,
                    ItemOperation::Kind kind) {
  const ContainerSettings& settings = *target.container->settings();
  EMULATOR_TRY(const std::optional<KeyValues> key, HeaderKey(context, settings));
  if (!key) return MissingKey();
  EMULATOR_TRY(ItemOperation operation,
               DocumentOperation(kind, context.request.body, key, settings));
  operation.if_match = context.request.Header("if-match");
  operation.if_none_match = context.request.Header("if-none-match");
  operation.wants_body = WantsBody(context.request);
  return Run(context, target, std::move(operation));
}

// The id of the document that the path names; by rid it has to be looked up.
Outcome<std::string> TargetId(const Context& context, const ContainerTarget& target,
                              const KeyValues& key) {
  if (!target.by_rid) return context.path.leaf;
  const auto bytes = RidBytes(context.path.leaf);
  const auto sequence = bytes ? ItemSequence(*bytes) : std::nullopt;
  if (!sequence || *sequence == 0) return NotFoundError();
  const std::string epk = EpkOf(key, *target.container->settings());
  Partition& partition = target.container->PartitionOf(epk);
  std::lock_guard lock(partition.mutex);
  const Item* item = partition.FindBySequence(*sequence);
  if (item == nullptr || item->epk() != epk || item->ExpiredAt(context.account.clock.Seconds())) {
    return NotFoundError();
  }
  return std::string(item->id());
}

std::optional<ItemOperation::Kind> KindOf(std::string_view method) {
  if (method == "GET") return ItemOperation::Kind::kRead;
  if (method == "PUT") return ItemOperation::Kind::kReplace;
  if (method == "PATCH") return ItemOperation::Kind::kPatch;
  if (method == "DELETE") return ItemOperation::Kind::kDelete;
  return std::nullopt;
}

Outcome<ItemOperation> ReplaceOperation(const Context& context, const ContainerTarget& target,
                                        const KeyValues& key, const std::string& id) {
  EMULATOR_TRY(ItemOperation operation,
               DocumentOperation(ItemOperation::Kind::kReplace, context.request.body, key,
                                 *target.container->settings()));
  operation.replaced_id = id;
  return operation;
}

Outcome<ItemOperation> PatchRequestOperation(const Context& context, const ContainerTarget& target,
                                             const KeyValues& key, std::string id) {
  const Result<Value> body = ParseJson(context.request.body);
  if (!body.ok()) return BadRequest("The patch is not valid JSON.");
  EMULATOR_TRY(ItemOperation operation, TargetOperation(ItemOperation::Kind::kPatch, std::move(id),
                                                        key, *target.container->settings()));
  EMULATOR_TRY(operation.patch, ParsePatch(*body));
  return operation;
}

}  // namespace

Reply HandleItems(const Context& context) {
  const Request& request = context.request;
  if (request.method == "GET") {
    return IsChangeFeed(request) ? HandleChangeFeed(context) : HandleItemFeed(context);
  }
  if (request.method != "POST") return MethodNotAllowed();
  if (request.Flag("x-ms-cosmos-is-batch-request")) return HandleBatch(context);
  if (request.Flag("x-ms-cosmos-is-query-plan-request")) return HandleQueryPlan(context);
  if (IsQuery(request)) return HandleQuery(context);
  EMULATOR_TRY(const ContainerTarget target, FindTarget(context));
  return WriteDocument(context, target,
                       request.Flag("x-ms-documentdb-is-upsert") ? ItemOperation::Kind::kUpsert
                                                                 : ItemOperation::Kind::kCreate);
}

Reply HandleItem(const Context& context) {
  const auto kind = KindOf(context.request.method);
  if (!kind) return MethodNotAllowed();
  EMULATOR_TRY(const ContainerTarget target, FindTarget(context));
  const ContainerSettings& settings = *target.container->settings();
  EMULATOR_TRY(const std::optional<KeyValues> key, HeaderKey(context, settings));
  if (!key) return MissingKey();
  EMULATOR_TRY(std::string id, TargetId(context, target, *key));
  Outcome<ItemOperation> operation =
      *kind == ItemOperation::Kind::kReplace ? ReplaceOperation(context, target, *key, id)
      : *kind == ItemOperation::Kind::kPatch
          ? PatchRequestOperation(context, target, *key, std::move(id))
          : TargetOperation(*kind, std::move(id), *key, settings);
  if (!operation.ok()) return std::move(operation.error());
  operation->if_match = context.request.Header("if-match");
  operation->if_none_match = context.request.Header("if-none-match");
  operation->wants_body = WantsBody(context.request);
  return Run(context, target, std::move(*operation));
}

}  // namespace spillway::emulator
