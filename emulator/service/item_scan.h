// Scanning documents across the physical partitions of a container.
#ifndef SPILLWAY_EMULATOR_SERVICE_ITEM_SCAN_H_
#define SPILLWAY_EMULATOR_SERVICE_ITEM_SCAN_H_

#include <functional>
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

struct Context;
struct ContainerTarget;
// What every read over ranges begins with: its physical partitions have request units left (429),
// and are as far as the client's session (404/1002). Returns whom its charge is for.
Outcome<Admission> StartReading(const Context& context, const ContainerTarget& target,
                                const ScanScope& scope);

// Leaves of the scope what is in the logical partition of this complete key.
void NarrowToKey(std::string_view epk, const Container& container, ScanScope* scope);

// Where a scan stands: behind everything below `min`, and in [min, max) behind every document
// created up to `sequence`. [min, max) is what was one physical partition when it was written; it
// may have been split or merged since.
struct ScanPosition {
  std::string min;
  std::string max;
  uint64_t sequence = 0;
};

// Visits unexpired documents of the scope behind `after`: partition by partition, in each in order
// of creation, until `visit(const Item&, const ScanPosition&)` returns false; the position is the
// one to go on from behind this document. REQUIRES: the topology.
using ItemVisitor = std::function<bool(const Item&, const ScanPosition&)>;
void ScanItems(const Container& container, const ScanScope& scope, const ScanPosition* after,
               uint32_t now, const ItemVisitor& visit);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_ITEM_SCAN_H_
