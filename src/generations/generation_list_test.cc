#include "generations/generation_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::chrono::hours kKeep{24};
constexpr int64_t kKeepMillis = 24 * 3'600'000;

Pointer At(int64_t switched_ms) {
  Pointer pointer;
  pointer.switched_ms = switched_ms;
  pointer.version = 7;
  pointer.pipeline = "products";
  pointer.run = 3;
  return pointer;
}

// Two switches: v2 is read, v1 is kept.
SwitchStand Twice() {
  SwitchStand stand;
  EXPECT_TRUE(Reserve(stand, "products", 1).ok());
  Flip(stand, At(1'000), kKeep);
  EXPECT_TRUE(Reserve(stand, "products", 2).ok());
  Flip(stand, At(2'000), kKeep);
  return stand;
}

std::vector<std::string> Retired(const SwitchStand& stand) {
  std::vector<std::string> names;
  for (const RetiredGeneration& one : stand.list.retired) names.push_back(one.container);
  return names;
}

TEST(GenerationList, TheFirstSwitchHasNothingToKeep) {
  SwitchStand stand;
  EXPECT_EQ(stand.live(), "");
  ASSERT_TRUE(Reserve(stand, "products", 1).ok());
  EXPECT_EQ(stand.live(), "") << "nothing is read before the flip";
  Flip(stand, At(1'000), kKeep);
  EXPECT_EQ(stand.live(), "products-v1");
  EXPECT_EQ(stand.pointer->previous, "");
  EXPECT_FALSE(stand.list.building.has_value());
  EXPECT_THAT(stand.list.retired, IsEmpty());
}

TEST(GenerationList, ASwitchKeepsTheContainerBeforeForSoLong) {
  const SwitchStand stand = Twice();
  EXPECT_EQ(stand.live(), "products-v2");
  EXPECT_EQ(stand.pointer->previous, "products-v1");
  EXPECT_EQ(stand.pointer->previous_until_ms, 2'000 + kKeepMillis);
  ASSERT_EQ(stand.list.retired.size(), 1u);
  EXPECT_EQ(stand.list.retired[0].until_ms, 2'000 + kKeepMillis);
}

TEST(GenerationList, OnlyWhatIsDueIsMarkedAndNothingIsMarkedTwice) {
  SwitchStand stand = Twice();
  EXPECT_THAT(MarkDue(stand, 2'000 + kKeepMillis - 1), IsEmpty());
  EXPECT_THAT(MarkDue(stand, 2'000 + kKeepMillis), ElementsAre("products-v1"));
  EXPECT_THAT(Retired(stand), ElementsAre("products-v1")) << "until it is gone";
  EXPECT_THAT(MarkDue(stand, 0), ElementsAre("products-v1")) << "a deletion that was cut off";
  RemoveDropped(stand);
  EXPECT_THAT(stand.list.retired, IsEmpty());
}

TEST(GenerationList, TheContainerThatIsReadIsNeverDue) {
  SwitchStand stand = Twice();
  stand.list.retired.push_back({stand.live(), kBeingDropped});
  EXPECT_THAT(MarkDue(stand, INT64_MAX), ElementsAre("products-v1"));
  RemoveDropped(stand);
  EXPECT_THAT(Retired(stand), ElementsAre("products-v2"));
}

TEST(GenerationList, AWayBackSwapsTheTwoAndHolds) {
  SwitchStand stand = Twice();
  ASSERT_TRUE(FlipBack(stand, At(5'000), kKeep).ok());
  EXPECT_EQ(stand.live(), "products-v1");
  EXPECT_EQ(stand.pointer->previous, "products-v2");
  EXPECT_TRUE(stand.list.held);
  EXPECT_THAT(Retired(stand), ElementsAre("products-v2"));
  ASSERT_TRUE(FlipBack(stand, At(6'000), kKeep).ok());
  EXPECT_EQ(stand.live(), "products-v2") << "and back again";
}

TEST(GenerationList, ThereIsNoWayBackToWhatIsBeingDeleted) {
  SwitchStand stand = Twice();
  MarkDue(stand, INT64_MAX);
  EXPECT_EQ(FlipBack(stand, At(5'000), kKeep).code(), StatusCode::kConflict);
  RemoveDropped(stand);
  EXPECT_EQ(FlipBack(stand, At(5'000), kKeep).code(), StatusCode::kConflict);
  EXPECT_EQ(stand.live(), "products-v2");
  SwitchStand first;
  EXPECT_EQ(FlipBack(first, At(5'000), kKeep).code(), StatusCode::kConflict);
}

TEST(GenerationList, AFlipEndsAHold) {
  SwitchStand stand = Twice();
  ASSERT_TRUE(FlipBack(stand, At(5'000), kKeep).ok());
  ASSERT_TRUE(Reserve(stand, "products", 3).ok());
  EXPECT_TRUE(stand.list.held);
  Flip(stand, At(6'000), kKeep);
  EXPECT_FALSE(stand.list.held);
  EXPECT_THAT(Retired(stand), ElementsAre("products-v2", "products-v1"));
}

TEST(GenerationList, WhatIsGivenUpIsDueAtOnce) {
  SwitchStand stand = Twice();
  ASSERT_TRUE(Reserve(stand, "products", 3).ok());
  GiveUpBuilding(stand);
  EXPECT_FALSE(stand.list.building.has_value());
  EXPECT_THAT(MarkDue(stand, 1), ElementsAre("products-v3"));
  EXPECT_EQ(stand.list.last, 3) << "its number is never given again";
}

TEST(GenerationList, TooManyAreRefused) {
  SwitchStand stand = Twice();
  while (stand.list.retired.size() < kRetiredMax) stand.list.retired.push_back({"x", 1});
  const Status refused = Reserve(stand, "products", 3);
  EXPECT_EQ(refused.code(), StatusCode::kConflict);
  EXPECT_THAT(std::string(refused.hint()), testing::HasSubstr("keep"));
  EXPECT_FALSE(stand.list.building.has_value());
}

TEST(GenerationList, ComesBackAsItWasWritten) {
  GenerationList list = Twice().list;
  list.held = true;
  list.building = BuildingGeneration{"products-v3", 12};
  JsonWriter json;
  json.BeginObject();
  WriteGenerationList(list, json);
  json.EndObject();
  const GenerationList read = *ReadGenerationList(*ParseJsonTree(json.text()));
  EXPECT_EQ(read.last, 2);
  EXPECT_TRUE(read.held);
  EXPECT_EQ(read.building->container, "products-v3");
  EXPECT_EQ(read.building->verified, 12);
  ASSERT_EQ(read.retired.size(), 1u);
  EXPECT_EQ(read.retired[0].container, "products-v1");
  EXPECT_EQ(read.retired[0].until_ms, 2'000 + kKeepMillis);
}

TEST(GenerationList, AMemberThatIsMissingIsDamage) {
  for (const char* const text :
       {"{}", R"({"last":1,"held":0,"building":[{}],"retired":[]})",
        R"({"last":1,"held":0,"building":[],"retired":[{"container":"x"}]})"}) {
    EXPECT_EQ(ReadGenerationList(*ParseJsonTree(text)).status().code(), StatusCode::kDataLoss)
        << text;
  }
}

TEST(Pointer, SaysWhatReadersNeed) {
  const SwitchStand stand = Twice();
  const std::string document = PointerDocument("products", *stand.pointer);
  const JsonNode json = *ParseJsonTree(document);
  EXPECT_EQ(json.Find("id")->text, "products");
  EXPECT_EQ(json.Find("partition")->text, "products");
  EXPECT_EQ(json.Find("format")->number, 1);
  EXPECT_EQ(json.Find("container")->text, "products-v2");
  EXPECT_EQ(json.Find("previous")->text, "products-v1");
  EXPECT_EQ(json.Find("previous_until")->text, "1970-01-02T00:00:02Z");
  EXPECT_EQ(json.Find("switched")->text, "1970-01-01T00:00:02Z");
  EXPECT_EQ(json.Find("table_version")->number, 7);
  EXPECT_EQ(json.Find("run")->number, 3);
  const Pointer read = *ParsePointer(document);
  EXPECT_EQ(read.container, "products-v2");
  EXPECT_EQ(read.previous, "products-v1");
  EXPECT_EQ(read.previous_until_ms, 2'000 + kKeepMillis);
  EXPECT_EQ(read.switched_ms, 2'000);
  EXPECT_EQ(read.version, 7);
  EXPECT_EQ(read.pipeline, "products");
  EXPECT_EQ(read.run, 3);
}

TEST(Pointer, OfANewerFormatOrWithoutAContainerIsRefused) {
  EXPECT_EQ(ParsePointer(R"({"format":2,"container":"x"})").status().code(),
            StatusCode::kUnsupported);
  EXPECT_EQ(ParsePointer(R"({"format":1})").status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(ParsePointer("[").status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace spillway
