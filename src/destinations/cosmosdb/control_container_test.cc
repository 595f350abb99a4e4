#include "destinations/cosmosdb/control_container.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "state/testing/memory_document_table.h"

namespace spillway::cosmosdb {
namespace {

using testing::HasSubstr;

constexpr std::string_view kKey = "shop/orders/loaders/t-4000";
// By another implementation.
constexpr std::string_view kEncodedKey = "c2hvcC9vcmRlcnMvbG9hZGVycy90LTQwMDA";

const ThroughputGroup kGroup{
    .database = "shop", .container = "orders", .name = "loaders", .units_per_second = 4'000};

// As azure-cosmos for Java writes it.
constexpr std::string_view kJavaItem =
    R"({"id":"c2hvcC9vcmRlcnMvbG9hZGVycy90LTQwMDA1b1f9f4e-8a0c-4d3e-9d2f-3a1f0c9b7e11",)"
    R"("groupId":"shop/orders/loaders.client","_etag":"\"1\"","ttl":11,)"
    R"("initializeTime":"2026-01-02T03:04:05.678Z","loadFactor":0.5,)"
    R"("allocatedThroughput":1333.3})";

class ControlContainerTest : public testing::Test {
 protected:
  ControlContainerTest() { content_->made = true; }
  std::unique_ptr<ShareBoard> Board() {
    auto table = std::make_unique<MemoryDocumentTable>(content_, clock_);
    table->on_write = on_write_;
    return MakeControlContainer(std::move(table), kGroup, clock_);
  }
  std::string Body(const std::string& partition, const std::string& id) {
    const auto found = content_->documents.find({partition, id});
    return found == content_->documents.end() ? "nothing" : found->second.body;
  }
  static ShareNotice Notice() {
    ShareNotice notice;
    notice.member = "b0c1";
    notice.renewal = 3;
    notice.load = 1;
    notice.units_per_second = 2'000;
    return notice;
  }

  ManualClock clock_;
  std::shared_ptr<MemoryDocumentTable::Content> content_ =
      std::make_shared<MemoryDocumentTable::Content>();
  std::function<MemoryDocumentTable::Fault(std::string_view, std::span<const TableWrite>)>
      on_write_;
};

TEST(GroupKey, SaysTheLimitAsTheProtocolDoes) {
  EXPECT_EQ(GroupKey(kGroup), kKey);
  ThroughputGroup group = kGroup;
  group.share = 0.3;
  EXPECT_EQ(GroupKey(group), "shop/orders/loaders/t-4000_tt-0.3");
  group.units_per_second.reset();
  group.share = 1;
  EXPECT_EQ(GroupKey(group), "shop/orders/loaders/tt-1.0");
}

TEST_F(ControlContainerTest, TheFirstMemberWritesTheConfiguration) {
  ASSERT_TRUE(Board()->Prepare({}).ok());
  const std::string id = std::string(kEncodedKey) + ".info";
  EXPECT_EQ(Body("shop/orders/loaders.config", id),
            "{\"id\":\"" + id +
                R"(","groupId":"shop/orders/loaders.config","targetThroughput":"4000",)"
                R"("targetThroughputThreshold":"","isDefault":false})");
  EXPECT_TRUE(Board()->Prepare({}).ok());  // the second finds it
}

TEST_F(ControlContainerTest, ANoticeIsAClientItemWithAMemberOfOurOwn) {
  ASSERT_TRUE(Board()->WriteNotice(Notice(), {}).ok());
  const std::string id = std::string(kEncodedKey) + "b0c1";
  EXPECT_EQ(Body("shop/orders/loaders.client", id),
            "{\"id\":\"" + id +
                R"(","groupId":"shop/orders/loaders.client",)"
                R"("initializeTime":"2023-11-14T22:13:20.000Z","loadFactor":1.0,)"
                R"("allocatedThroughput":2000.0,"ttl":11,)"
                R"("spillway":{"member":"b0c1","renewal":3}})");
}

TEST_F(ControlContainerTest, ClientItemsOfOtherProgramsAreForeign) {
  content_->documents[{"shop/orders/loaders.client", "java"}] = {
      "java", std::string(kJavaItem), "1", {}};
  const auto board = Board();
  ASSERT_TRUE(board->WriteNotice(Notice(), {}).ok());
  const auto notices = board->ReadNotices({});
  ASSERT_TRUE(notices.ok()) << notices.status().ToString();
  ASSERT_EQ(notices->size(), 2U);
  for (const ShareNotice& notice : *notices) {
    EXPECT_EQ(notice.foreign, notice.member == "java");
    EXPECT_EQ(notice.load, notice.foreign ? 0.5 : 1);
    EXPECT_EQ(notice.renewal, notice.foreign ? 0U : 3U);
  }
}

TEST_F(ControlContainerTest, WhatAMemberWantsComesBack) {
  ShareNotice notice = Notice();
  notice.wanted = 0.25;
  const auto board = Board();
  ASSERT_TRUE(board->WriteNotice(notice, {}).ok());
  EXPECT_EQ(board->ReadNotices({})->at(0).wanted, 0.25);
  ASSERT_TRUE(board->RemoveNotice("b0c1", {}).ok());
  EXPECT_TRUE(board->ReadNotices({})->empty());
}

TEST_F(ControlContainerTest, TheLedgerIsReplacedByWhoeverKnowsThePresentOne) {
  const auto board = Board(), other = Board();
  ShareLedger ledger = *board->ReadLedger({});
  ledger.parts = {{"a", 0.75, 2}};
  ASSERT_TRUE(board->ReplaceLedger(ledger, {}).ok());
  EXPECT_EQ(other->ReplaceLedger(ledger, {}).status().code(), StatusCode::kConflict);
  const ShareLedger seen = *other->ReadLedger({});
  ASSERT_EQ(seen.parts.size(), 1U);
  EXPECT_EQ(seen.parts[0].member, "a");
  EXPECT_EQ(seen.parts[0].part, 0.75);
  EXPECT_EQ(seen.parts[0].epoch, 2U);
  EXPECT_TRUE(other->ReplaceLedger(seen, {}).ok());
  EXPECT_THAT(Body("shop/orders/loaders.spillway", "ledger"), HasSubstr("\"ttl\":-1"));
}

TEST_F(ControlContainerTest, ACheckWritesNothing) {
  EXPECT_TRUE(Board()->Check({}).ok());
  EXPECT_TRUE(content_->documents.empty());
  content_->made = false;
  EXPECT_TRUE(Board()->Check({}).ok());  // the first run makes it
}

}  // namespace
}  // namespace spillway::cosmosdb
