#include "emulator/store/recovery.h"

#include <mutex>

#include "emulator/store/journal.h"
#include "emulator/store/rid.h"
#include "emulator/store/unique_keys.h"

namespace spillway::emulator {
namespace {

// A log beyond this is rewritten at start when less than a third of it is live.
constexpr uint64_t kCompactBytesMin = 16 * 1024 * 1024;
constexpr uint64_t kRewriteChunkBytes = 1024 * 1024;

uint64_t Whole(const Value& value) {
  return value.is_number() ? static_cast<uint64_t>(value.number()) : 0;
}
std::string Text(const Value& value) {
  return value.is_string() ? value.string() : "";
}

Value RangeJson(Partition& partition) {
  std::lock_guard lock(partition.mutex);
  const RangeInfo& info = partition.info();
  Array parents;
  for (const std::string& parent : info.parents) parents.emplace_back(parent);
  return Object{{"number", static_cast<double>(info.number)},
                {"min", cosmosdb::EpkToHex(info.min)},
                {"max", cosmosdb::EpkToHex(info.max)},
                {"parents", std::move(parents)},
                {"lsn", partition.lsn()}};
}

Value ContainerJson(Container& container) {
  std::shared_lock topology(container.topology);
  Array ranges;
  for (const auto& partition : container.partitions()) ranges.push_back(RangeJson(*partition));
  return Object{{"rid", RidText(container.rid())},
                {"definition", container.settings()->definition},
                {"version", container.version},
                {"timestamp", static_cast<double>(container.timestamp)},
                {"next_range", static_cast<double>(container.next_range_number)},
                {"topology_version", container.topology_version()},
                {"ranges", std::move(ranges)}};
}

Value DatabaseJson(const Database& database) {
  Array containers;
  for (const auto& [id, container] : database.containers) {
    containers.push_back(ContainerJson(*container));
  }
  return Object{{"id", database.id},
                {"rid", RidText(database.rid)},
                {"version", database.version},
                {"timestamp", static_cast<double>(database.timestamp)},
                {"next_container", static_cast<double>(database.next_container_number)},
                {"containers", std::move(containers)}};
}

Value OfferJson(const Offer& offer) {
  // A pending change is taken for done: nobody waits for it across a restart.
  const Throughput throughput = offer.pending.value_or(offer.throughput);
  return Object{{"rid", offer.rid},
                {"resource_self", offer.resource_self},
                {"resource_rid", offer.resource_rid},
                {"autoscale", throughput.autoscale},
                {"units", throughput.units},
                {"increment_percent", static_cast<double>(throughput.increment_percent)},
                {"shares", Array(throughput.shares.begin(), throughput.shares.end())},
                {"units_ever_max", offer.units_ever_max},
                {"version", offer.version},
                {"timestamp", static_cast<double>(offer.timestamp)}};
}

// Brings an account to what a catalog record says, keeping the documents of containers that stay.
class CatalogLoader {
 public:
  explicit CatalogLoader(Account* account) : account_(*account) {}

  Status Load(const Value& catalog) {
    Account::Restored restored;
    restored.next_database_number = static_cast<uint32_t>(Whole(catalog["next_database"]));
    restored.next_offer_number = static_cast<uint32_t>(Whole(catalog["next_offer"]));
    for (const Value& json : Items(catalog["databases"])) {
      ASSIGN_OR_RETURN(std::shared_ptr<Database> database, LoadDatabase(json));
      restored.databases.emplace(database->id, std::move(database));
    }
    for (const Value& json : Items(catalog["offers"])) {
      auto offer = std::make_shared<Offer>();
      offer->rid = Text(json["rid"]);
      offer->resource_self = Text(json["resource_self"]);
      offer->resource_rid = Text(json["resource_rid"]);
      offer->throughput.autoscale = json["autoscale"].is_bool() && json["autoscale"].boolean();
      offer->throughput.units = static_cast<double>(Whole(json["units"]));
      offer->throughput.increment_percent = static_cast<uint32_t>(Whole(json["increment_percent"]));
      const Array& shares = Items(json["shares"]);
      for (size_t i = 0; i < std::min(shares.size(), offer->throughput.shares.size()); ++i) {
        if (shares[i].is_number()) offer->throughput.shares[i] = shares[i].number();
      }
      offer->units_ever_max = static_cast<double>(Whole(json["units_ever_max"]));
      offer->version = Whole(json["version"]);
      offer->timestamp = static_cast<uint32_t>(Whole(json["timestamp"]));
      restored.offers.emplace(offer->rid, std::move(offer));
    }
    account_.Restore(std::move(restored));
    account_.RestoreVersion(Whole(catalog["version"]));
    return Status::Ok();
  }

 private:
  static const Array& Items(const Value& value) {
    static const Array kNone;
    return value.is_array() ? value.array() : kNone;
  }

  Result<std::shared_ptr<Database>> LoadDatabase(const Value& json) {
    auto database = std::make_shared<Database>();
    database->id = Text(json["id"]);
    database->rid = RidBytes(Text(json["rid"])).value_or("");
    database->self = "dbs/" + RidText(database->rid) + "/";
    database->version = Whole(json["version"]);
    database->timestamp = static_cast<uint32_t>(Whole(json["timestamp"]));
    database->next_container_number = static_cast<uint32_t>(Whole(json["next_container"]));
    for (const Value& container_json : Items(json["containers"])) {
      ASSIGN_OR_RETURN(std::shared_ptr<Container> container,
                       LoadContainer(container_json, *database));
      database->containers.emplace(container->settings()->id, std::move(container));
    }
    return database;
  }

  Result<std::shared_ptr<Container>> LoadContainer(const Value& json, const Database& database) {
    ASSIGN_OR_RETURN(auto settings, ContainerSettings::Make(json["definition"]));
    const std::string rid = RidBytes(Text(json["rid"])).value_or("");
    std::vector<std::shared_ptr<Partition>> partitions;
    for (const Value& range : Items(json["ranges"])) {
      ASSIGN_OR_RETURN(std::string min, cosmosdb::EpkFromHex(Text(range["min"])));
      ASSIGN_OR_RETURN(std::string max, cosmosdb::EpkFromHex(Text(range["max"])));
      RangeInfo info{static_cast<uint32_t>(Whole(range["number"])),
                     std::to_string(Whole(range["number"])),
                     std::move(min),
                     std::move(max),
                     {}};
      for (const Value& parent : Items(range["parents"])) info.parents.push_back(Text(parent));
      partitions.push_back(std::make_shared<Partition>(std::move(info), Whole(range["lsn"])));
    }
    if (partitions.empty()) return DataLoss("a container in the log has no ranges");
    auto container = std::make_shared<Container>(rid, database.self, std::move(settings), 1);
    container->RestoreTopology(std::move(partitions), Whole(json["topology_version"]));
    container->version = Whole(json["version"]);
    container->timestamp = static_cast<uint32_t>(Whole(json["timestamp"]));
    container->next_range_number = static_cast<uint32_t>(Whole(json["next_range"]));
    if (const auto before = account_.ContainerByRid(rid)) before->MoveItemsTo(container.get());
    return container;
  }

  Account& account_;
};

// Plays a journal into an account.
class Player : public RecordVisitor {
 public:
  explicit Player(Account* account) : account_(*account) {}

  Status Catalog(std::string_view json) override {
    ASSIGN_OR_RETURN(const Value catalog, ParseJson(json));
    latest_rid_.clear();
    return CatalogLoader(&account_).Load(catalog);
  }

  void Put(std::string_view container_rid, Item item) override {
    Container* container = Find(container_rid);
    if (container == nullptr) return;
    Partition& partition = container->PartitionOf(item.epk());
    container->RestoreSequence(item.sequence);
    account_.RestoreVersion(item.version);
    partition.RestoreLsn(std::max(partition.lsn(), item.lsn));
    Item* existing = partition.Find(item.epk(), item.id(), 0);
    if (existing != nullptr) {
      partition.RestoreContent(existing, std::move(item));
    } else {
      partition.Restore(std::make_unique<Item>(std::move(item)));
    }
  }

  void Erase(std::string_view container_rid, const ErasedItem& erased) override {
    Container* container = Find(container_rid);
    if (container == nullptr) return;
    const std::string_view key = erased.key;
    const std::string_view epk = key.substr(0, erased.epk_bytes);
    Partition& partition = container->PartitionOf(epk);
    partition.RestoreLsn(std::max(partition.lsn(), erased.lsn));
    Item* existing = partition.Find(epk, key.substr(erased.epk_bytes), 0);
    if (existing != nullptr) partition.Remove(existing);
  }

 private:
  Container* Find(std::string_view rid) {
    if (latest_rid_ != rid) {
      latest_rid_ = rid;
      latest_ = account_.ContainerByRid(rid);
    }
    return latest_.get();
  }

  Account& account_;
  std::string latest_rid_;
  std::shared_ptr<Container> latest_;
};

void RebuildUniqueValues(Container* container) {
  const ContainerSettings& settings = *container->settings();
  if (settings.unique_keys.empty()) return;
  for (const auto& partition : container->partitions()) {
    partition->unique_values.clear();
    partition->Scan(cosmosdb::kEpkMin, cosmosdb::kEpkMax, 0, [&](const Item& item) {
      for (std::string& name : UniqueNamesOf(settings, item)) {
        partition->unique_values[std::move(name)] = &item;
      }
      return true;
    });
  }
}

template <typename Visit>
Status ForEachContainer(const Account& account, Visit visit) {
  for (const auto& [database_id, database] : account.databases()) {
    for (const auto& [id, container] : database->containers) {
      RETURN_IF_ERROR(visit(container.get()));
    }
  }
  return Status::Ok();
}

Status WriteEverything(const Account& account, Journal* journal) {
  std::string records;
  AppendCatalogRecord(CatalogJson(account), &records);
  RETURN_IF_ERROR(ForEachContainer(account, [&](Container* container) {
    Status status;
    for (const auto& partition : container->partitions()) {
      partition->Scan(cosmosdb::kEpkMin, cosmosdb::kEpkMax, 0, [&](const Item& item) {
        AppendPutRecord(container->rid(), item, &records);
        if (records.size() >= kRewriteChunkBytes) {
          status = journal->Append(records);
          records.clear();
        }
        return status.ok();
      });
    }
    return status;
  }));
  return journal->Append(records);
}

}  // namespace

std::string CatalogJson(const Account& account) {
  Array databases;
  for (const auto& [id, database] : account.databases())
    databases.push_back(DatabaseJson(*database));
  Array offers;
  for (const auto& [rid, offer] : account.offers()) offers.push_back(OfferJson(*offer));
  return ToJson(Object{{"version", account.version()},
                       {"next_database", static_cast<double>(account.next_database_number())},
                       {"next_offer", static_cast<double>(account.next_offer_number())},
                       {"databases", std::move(databases)},
                       {"offers", std::move(offers)}});
}

Status OpenPersistent(const std::string& folder, Account* account) {
  Player player(account);
  ASSIGN_OR_RETURN(std::unique_ptr<Journal> journal, Journal::Open(folder, &player));
  uint64_t live_bytes = 0;
  RETURN_IF_ERROR(ForEachContainer(*account, [&](Container* container) {
    RebuildUniqueValues(container);
    container->ApplyDefaultTtl();
    for (const auto& partition : container->partitions()) live_bytes += partition->body_bytes();
    return Status::Ok();
  }));
  if (journal->bytes() > kCompactBytesMin && journal->bytes() / 3 > live_bytes) {
    RETURN_IF_ERROR(
        journal->Rewrite([&](Journal* fresh) { return WriteEverything(*account, fresh); }));
  }
  account->journal = std::move(journal);
  return Status::Ok();
}

}  // namespace spillway::emulator
