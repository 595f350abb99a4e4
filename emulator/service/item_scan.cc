#include "emulator/service/item_scan.h"

#include <algorithm>
#include <mutex>

#include "emulator/service/handlers.h"
#include "emulator/service/partition_key.h"
#include "emulator/service/session.h"
#include "emulator/service/throughput.h"

namespace spillway::emulator {
namespace {

// [EPK, the next one): all documents of one key, or of the prefix of a hierarchical key.
ScanScope ScopeOfEpk(std::string epk, bool complete) {
  ScanScope scope;
  scope.one_key = complete;
  // Complete keys have a fixed length here, so nothing lies between a key and its zero-padded
  // successor.
  scope.max = epk + (complete ? std::string(1, '\x01') : std::string(cosmosdb::kEpkMax));
  scope.min = std::move(epk);
  return scope;
}

// Narrows the scope to the intersection.
void Intersect(std::string_view min, std::string_view max, ScanScope* scope) {
  if (cosmosdb::CompareEpk(min, scope->min) > 0) scope->min = min;
  if (cosmosdb::CompareEpk(max, scope->max) < 0) scope->max = max;
}

std::optional<ServiceError> ApplyEpkHeaders(const Request& request, ScanScope* scope) {
  if (!request.Has("x-ms-start-epk") && !request.Has("x-ms-end-epk")) return std::nullopt;
  const auto min = cosmosdb::EpkFromHex(request.Header("x-ms-start-epk"));
  const auto max = cosmosdb::EpkFromHex(request.Has("x-ms-end-epk") ? request.Header("x-ms-end-epk")
                                                                    : std::string_view("FF"));
  if (!min.ok() || !max.ok()) return BadRequest("The EPK range headers are not hexadecimal.");
  Intersect(*min, *max, scope);
  return std::nullopt;
}

size_t RangesIn(const ScanScope& scope, const Container& container) {
  size_t count = 0;
  for (const auto& partition : container.partitions()) {
    const RangeInfo& info = partition->info();
    if (cosmosdb::CompareEpk(info.max, scope.min) > 0 &&
        cosmosdb::CompareEpk(info.min, scope.max) < 0) {
      ++count;
    }
  }
  return count;
}

std::string Greater(std::string_view a, std::string_view b) {
  return std::string(cosmosdb::CompareEpk(a, b) >= 0 ? a : b);
}

std::string Smaller(std::string_view a, std::string_view b) {
  return std::string(cosmosdb::CompareEpk(a, b) <= 0 ? a : b);
}

// What is still to be read, each part in order of creation: the rest of the interval that a scan
// stopped in, then what lies behind it, partition by partition.
std::vector<ScanPosition> PartsOf(const Container& container, const ScanScope& scope,
                                  const ScanPosition* after) {
  std::vector<ScanPosition> parts;
  std::string from = scope.min;
  if (after != nullptr) {
    from = Greater(from, after->max);
    parts.push_back(
        {Greater(scope.min, after->min), Smaller(scope.max, after->max), after->sequence});
  }
  for (const auto& partition : container.partitions()) {
    const RangeInfo& info = partition->info();
    parts.push_back({Greater(from, info.min), Smaller(scope.max, info.max), 0});
  }
  std::erase_if(parts, [](const ScanPosition& part) {
    return cosmosdb::CompareEpk(part.min, part.max) >= 0;
  });
  return parts;
}

// False when the visitor has seen enough.
bool ScanPart(const Container& container, ScanPosition part, uint32_t now,
              const ItemVisitor& visit) {
  const auto visit_next = [&](const Item& item) {
    part.sequence = item.sequence;
    return visit(item, part);
  };
  std::vector<Partition*> partitions;
  std::vector<std::unique_lock<std::mutex>> locks;
  for (const auto& partition : container.partitions()) {
    if (cosmosdb::CompareEpk(partition->info().max, part.min) <= 0) continue;
    if (cosmosdb::CompareEpk(partition->info().min, part.max) >= 0) break;
    partitions.push_back(partition.get());
    locks.emplace_back(partition->mutex);
  }
  if (partitions.size() == 1) {
    return partitions[0]->ScanByCreation(part.min, part.max, part.sequence, now, visit_next);
  }
  // One partition when the scan stopped, several now.
  std::vector<const Item*> items;
  for (Partition* partition : partitions) {
    partition->ScanByCreation(part.min, part.max, part.sequence, now, [&](const Item& item) {
      items.push_back(&item);
      return true;
    });
  }
  std::sort(items.begin(), items.end(),
            [](const Item* a, const Item* b) { return a->sequence < b->sequence; });
  return std::all_of(items.begin(), items.end(),
                     [&](const Item* item) { return visit_next(*item); });
}

}  // namespace

void ScanItems(const Container& container, const ScanScope& scope, const ScanPosition* after,
               uint32_t now, const ItemVisitor& visit) {
  for (ScanPosition& part : PartsOf(container, scope, after)) {
    if (!ScanPart(container, std::move(part), now, visit)) return;
  }
}

Outcome<ScanScope> RequestedScope(const Request& request, const Container& container) {
  const ContainerSettings& settings = *container.settings();
  ScanScope scope;
  const std::string_view key_header = request.Header("x-ms-documentdb-partitionkey");
  if (!key_header.empty() && settings.has_partition_key) {
    EMULATOR_TRY(const KeyValues key, ParseKeyValues(key_header));
    if (key.size() > settings.partition_key_paths.size()) {
      return BadRequest("The partition key has more values than the container has paths.");
    }
    if (!key.empty()) {
      scope = ScopeOfEpk(EpkOf(key, settings), key.size() == settings.partition_key_paths.size());
    }
  }
  EMULATOR_TRY(const Partition* const partition, FindRequestRange(request, container));
  if (partition != nullptr) Intersect(partition->info().min, partition->info().max, &scope);
  EMULATOR_CHECK(ApplyEpkHeaders(request, &scope));
  if (!settings.has_partition_key) scope.one_key = true;
  scope.one_range = RangesIn(scope, container) <= 1;
  return scope;
}

Outcome<Admission> StartReading(const Context& context, const ContainerTarget& target,
                                const ScanScope& scope) {
  EMULATOR_TRY(const Admission admission, RequestedAdmission(context.request));
  for (const auto& partition : target.container->partitions()) {
    const RangeInfo& info = partition->info();
    if (cosmosdb::CompareEpk(info.max, scope.min) <= 0 ||
        cosmosdb::CompareEpk(info.min, scope.max) >= 0) {
      continue;
    }
    const auto refusal = partition->bucket->TryStart(context.account.clock.Now(), admission);
    if (refusal) return RequestRateTooLarge(*refusal);
    std::lock_guard lock(partition->mutex);
    EMULATOR_CHECK(CheckSession(context.request, *partition));
  }
  return admission;
}

void NarrowToKey(std::string_view epk, const Container& container, ScanScope* scope) {
  const ScanScope key = ScopeOfEpk(std::string(epk), true);
  Intersect(key.min, key.max, scope);
  scope->one_key = true;
  scope->one_range = RangesIn(*scope, container) <= 1;
}

}  // namespace spillway::emulator
