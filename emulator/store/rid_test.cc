#include "emulator/store/rid.h"

#include <gtest/gtest.h>

#include "emulator/store/item.h"

namespace spillway::emulator {
namespace {

TEST(Rid, HasTheLengthsOfTheService) {
  const std::string database = DatabaseRid(7);
  const std::string container = ContainerRid(database, 3);
  const std::string item = ItemRid(container, 123456789);
  EXPECT_EQ(RidText(database).size(), 8u);
  EXPECT_EQ(RidText(container).size(), 12u);
  EXPECT_EQ(RidText(item).size(), 24u);
  EXPECT_EQ(RidText(OfferRid(1)).size(), 4u);
  EXPECT_EQ(container.substr(0, 4), database);
  EXPECT_NE(container[4] & 0x80, 0);
  EXPECT_EQ(static_cast<uint8_t>(RangeRid(container, 0).back()), 0x50);
}

TEST(Rid, RoundTrips) {
  const std::string container = ContainerRid(DatabaseRid(1), 1);
  for (const uint64_t sequence : {0ull, 1ull, 255ull, 1ull << 40}) {
    const std::string text = RidText(ItemRid(container, sequence));
    EXPECT_EQ(text.find('/'), std::string::npos);
    EXPECT_EQ(ItemSequence(*RidBytes(text)), sequence);
  }
  EXPECT_EQ(ItemSequence(RangeRid(container, 1)), std::nullopt);
}

TEST(Rid, RefusesWhatIsNotBase64) {
  for (const char* text : {"", "a", "abc", "a=b=", "ab\ncd", "äbcd"}) {
    EXPECT_EQ(RidBytes(text), std::nullopt) << text;
  }
  EXPECT_EQ(DecodeBase64("QQ=="), "A");
}

TEST(Item, IsShownWithTheServicesProperties) {
  Item item;
  item.body = R"({"id":"1")";
  item.sequence = 1;
  item.version = 2;
  item.timestamp = 3;
  std::string text;
  AppendDocument(item, ContainerRid(DatabaseRid(1), 1), "dbs/a/colls/b/", &text);
  EXPECT_EQ(text, R"({"id":"1","_rid":"AQAAAIAAAAEBAAAAAAAAAA==",)"
                  R"("_self":"dbs/a/colls/b/docs/AQAAAIAAAAEBAAAAAAAAAA==/",)"
                  R"("_etag":"\"00000002-0000-0000-0000-000000030000\"",)"
                  R"("_attachments":"attachments/","_ts":3})");
}

}  // namespace
}  // namespace spillway::emulator
