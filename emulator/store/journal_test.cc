#include "emulator/store/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/clock.h"
#include "emulator/store/recovery.h"

namespace spillway::emulator {
namespace {

class Folder {
 public:
  Folder()
      : path_(testing::TempDir() + "journal_test_" + std::to_string(getpid()) + "_" +
              testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }
  std::string log() const { return path_ + "/store.log"; }

 private:
  const std::string path_;
};

class Collector : public RecordVisitor {
 public:
  Status Catalog(std::string_view json) override {
    seen.push_back("catalog " + std::string(json));
    return Status::Ok();
  }
  void Put(std::string_view rid, Item item) override {
    seen.push_back("put " + std::string(rid) + " " + item.key + " " + item.body + " " +
                   std::to_string(item.lsn));
  }
  void Erase(std::string_view rid, const ErasedItem& erased) override {
    seen.push_back("erase " + std::string(rid) + " " + erased.key);
  }
  std::vector<std::string> seen;
};

Item MakeItem(const std::string& id, uint64_t lsn) {
  Item item;
  item.key = "epk" + id;
  item.epk_bytes = 3;
  item.body = "{\"id\":\"" + id + "\"";
  item.lsn = lsn;
  return item;
}

TEST(Journal, GivesBackWhatWasAppended) {
  const Folder folder;
  {
    Collector none;
    auto journal = Journal::Open(folder.path(), &none);
    ASSERT_TRUE(journal.ok()) << journal.status().ToString();
    std::string records;
    AppendCatalogRecord("{}", &records);
    AppendPutRecord("rid", MakeItem("1", 5), &records);
    AppendEraseRecord("rid", {"epk1", 3, 6}, &records);
    ASSERT_TRUE((*journal)->Append(records).ok());
  }
  Collector collector;
  auto journal = Journal::Open(folder.path(), &collector);
  ASSERT_TRUE(journal.ok());
  EXPECT_EQ((*journal)->torn_bytes(), 0u);
  EXPECT_THAT(collector.seen,
              testing::ElementsAre("catalog {}", "put rid epk1 {\"id\":\"1\" 5", "erase rid epk1"));
}

TEST(Journal, CutsATornEndAtEveryByte) {
  const Folder folder;
  std::string first;
  AppendPutRecord("rid", MakeItem("1", 1), &first);
  std::string second;
  AppendPutRecord("rid", MakeItem("2", 2), &second);
  Collector none;
  ASSERT_TRUE(Journal::Open(folder.path(), &none).ok());
  std::ifstream file(folder.log(), std::ios::binary);
  const std::string magic((std::istreambuf_iterator<char>(file)), {});
  for (size_t cut = 0; cut < second.size(); ++cut) {
    std::ofstream(folder.log(), std::ios::binary) << magic << first << second.substr(0, cut);
    Collector collector;
    auto journal = Journal::Open(folder.path(), &collector);
    ASSERT_TRUE(journal.ok());
    EXPECT_EQ(collector.seen.size(), 1u) << cut;
    EXPECT_EQ((*journal)->torn_bytes(), cut);
    ASSERT_TRUE((*journal)->Append(second).ok());
    journal->reset();
    Collector again;
    ASSERT_TRUE(Journal::Open(folder.path(), &again).ok());
    EXPECT_EQ(again.seen.size(), 2u) << cut;
  }
}

TEST(Journal, IsForOneServerAtATime) {
  const Folder folder;
  Collector none;
  auto journal = Journal::Open(folder.path(), &none);
  ASSERT_TRUE(journal.ok());
  EXPECT_EQ(Journal::Open(folder.path(), &none).status().code(), StatusCode::kLocked);
}

TEST(Journal, RefusesForeignFiles) {
  const Folder folder;
  std::filesystem::create_directories(folder.path());
  std::ofstream(folder.log()) << "something else entirely, and long enough";
  Collector none;
  EXPECT_EQ(Journal::Open(folder.path(), &none).status().code(), StatusCode::kDataLoss);
}

TEST(Recovery, AnAccountComesBackAsItWas) {
  const Folder folder;
  const ManualClock clock;
  std::string catalog;
  {
    Account account(clock);
    ASSERT_TRUE(OpenPersistent(folder.path(), &account).ok());
    const auto database = account.AddDatabase("d");
    const auto settings = *ContainerSettings::Make(
        *ParseJson(R"({"id":"c","partitionKey":{"paths":["/pk"],"version":2},"defaultTtl":-1})"));
    const auto container = account.AddContainer(database.get(), settings, 2);
    account.AddOffer(container->self(), "rid", {true, 4000});
    ASSERT_TRUE(account.SaveCatalog().ok());
    for (int i = 0; i < 20; ++i) {
      auto item = std::make_unique<Item>(MakeItem(std::to_string(i), 0));
      const std::string pk = "pk" + std::to_string(i);
      const cosmosdb::KeyComponent key[] = {std::string_view(pk)};
      const std::string epk = cosmosdb::Epk(cosmosdb::HashKind::kV2, key);
      item->key = epk + "id";
      item->epk_bytes = 16;
      item->sequence = container->NextSequence();
      item->version = account.NextVersion();
      const Item* stored = container->PartitionOf(epk).Insert(std::move(item));
      std::string record;
      AppendPutRecord(container->rid(), *stored, &record);
      ASSERT_TRUE(account.journal->Append(record).ok());
    }
    ASSERT_TRUE(container->Split("0").ok());
    ASSERT_TRUE(account.SaveCatalog().ok());
    catalog = CatalogJson(account);
  }
  Account account(clock);
  ASSERT_TRUE(OpenPersistent(folder.path(), &account).ok());
  EXPECT_EQ(CatalogJson(account), catalog);
  const auto container = account.databases().at("d")->containers.at("c");
  size_t items = 0;
  for (const auto& partition : container->partitions()) items += partition->item_count();
  EXPECT_EQ(items, 20u);
  EXPECT_EQ(container->NextSequence(), 21u);
  EXPECT_GT(account.NextVersion(), 20u);
}

}  // namespace
}  // namespace spillway::emulator
