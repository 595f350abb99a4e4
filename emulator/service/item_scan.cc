#include "emulator/service/item_scan.h"

#include "emulator/service/handlers.h"
#include "emulator/service/partition_key.h"

namespace spillway::emulator {
namespace {

// [EPK, the next one): all documents of one key, or of the prefix of a hierarchical key.
ScanScope ScopeOfKey(const KeyValues& key, const ContainerSettings& settings) {
  ScanScope scope;
  scope.min = EpkOf(key, settings);
  scope.one_key = key.size() == settings.partition_key_paths.size();
  // Complete keys have a fixed length here, so nothing lies between a key and its zero-padded
  // successor.
  scope.max = scope.min + (scope.one_key ? std::string(1, '\x01') : std::string(cosmosdb::kEpkMax));
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

}  // namespace

Outcome<ScanScope> RequestedScope(const Request& request, const Container& container) {
  const ContainerSettings& settings = *container.settings();
  ScanScope scope;
  const std::string_view key_header = request.Header("x-ms-documentdb-partitionkey");
  if (!key_header.empty() && settings.has_partition_key) {
    EMULATOR_TRY(const KeyValues key, ParseKeyValues(key_header));
    if (key.size() > settings.partition_key_paths.size()) {
      return BadRequest("The partition key has more values than the container has paths.");
    }
    if (!key.empty()) scope = ScopeOfKey(key, settings);
  }
  EMULATOR_TRY(const Partition* const partition, FindRequestRange(request, container));
  if (partition != nullptr) Intersect(partition->info().min, partition->info().max, &scope);
  EMULATOR_CHECK(ApplyEpkHeaders(request, &scope));
  if (!settings.has_partition_key) scope.one_key = true;
  scope.one_range = RangesIn(scope, container) <= 1;
  return scope;
}

}  // namespace spillway::emulator
