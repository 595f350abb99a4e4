// Scanning documents across the physical partitions of a container.
#ifndef SPILLWAY_EMULATOR_SERVICE_ITEM_SCAN_H_
#define SPILLWAY_EMULATOR_SERVICE_ITEM_SCAN_H_

#include <mutex>
#include <string>

#include "destinations/cosmosdb/partition_hash.h"
#include "emulator/service/http_message.h"
#include "emulator/store/container.h"

namespace spillway::emulator {

// The part of a container that a request is about: [min, max) of effective partition keys.
struct ScanScope {
  std::string min{cosmosdb::kEpkMin};
  std::string max{cosmosdb::kEpkMax};
  bool one_range = true;  // lies in one physical partition
  bool one_key = false;   // one complete logical partition
};

// From the partition key, range id and EPK headers; everything without them. REQUIRES: the
// topology.
Outcome<ScanScope> RequestedScope(const Request& request, const Container& container);

// Visits unexpired documents of the scope in order behind `after`, one partition's lock at a time,
// until `visit(const Item&)` returns false. REQUIRES: the topology.
template <typename Visit>
void ScanItems(const Container& container, const ScanScope& scope, const ScanPosition* after,
               uint32_t now, Visit visit) {
  for (const auto& partition : container.partitions()) {
    const RangeInfo& info = partition->info();
    if (cosmosdb::CompareEpk(info.max, scope.min) <= 0) continue;
    if (cosmosdb::CompareEpk(info.min, scope.max) >= 0) return;
    if (after != nullptr && cosmosdb::CompareEpk(info.max, after->epk) <= 0) continue;
    std::lock_guard lock(partition->mutex);
    if (!partition->Scan(scope.min, scope.max, after, now, visit)) return;
  }
}

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_ITEM_SCAN_H_
