// Feeds of documents: everything in a container, a range or a logical partition, page by page.
#include <algorithm>
#include <charconv>
#include <mutex>

#include "destinations/cosmosdb/partition_hash.h"
#include "emulator/service/charges.h"
#include "emulator/service/continuation.h"
#include "emulator/service/handlers.h"
#include "emulator/service/item_operation.h"
#include "emulator/service/item_scan.h"
#include "emulator/service/partition_key.h"
#include "emulator/service/session.h"
#include "emulator/store/rid.h"

namespace spillway::emulator {
namespace {

constexpr size_t kPageDefault = 100;
constexpr int kRangeGone = 1002;
constexpr int kCompleting = 1007;

Reply ReadFeed(const Context& context, const ContainerTarget& target) {
  EMULATOR_TRY(ScanScope scope, RequestedScope(context.request, *target.container));
  EMULATOR_TRY(const std::optional<Continuation> start,
               ParseContinuation(context.request.Header("x-ms-continuation")));
  EMULATOR_TRY(const Admission admission, StartReading(context, target, scope));
  const size_t page = PageSize(context.request, kPageDefault);
  std::vector<std::string> items;
  size_t bytes = 0;
  Continuation last = start.value_or(Continuation{});
  bool more = false;
  ScanItems(*target.container, scope, start ? &start->position : nullptr,
            context.account.clock.Seconds(), [&](const Item& item, const ScanPosition& position) {
              std::string text;
              AppendDocument(item, target.container->rid(), target.container->self(), &text);
              if (items.size() == page || !PageHasRoom(items.size(), bytes, text.size())) {
                more = true;
                return false;
              }
              bytes += text.size();
              items.push_back(std::move(text));
              last.position = position;
              return true;
            });
  last.returned += items.size();
  Reply reply = FeedReply(RidText(target.container->rid()), "Documents", items);
  if (more) reply.Set("x-ms-continuation", ContinuationText(last, target.container->rid()));
  const double charge = charges::Feed(bytes);
  reply.Set("x-ms-request-charge", ChargeText(charge));
  Partition& first = target.container->PartitionOf(scope.min);
  std::lock_guard lock(first.mutex);
  first.bucket->Charge(charge, context.account.clock.Now(), admission);
  AddPartitionHeaders(target, first, &reply);
  return reply;
}

}  // namespace

Outcome<Partition*> FindRequestRange(const Request& request, const Container& container) {
  std::string_view id = request.Header("x-ms-documentdb-partitionkeyrangeid");
  if (id.empty()) return static_cast<Partition*>(nullptr);
  if (const size_t comma = id.find(','); comma != std::string_view::npos) {
    id = id.substr(comma + 1);
  }
  Partition* partition = container.FindRange(id);
  if (partition != nullptr && !partition->completing) return partition;
  ServiceError gone;
  gone.status = 410;
  if (partition != nullptr) {
    gone.substatus = kCompleting;
    gone.message = "The partition key range '" + std::string(id) + "' is being split or merged.";
    return gone;
  }
  gone.substatus = kRangeGone;
  gone.message =
      "The requested partition key range '" + std::string(id) + "' is no longer available.";
  return gone;
}

Reply HandleItemFeed(const Context& context) {
  EMULATOR_TRY(const ContainerTarget target, FindTarget(context));
  return ReadFeed(context, target);
}

Reply HandlePartitionKeyDelete(const Context& context) {
  if (context.request.method != "POST") return MethodNotAllowed();
  EMULATOR_TRY(const ContainerTarget target, FindTarget(context));
  const ContainerSettings& settings = *target.container->settings();
  EMULATOR_TRY(const KeyValues key,
               ParseKeyValues(context.request.Header("x-ms-documentdb-partitionkey")));
  if (key.size() != settings.partition_key_paths.size()) {
    return BadRequest("Deleting by partition key needs all levels of the key.");
  }
  const std::string epk = EpkOf(key, settings);
  Partition& partition = target.container->PartitionOf(epk);
  std::lock_guard lock(partition.mutex);
  // As one: a deletion that runs out of request units half-way would be half a deletion. The
  // service takes the units over time, beside the others' requests.
  ItemExecutor executor(&context.account, target.container.get(), &partition, target.name, true);
  std::vector<std::string> ids;
  partition.Scan(epk, cosmosdb::kEpkMax, context.account.clock.Seconds(), [&](const Item& item) {
    if (item.epk() != epk) return false;
    ids.emplace_back(item.id());
    return true;
  });
  double charge = 0;
  for (std::string& id : ids) {
    ItemOperation operation;
    operation.kind = ItemOperation::Kind::kDelete;
    operation.epk = epk;
    operation.id = std::move(id);
    charge += executor.Execute(std::move(operation)).charge;
  }
  EMULATOR_CHECK(executor.Commit());
  Reply reply;
  reply.Set("x-ms-request-charge", ChargeText(std::max(charge, charges::kMetadata)));
  AddPartitionHeaders(target, partition, &reply);
  return reply;
}

}  // namespace spillway::emulator
