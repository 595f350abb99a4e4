#include "emulator/store/container.h"

#include <algorithm>
#include <mutex>

#include "base/check.h"
#include "emulator/store/rid.h"

namespace spillway::emulator {

using cosmosdb::CompareEpk;
using cosmosdb::HashKind;

namespace {

// The service's own first record; clients take an LSN of 0 for none.
constexpr uint64_t kFirstLsn = 1;

}  // namespace

Container::Container(std::string rid, std::string database_self,
                     std::shared_ptr<const ContainerSettings> settings, uint32_t range_count)
    : rid_(std::move(rid)),
      self_(std::move(database_self) + "colls/" + RidText(rid_) + "/"),
      settings_(std::move(settings)) {
  std::string min(cosmosdb::kEpkMin);
  // Without a partition key every document has the same EPK, so one range holds all.
  if (!settings_->has_partition_key) range_count = 1;
  for (std::string& bound : cosmosdb::EvenEpkBounds(settings_->hash_kind, range_count)) {
    partitions_.push_back(NewPartition(std::move(min), bound, {}, kFirstLsn));
    min = std::move(bound);
  }
  partitions_.push_back(
      NewPartition(std::move(min), std::string(cosmosdb::kEpkMax), {}, kFirstLsn));
}

std::shared_ptr<Partition> Container::NewPartition(std::string min, std::string max,
                                                   std::vector<std::string> parents, uint64_t lsn) {
  const uint32_t number = next_range_number++;
  return std::make_shared<Partition>(
      RangeInfo{number, std::to_string(number), std::move(min), std::move(max), std::move(parents)},
      lsn);
}

void Container::RestoreSequence(uint64_t sequence) {
  if (sequence > next_sequence_) next_sequence_ = sequence;
}

Partition& Container::PartitionOf(std::string_view epk) const {
  // The first range is the one that holds everything below the others' bounds.
  const auto above =
      std::upper_bound(partitions_.begin() + 1, partitions_.end(), epk,
                       [](std::string_view key, const std::shared_ptr<Partition>& partition) {
                         return CompareEpk(key, partition->info().min) < 0;
                       });
  return **(above - 1);
}

size_t Container::IndexOf(std::string_view range_id) const {
  size_t index = 0;
  while (index < partitions_.size() && partitions_[index]->info().id != range_id) ++index;
  return index;
}

Partition* Container::FindRange(std::string_view range_id) const {
  const size_t index = IndexOf(range_id);
  return index == partitions_.size() ? nullptr : partitions_[index].get();
}

Status Container::Split(std::string_view range_id) {
  const size_t index = IndexOf(range_id);
  if (index == partitions_.size()) {
    return InvalidArgument("no range '" + std::string(range_id) + "'");
  }
  const std::shared_ptr<Partition> parent = partitions_[index];
  const RangeInfo& info = parent->info();
  const auto bound = cosmosdb::EpkMidpoint(settings_->hash_kind, info.min, info.max);
  if (!bound) return InvalidArgument("range '" + info.id + "' is too narrow to split");
  std::vector<std::string> parents = info.parents;
  parents.push_back(info.id);
  const auto low = NewPartition(info.min, *bound, parents, parent->lsn() + 1);
  const auto high = NewPartition(*bound, info.max, parents, parent->lsn() + 1);
  parent->MoveItemsTo(*bound, low.get(), high.get());
  partitions_[index] = low;
  partitions_.insert(partitions_.begin() + static_cast<std::ptrdiff_t>(index) + 1, high);
  ++topology_version_;
  return Status::Ok();
}

Status Container::Merge(std::string_view low_range_id, std::string_view high_range_id) {
  const size_t index = IndexOf(low_range_id);
  if (index + 1 >= partitions_.size() || partitions_[index + 1]->info().id != high_range_id) {
    return InvalidArgument("ranges '" + std::string(low_range_id) + "' and '" +
                           std::string(high_range_id) + "' are not neighbours");
  }
  const std::shared_ptr<Partition> low = partitions_[index];
  const std::shared_ptr<Partition> high = partitions_[index + 1];
  std::vector<std::string> parents = low->info().parents;
  for (const std::string& id : high->info().parents) {
    if (std::find(parents.begin(), parents.end(), id) == parents.end()) parents.push_back(id);
  }
  parents.push_back(low->info().id);
  parents.push_back(high->info().id);
  const auto merged = NewPartition(low->info().min, high->info().max, parents,
                                   std::max(low->lsn(), high->lsn()) + 1);
  low->MoveItemsTo("", merged.get(), merged.get());
  high->MoveItemsTo("", merged.get(), merged.get());
  partitions_[index] = merged;
  partitions_.erase(partitions_.begin() + static_cast<std::ptrdiff_t>(index) + 1);
  ++topology_version_;
  return Status::Ok();
}

void Container::ApplyDefaultTtl() {
  for (const auto& partition : partitions_) {
    std::lock_guard lock(partition->mutex);
    partition->SetDefaultTtl(settings_->default_ttl_seconds);
  }
}

void Container::RestoreTopology(std::vector<std::shared_ptr<Partition>> restored,
                                uint64_t restored_version) {
  partitions_ = std::move(restored);
  topology_version_ = restored_version;
}

void Container::MoveItemsTo(Container* to) {
  to->RestoreSequence(next_sequence_);
  for (const auto& partition : partitions_) {
    while (std::unique_ptr<Item> item = partition->TakeAny()) {
      Partition& home = to->PartitionOf(item->epk());
      home.RestoreLsn(std::max(home.lsn(), item->lsn));
      home.Restore(std::move(item));
    }
  }
}

void Container::SetThroughput(std::optional<double> units_per_second, double window_seconds,
                              SteadyTime now) {
  for (const auto& partition : partitions_) {
    partition->bucket->SetRate(
        units_per_second ? std::optional(*units_per_second / partitions_.size()) : std::nullopt,
        window_seconds, now);
  }
}

void Container::SetShares(const Shares& shares, SteadyTime now) {
  for (const auto& partition : partitions_) partition->bucket->SetShares(shares, now);
}

void Container::ShareBucket(const std::shared_ptr<TokenBucket>& bucket) {
  for (const auto& partition : partitions_) partition->bucket = bucket;
}

}  // namespace spillway::emulator
