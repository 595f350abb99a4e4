#include "emulator/store/account.h"

#include "emulator/store/recovery.h"
#include "emulator/store/rid.h"

namespace spillway::emulator {

void Account::RestoreVersion(uint64_t version) {
  if (version > next_version_) next_version_ = version;
}

std::shared_ptr<Database> Account::FindDatabase(std::string_view name_or_rid, bool* by_rid) const {
  *by_rid = false;
  if (const auto found = databases_.find(name_or_rid); found != databases_.end()) {
    return found->second;
  }
  const std::optional<std::string> rid = RidBytes(name_or_rid);
  if (!rid) return nullptr;
  for (const auto& [id, database] : databases_) {
    if (database->rid != *rid) continue;
    *by_rid = true;
    return database;
  }
  return nullptr;
}

std::shared_ptr<Container> Account::FindContainer(const Database& database,
                                                  std::string_view name_or_rid, bool by_rid) {
  if (!by_rid) {
    const auto found = database.containers.find(name_or_rid);
    return found == database.containers.end() ? nullptr : found->second;
  }
  const std::optional<std::string> rid = RidBytes(name_or_rid);
  for (const auto& [id, container] : database.containers) {
    if (rid && container->rid() == *rid) return container;
  }
  return nullptr;
}

std::shared_ptr<Offer> Account::OfferOf(std::string_view resource_rid) const {
  for (const auto& [rid, offer] : offers_) {
    if (offer->resource_rid == resource_rid) return offer;
  }
  return nullptr;
}

std::shared_ptr<Database> Account::AddDatabase(std::string id) {
  auto database = std::make_shared<Database>();
  database->id = id;
  database->rid = DatabaseRid(Scattered(next_database_number_++));
  database->self = "dbs/" + RidText(database->rid) + "/";
  database->version = NextVersion();
  database->timestamp = clock.Seconds();
  databases_.emplace(std::move(id), database);
  return database;
}

namespace {

// Differs between databases too: some clients tell containers apart by this part of the rid alone.
uint32_t ContainerNumber(std::string_view database_rid, uint32_t number) {
  uint32_t sum = number;
  for (const char byte : database_rid) sum = Scattered(sum + static_cast<uint8_t>(byte));
  return sum;
}

}  // namespace

std::shared_ptr<Container> Account::AddContainer(Database* database,
                                                 std::shared_ptr<const ContainerSettings> settings,
                                                 uint32_t range_count) {
  const std::string id = settings->id;
  const uint32_t number = ContainerNumber(database->rid, database->next_container_number++);
  auto container = std::make_shared<Container>(ContainerRid(database->rid, number), database->self,
                                               std::move(settings), range_count);
  container->version = NextVersion();
  container->timestamp = clock.Seconds();
  database->containers.emplace(id, container);
  return container;
}

std::shared_ptr<Offer> Account::AddOffer(std::string resource_self, std::string resource_rid,
                                         Throughput throughput) {
  auto offer = std::make_shared<Offer>();
  offer->rid = RidText(OfferRid(next_offer_number_++));
  offer->resource_self = std::move(resource_self);
  offer->resource_rid = std::move(resource_rid);
  offer->throughput = throughput;
  offer->units_ever_max = throughput.units;
  offer->version = NextVersion();
  offer->timestamp = clock.Seconds();
  offers_.emplace(offer->rid, offer);
  return offer;
}

void Account::RemoveOfferOf(std::string_view resource_rid) {
  std::erase_if(offers_,
                [&](const auto& entry) { return entry.second->resource_rid == resource_rid; });
}

void Account::RemoveDatabase(const Database& database) {
  for (const auto& [id, container] : database.containers) {
    RemoveOfferOf(RidText(container->rid()));
  }
  RemoveOfferOf(RidText(database.rid));
  const std::string id = database.id;  // the map may hold the last reference
  databases_.erase(id);
}

void Account::RemoveContainer(Database* database, const Container& container) {
  RemoveOfferOf(RidText(container.rid()));
  std::erase_if(database->containers,
                [&](const auto& entry) { return entry.second.get() == &container; });
}

void Account::Clear() {
  databases_.clear();
  offers_.clear();
}

Status Account::SaveCatalog() const {
  if (journal == nullptr) return Status::Ok();
  std::string record;
  AppendCatalogRecord(CatalogJson(*this), &record);
  return journal->Append(record);
}

void Account::Restore(Restored restored) {
  databases_ = std::move(restored.databases);
  offers_ = std::move(restored.offers);
  next_database_number_ = restored.next_database_number;
  next_offer_number_ = restored.next_offer_number;
}

std::shared_ptr<Container> Account::ContainerByRid(std::string_view rid) const {
  for (const auto& [database_id, database] : databases_) {
    for (const auto& [id, container] : database->containers) {
      if (container->rid() == rid) return container;
    }
  }
  return nullptr;
}

}  // namespace spillway::emulator
