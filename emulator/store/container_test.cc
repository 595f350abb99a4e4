#include "emulator/store/container.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway::emulator {
namespace {

using cosmosdb::KeyComponent;
using testing::ElementsAre;

std::shared_ptr<const ContainerSettings> Settings(std::string_view definition) {
  auto settings = ContainerSettings::Make(*ParseJson(definition));
  EXPECT_TRUE(settings.ok()) << settings.status().ToString();
  return *settings;
}

constexpr std::string_view kDefinition =
    R"({"id":"c","partitionKey":{"paths":["/pk"],"kind":"Hash","version":2}})";

std::string EpkOf(std::string_view value) {
  const KeyComponent key[] = {value};
  return cosmosdb::Epk(cosmosdb::HashKind::kV2, key);
}

void Insert(Container* container, const std::string& pk, const std::string& id,
            uint32_t expires_at = 0) {
  auto item = std::make_unique<Item>();
  item->key = EpkOf(pk) + id;
  item->epk_bytes = 16;
  item->body = "{\"id\":\"" + id + "\"";
  item->sequence = container->NextSequence();
  item->expires_at = expires_at;
  container->PartitionOf(EpkOf(pk)).Insert(std::move(item));
}

std::vector<std::string> Ids(const Partition& partition, std::string_view min = cosmosdb::kEpkMin,
                             std::string_view max = cosmosdb::kEpkMax, uint32_t now = 0) {
  std::vector<std::string> ids;
  partition.Scan(min, max, now, [&](const Item& item) {
    ids.emplace_back(item.id());
    return true;
  });
  return ids;
}

TEST(ContainerSettings, FillsInTheDefaultsOfTheService) {
  const auto settings = Settings(R"({"id":"c","partitionKey":{"paths":["/pk"]}})");
  EXPECT_EQ(ToJson(settings->definition),
            R"({"id":"c","partitionKey":{"paths":["/pk"],"kind":"Hash"},"indexingPolicy":)"
            R"({"indexingMode":"consistent","automatic":true,"includedPaths":[{"path":"/*"}],)"
            R"("excludedPaths":[{"path":"/\"_etag\"/?"}]},"conflictResolutionPolicy":)"
            R"({"mode":"LastWriterWins","conflictResolutionPath":"/_ts",)"
            R"("conflictResolutionProcedure":""},"geospatialConfig":{"type":"Geography"}})");
  EXPECT_EQ(settings->hash_kind, cosmosdb::HashKind::kV1);
  EXPECT_FALSE(Settings(R"({"id":"c"})")->has_partition_key);
}

TEST(ContainerSettings, RefusesWhatTheServiceRefuses) {
  for (const char* definition :
       {R"({})", R"({"id":""})", R"({"id":"a/b"})", R"({"id":"c","partitionKey":{"paths":[]}})",
        R"({"id":"c","partitionKey":{"paths":["pk"]}})",
        R"({"id":"c","partitionKey":{"paths":["/a","/b"],"kind":"Hash"}})",
        R"({"id":"c","partitionKey":{"paths":["/a"],"kind":"Blob"}})",
        R"({"id":"c","partitionKey":{"paths":["/a"],"version":3}})",
        R"({"id":"c","partitionKey":{"paths":["/a"],"kind":"MultiHash","version":1}})",
        R"({"id":"c","partitionKey":{"paths":["/a","/b","/c","/d"],"kind":"MultiHash"}})",
        R"({"id":"c","defaultTtl":0})", R"({"id":"c","defaultTtl":"x"})",
        R"({"id":"c","indexingPolicy":{"indexingMode":"often"}})",
        R"({"id":"c","uniqueKeyPolicy":{"uniqueKeys":[{"paths":[]}]}})", R"([])"}) {
    EXPECT_FALSE(ContainerSettings::Make(*ParseJson(definition)).ok()) << definition;
  }
}

TEST(Container, RoutesKeysToEvenRanges) {
  Container container("rid", "dbs/x/", Settings(kDefinition), 4);
  const auto range = [&](std::string_view pk) {
    return container.PartitionOf(EpkOf(pk)).info().id;
  };
  EXPECT_EQ(range("tenant1"), "0");
  EXPECT_EQ(range("tenant2"), "2");
  EXPECT_EQ(range("a"), "3");
}

TEST(Container, ASplitMovesDocumentsAndGoesOnBehindTheParentsLsn) {
  Container container("rid", "dbs/x/", Settings(kDefinition), 1);
  for (int i = 0; i < 100; ++i) Insert(&container, "pk" + std::to_string(i), "id");
  ASSERT_TRUE(container.Split("0").ok());
  EXPECT_EQ(container.FindRange("0"), nullptr);
  const Partition* low = container.FindRange("1");
  const Partition* high = container.FindRange("2");
  ASSERT_TRUE(low && high);
  EXPECT_EQ(low->item_count() + high->item_count(), 100u);
  EXPECT_GT(low->item_count(), 20u);
  EXPECT_GT(high->item_count(), 20u);
  EXPECT_EQ(low->lsn(), 102u);
  EXPECT_THAT(high->info().parents, ElementsAre("0"));
  for (int i = 0; i < 100; ++i) {
    const std::string epk = EpkOf("pk" + std::to_string(i));
    EXPECT_NE(container.PartitionOf(epk).Find(epk, "id", 0), nullptr);
  }
}

TEST(Container, AMergeUndoesASplit) {
  Container container("rid", "dbs/x/", Settings(kDefinition), 1);
  for (int i = 0; i < 10; ++i) Insert(&container, "pk" + std::to_string(i), "id");
  ASSERT_TRUE(container.Split("0").ok());
  EXPECT_FALSE(container.Merge("2", "1").ok());
  ASSERT_TRUE(container.Merge("1", "2").ok());
  EXPECT_EQ(container.partitions().size(), 1u);
  EXPECT_EQ(container.FindRange("3")->item_count(), 10u);
  EXPECT_THAT(container.FindRange("3")->info().parents, ElementsAre("0", "1", "2"));
}

std::vector<std::string> IdsByCreation(Partition* partition, uint64_t after = 0,
                                       std::string_view min = cosmosdb::kEpkMin,
                                       std::string_view max = cosmosdb::kEpkMax) {
  std::vector<std::string> ids;
  partition->ScanByCreation(min, max, after, 0, [&](const Item& item) {
    ids.emplace_back(item.id());
    return true;
  });
  return ids;
}

TEST(Partition, ScansInOrderOfCreationAndResumes) {
  Container container("rid", "dbs/x/", Settings(kDefinition), 1);
  for (const char* id : {"1", "2", "3", "4", "5"}) Insert(&container, id, id);
  Partition& partition = container.PartitionOf("");
  EXPECT_THAT(IdsByCreation(&partition), ElementsAre("1", "2", "3", "4", "5"));
  EXPECT_THAT(IdsByCreation(&partition, 3), ElementsAre("4", "5"));
  partition.Erase(partition.Find(EpkOf("2"), "2", 0));
  Insert(&container, "2", "2");
  EXPECT_THAT(IdsByCreation(&partition), ElementsAre("1", "3", "4", "5", "2"));
  EXPECT_THAT(IdsByCreation(&partition, 0, EpkOf("4"), EpkOf("4") + '\x01'), ElementsAre("4"));
  EXPECT_EQ(partition.FindBySequence(3)->id(), "3");
  EXPECT_EQ(partition.FindBySequence(2), nullptr);
}

TEST(Partition, ScansInOrderOfKeyAndCreation) {
  Container container("rid", "dbs/x/", Settings(kDefinition), 1);
  for (const char* id : {"c", "a", "b"}) Insert(&container, "same", id);
  const Partition& partition = container.PartitionOf("");
  EXPECT_THAT(Ids(partition), ElementsAre("c", "a", "b"));
  EXPECT_THAT(Ids(partition, "", EpkOf("same")), ElementsAre());
  EXPECT_THAT(Ids(partition, EpkOf("same")), ElementsAre("c", "a", "b"));
}

TEST(Partition, ForgetsWhatHasExpired) {
  Container container("rid", "dbs/x/", Settings(kDefinition), 1);
  Insert(&container, "p", "short", 10);
  Insert(&container, "p", "long", 20);
  Partition& partition = container.PartitionOf("");
  EXPECT_THAT(Ids(partition, "", "\xFF", 10), ElementsAre("long"));
  EXPECT_EQ(partition.Find(EpkOf("p"), "short", 10), nullptr);
  EXPECT_EQ(partition.item_count(), 1u);
  partition.PurgeExpired(20, 100);
  EXPECT_EQ(partition.item_count(), 0u);
  EXPECT_EQ(partition.body_bytes(), 0u);
}

TEST(Partition, ListsDocumentsByTheirLastWrite) {
  Container container("rid", "dbs/x/", Settings(kDefinition), 1);
  for (const char* id : {"a", "b", "c"}) Insert(&container, "p", id);
  Partition& partition = container.PartitionOf("");
  Item* first = partition.Find(EpkOf("p"), "a", 0);
  Item content = *first;
  partition.Replace(first, std::move(content));
  std::vector<std::string> ids;
  for (const Item* item : partition.ItemsByLsn()) ids.emplace_back(item->id());
  EXPECT_THAT(ids, ElementsAre("b", "c", "a"));
}

}  // namespace
}  // namespace spillway::emulator
