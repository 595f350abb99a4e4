#include "emulator/service/growth.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "emulator/store/rid.h"

namespace spillway::emulator {
namespace {

// A container never grows beyond this many ranges.
constexpr size_t kRangesMax = 1000;

std::shared_ptr<Container> ContainerOf(const Account& account, const Offer& offer) {
  for (const auto& [database_id, database] : account.databases()) {
    for (const auto& [id, container] : database->containers) {
      if (RidText(container->rid()) == offer.resource_rid) return container;
    }
  }
  return nullptr;
}

// The id of the range that came of the fewest splits.
std::string WidestRange(const Container& container) {
  const auto& partitions = container.partitions();
  const auto generations = [](const auto& partition) { return partition->info().parents.size(); };
  const auto widest = std::min_element(
      partitions.begin(), partitions.end(),
      [&](const auto& a, const auto& b) { return generations(a) < generations(b); });
  return (*widest)->info().id;
}

// A single logical partition cannot be divided, however much it holds.
bool HoldsSeveralKeys(const Partition& partition, uint32_t now) {
  std::string first;
  return !partition.Scan("", cosmosdb::kEpkMax, now, [&](const Item& item) {
    if (first.empty()) first = item.epk();
    return item.epk() == first;
  });
}

// The id of a range that holds too much and can be divided; empty when there is none.
std::string FullRange(const Container& container, uint64_t bytes_max, uint32_t now) {
  for (const auto& partition : container.partitions()) {
    std::lock_guard lock(partition->mutex);
    if (partition->body_bytes() > bytes_max && HoldsSeveralKeys(*partition, now)) {
      return partition->info().id;
    }
  }
  return "";
}

bool GrowForStorage(const Account& account, uint64_t bytes_max, Container* container) {
  std::unique_lock topology(container->topology);
  bool grown = false;
  while (container->partitions().size() < kRangesMax) {
    const std::string range = FullRange(*container, bytes_max, account.clock.Seconds());
    if (range.empty() || !container->Split(range).ok()) break;
    grown = true;
  }
  return grown;
}

}  // namespace

bool GrowForThroughput(const Account& account, const Offer& offer) {
  const std::shared_ptr<Container> container = ContainerOf(account, offer);
  if (container == nullptr) return false;
  std::unique_lock topology(container->topology);
  const auto wanted = static_cast<size_t>(std::ceil(offer.throughput.units / kUnitsPerRangeMax));
  bool grown = false;
  while (container->partitions().size() < std::min(wanted, kRangesMax)) {
    if (!container->Split(WidestRange(*container)).ok()) break;
    grown = true;
  }
  return grown;
}

bool SettleAndGrow(const Account& account, const ServerOptions& options) {
  bool changed = false;
  for (const auto& [rid, offer] : account.offers()) {
    if (!offer->pending || account.clock.Now() < offer->pending_until) continue;
    offer->throughput = *offer->pending;
    offer->pending.reset();
    GrowForThroughput(account, *offer);
    changed = true;
  }
  for (const auto& [database_id, database] : account.databases()) {
    for (const auto& [id, container] : database->containers) {
      if (GrowForStorage(account, options.range_bytes_max, container.get())) changed = true;
    }
  }
  return changed;
}

}  // namespace spillway::emulator
