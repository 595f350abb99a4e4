#include "emulator/service/quota.h"

#include <fmt/format.h>

#include <mutex>

namespace spillway::emulator {
namespace {

// What one physical partition holds; a container without a partition key has less.
constexpr uint64_t kGigabytesMax = 50;
constexpr uint64_t kGigabytesMaxWithoutKey = 10;

}  // namespace

Holding HoldingOf(const Container& container) {
  Holding holding;
  for (const auto& partition : container.partitions()) {
    std::lock_guard lock(partition->mutex);
    holding.documents += partition->item_count();
    holding.bytes += partition->body_bytes();
  }
  return holding;
}

void AddQuota(const Request& request, const Container& container, const Holding& holding,
              Reply* reply) {
  if (!request.Flag("x-ms-documentdb-populatequotainfo")) return;
  const uint64_t gigabytes =
      container.settings()->has_partition_key ? kGigabytesMax : kGigabytesMaxWithoutKey;
  reply->Set("x-ms-resource-quota",
             fmt::format("documentSize={0};documentsSize={1};documentsCount=-1;collectionSize={1};",
                         gigabytes * 1024, gigabytes * 1024 * 1024));
  const uint64_t kilobytes = (holding.bytes + 1023) / 1024;
  reply->Set("x-ms-resource-usage",
             fmt::format("documentSize={};documentsSize={};documentsCount={};collectionSize={};",
                         kilobytes / 1024, kilobytes, holding.documents, kilobytes));
}

}  // namespace spillway::emulator
