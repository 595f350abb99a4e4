#include "generations/generation_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stop_token>
#include <utility>

#include "state/testing/memory_document_table.h"

namespace spillway {
namespace {

using Fault = MemoryDocumentTable::Fault;

class GenerationTableTest : public testing::Test {
 protected:
  struct Opened {
    std::unique_ptr<GenerationTable> generations;
    MemoryDocumentTable* table;
  };
  // Another machine's view.
  Opened Open(bool prepared = true) {
    auto table = std::make_unique<MemoryDocumentTable>(content_, clock_);
    MemoryDocumentTable* const raw = table.get();
    auto generations = std::make_unique<GenerationTable>(std::move(table), "products", clock_);
    if (prepared) {
      EXPECT_TRUE(generations->Prepare({}).ok());
    }
    return {std::move(generations), raw};
  }

  static SwitchStand Reserved(GenerationTable& table) {
    SwitchStand stand = *table.Read({});
    EXPECT_TRUE(Reserve(stand, "products", stand.list.last + 1).ok());
    EXPECT_TRUE(table.Write(stand, false, {}).ok());
    return stand;
  }

  static void FlipNow(SwitchStand& stand) {
    Pointer pointer;
    pointer.switched_ms = 1'000;
    Flip(stand, pointer, std::chrono::hours(1));
  }

  // The request is on its way when its process dies.
  void SendFlipAndDie() {
    const Opened died = Open();
    SwitchStand stand = Reserved(*died.generations);
    FlipNow(stand);
    std::stop_source death;
    died.table->on_write = [&](auto, auto) {
      death.request_stop();
      return Fault::kUnsureLate;
    };
    CallContext ctx;
    ctx.stop = death.get_token();
    EXPECT_FALSE(died.generations->Write(stand, true, ctx).ok());
  }

  ManualClock clock_;
  std::shared_ptr<MemoryDocumentTable::Content> content_ =
      std::make_shared<MemoryDocumentTable::Content>();
};

TEST_F(GenerationTableTest, NothingIsThereBeforeTheFirstSwitch) {
  const Opened without_table = Open(false);
  EXPECT_EQ((*without_table.generations->Read({})).live(), "");
  const Opened opened = Open();
  const SwitchStand stand = *opened.generations->Read({});
  EXPECT_FALSE(stand.pointer.has_value());
  EXPECT_EQ(stand.list_etag, "");
}

TEST_F(GenerationTableTest, WhatIsWrittenIsSeenByOthers) {
  const Opened one = Open();
  SwitchStand stand = Reserved(*one.generations);
  const SwitchStand building = *Open().generations->Read({});
  EXPECT_FALSE(building.pointer.has_value()) << "readers see nothing of what is being built";
  EXPECT_EQ(building.list.building->container, "products-v1");
  FlipNow(stand);
  ASSERT_TRUE(one.generations->Write(stand, true, {}).ok());
  const SwitchStand flipped = *Open().generations->Read({});
  EXPECT_EQ(flipped.live(), "products-v1");
  EXPECT_FALSE(flipped.list.building.has_value());
}

TEST_F(GenerationTableTest, AFlipIsOneRequest) {
  const Opened one = Open();
  SwitchStand stand = Reserved(*one.generations);
  FlipNow(stand);
  const uint64_t before = one.table->writes;
  ASSERT_TRUE(one.generations->Write(stand, true, {}).ok());
  EXPECT_EQ(one.table->writes, before + 1);
}

TEST_F(GenerationTableTest, OfTwoWhoFlipOneDoes) {
  const Opened one = Open();
  const Opened two = Open();
  SwitchStand first = Reserved(*one.generations);
  SwitchStand second = *two.generations->Read({});
  FlipNow(first);
  FlipNow(second);
  ASSERT_TRUE(one.generations->Write(first, true, {}).ok());
  const Status late = two.generations->Write(second, true, {});
  EXPECT_EQ(late.code(), StatusCode::kUnavailable) << late.ToString();
  EXPECT_THAT(std::string(late.hint()), testing::HasSubstr("run the same command again"));
}

TEST_F(GenerationTableTest, APointerThatSomebodyElseWroteIsNotOverwritten) {
  const Opened one = Open();
  SwitchStand stand = Reserved(*one.generations);
  FlipNow(stand);
  const TableWrite foreign{TableWrite::Kind::kCreate,
                           "products",
                           R"({"id":"products","partition":"products","container":"mine"})",
                           {}};
  ASSERT_TRUE(one.table->Write("products", {&foreign, 1}, {}).ok());
  EXPECT_EQ(one.generations->Write(stand, true, {}).code(), StatusCode::kUnavailable);
  EXPECT_EQ((*one.generations->Read({})).live(), "mine");
  EXPECT_TRUE((*one.generations->Read({})).list.building.has_value()) << "nothing was written";
}

TEST_F(GenerationTableTest, AFlipWhoseAnswerWasLostIsFoundOut) {
  for (const Fault fault :
       {Fault::kUnsureApplied, Fault::kUnsureLost, Fault::kUnavailable, Fault::kThrottled}) {
    content_ = std::make_shared<MemoryDocumentTable::Content>();
    const Opened one = Open();
    SwitchStand stand = Reserved(*one.generations);
    FlipNow(stand);
    int faults = 2;
    one.table->on_write = [&](auto, auto) { return faults-- > 0 ? fault : Fault::kNone; };
    const Status written = one.generations->Write(stand, true, {});
    ASSERT_TRUE(written.ok()) << written.ToString();
    EXPECT_EQ(stand.live(), "products-v1");
    EXPECT_EQ((*Open().generations->Read({})).live(), "products-v1");
    one.table->on_write = nullptr;
    ASSERT_TRUE(one.generations->Write(stand, false, {}).ok()) << "the etags are the present ones";
  }
}

TEST_F(GenerationTableTest, AFlipThatLandsLateIsRefusedOnceSomethingElseWasWritten) {
  SendFlipAndDie();
  auto on_its_way = std::exchange(content_->late, nullptr);
  ASSERT_NE(on_its_way, nullptr);
  const Opened next = Open();
  SwitchStand seen = *next.generations->Read({});
  ASSERT_TRUE(next.generations->Write(seen, false, {}).ok());
  content_->late = std::move(on_its_way);
  ASSERT_TRUE(next.generations->NowMillis({}).ok());  // it lands before this
  ASSERT_EQ(content_->late, nullptr);
  const SwitchStand after = *Open().generations->Read({});
  EXPECT_FALSE(after.pointer.has_value());
  EXPECT_EQ(after.list.building->container, "products-v1");
  EXPECT_EQ(after.list_etag, seen.list_etag);
}

TEST_F(GenerationTableTest, AFlipThatLandsLateRefusesWhoeverHasReadBefore) {
  SendFlipAndDie();
  const Opened next = Open();
  SwitchStand seen = *next.generations->Read({});
  ASSERT_FALSE(seen.pointer.has_value());
  GiveUpBuilding(seen);
  const Status written = next.generations->Write(seen, false, {});  // it lands before this
  EXPECT_EQ(written.code(), StatusCode::kUnavailable) << written.ToString();
  EXPECT_EQ((*Open().generations->Read({})).live(), "products-v1");
}

TEST_F(GenerationTableTest, APointerWithoutItsListIsDamage) {
  const Opened one = Open();
  SwitchStand stand = Reserved(*one.generations);
  FlipNow(stand);
  ASSERT_TRUE(one.generations->Write(stand, true, {}).ok());
  content_->documents.erase({"products", "products.generations"});
  EXPECT_EQ(one.generations->Read({}).status().code(), StatusCode::kDataLoss);
}

TEST_F(GenerationTableTest, TimeIsTheStoresOwn) {
  const Opened one = Open();
  const int64_t before = *one.generations->NowMillis({});
  clock_.Advance(std::chrono::hours(24));
  EXPECT_EQ(*one.generations->NowMillis({}) - before, 24 * 3'600'000);
}

}  // namespace
}  // namespace spillway
