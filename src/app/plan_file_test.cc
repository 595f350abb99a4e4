#include "app/plan_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/apply_plan.h"

namespace spillway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

PlanFile Example() {
  PlanFile file;
  file.pipeline = "products";
  file.made_ms = 1'700'000'000'000;
  file.run = PlannedRun::kChanges;
  file.location = "file:///lake/products/";
  file.table_id = "t-1";
  file.version = 7;
  file.latest_version = 9;
  file.mapping_hash = "abc";
  file.target = "https://x/shop/products";
  file.checkpoint.emplace();
  file.checkpoint->table_id = "t-1";
  file.checkpoint->version = 4;
  file.checkpoint->phase = LoadPhase::kLoaded;
  file.settings = {{"sync.mode", "mirror"}, {"source.filter", "price > 0"}};
  file.documents = 12;
  file.units = 90.5;
  file.seconds = 0.25;
  return file;
}

std::string Text(const PlanFile& file) {
  const auto text = FormatPlanFile(file);
  EXPECT_TRUE(text.ok()) << text.status().ToString();
  return text.ok() ? *text : std::string();
}

void Replace(std::string& text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
}

TEST(PlanFile, WhatIsWrittenIsRead) {
  for (const PlannedRun run : {PlannedRun::kNothing, PlannedRun::kLoad, PlannedRun::kFull,
                               PlannedRun::kResync, PlannedRun::kChanges}) {
    PlanFile file = Example();
    file.run = run;
    const auto read = ParsePlanFile(Text(file));
    ASSERT_TRUE(read.ok()) << read.status().ToString();
    EXPECT_EQ(read->run, run);
    EXPECT_EQ(read->pipeline, "products");
    EXPECT_EQ(read->version, 7);
    EXPECT_EQ(read->latest_version, 9);
    EXPECT_EQ(read->table_id, "t-1");
    EXPECT_EQ(read->location, file.location);
    EXPECT_EQ(read->target, file.target);
    EXPECT_EQ(read->mapping_hash, "abc");
    EXPECT_EQ(read->made_ms, file.made_ms);
    EXPECT_EQ(read->checkpoint->version, 4);
    EXPECT_EQ(read->settings, file.settings);
    EXPECT_EQ(read->units, 90.5);
    EXPECT_EQ(read->seconds, 0.25);
    EXPECT_EQ(read->documents, 12);
  }
  PlanFile first = Example();
  first.checkpoint.reset();
  EXPECT_FALSE(ParsePlanFile(Text(first))->checkpoint.has_value());
}

TEST(PlanFile, OneThatWasChangedByHandIsRefused) {
  std::string text = Text(Example());
  Replace(text, "\"version\": 7", "\"version\": 8");
  const auto read = ParsePlanFile(text);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(read.status().message()), HasSubstr("damaged"));
}

TEST(PlanFile, OneThatWasCutOffIsRefused) {
  const std::string text = Text(Example());
  for (size_t size = 0; size < text.size(); size += 7) {
    const auto read = ParsePlanFile(text.substr(0, size));
    ASSERT_FALSE(read.ok()) << size;
    EXPECT_EQ(read.status().code(), StatusCode::kInvalidArgument);
  }
}

TEST(PlanFile, AnotherFileIsNoPlan) {
  EXPECT_THAT(std::string(ParsePlanFile(R"({"spillway_state":1})").status().message()),
              HasSubstr("no `spillway_plan`"));
  EXPECT_FALSE(ParsePlanFile("version: 1").ok());
}

TEST(PlanFile, ANewerFormatNamesItself) {
  std::string text = Text(Example());
  Replace(text, "\"spillway_plan\": 1", "\"spillway_plan\": 2");
  const auto read = ParsePlanFile(text);
  EXPECT_EQ(read.status().code(), StatusCode::kUnsupported);
  EXPECT_THAT(std::string(read.status().message()), HasSubstr("format 2"));
}

TEST(ApplyPlan, EverySettingThatDiffersIsNamed) {
  EXPECT_THAT(
      SettingsThatDiffer({{"a", "1"}, {"b", "2"}, {"c", "3"}},
                         {{"a", "1"}, {"b", "4"}, {"d", "5"}}),
      ElementsAre("`b` was 2 and is 4", "`c` was 3 and is not set", "`d` was not set and is 5"));
  EXPECT_THAT(SettingsThatDiffer({{"a", "1"}}, {{"a", "1"}}), IsEmpty());
}

TEST(ApplyPlan, AStalePlanIsRefusedWithWhatHasChanged) {
  EXPECT_TRUE(RefuseStalePlan(Example(), {}).ok());
  const Status refused = RefuseStalePlan(Example(), {"the table has moved"});
  EXPECT_EQ(refused.code(), StatusCode::kLocked);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("the table has moved"));
  EXPECT_THAT(std::string(refused.hint()), HasSubstr("--replan"));
}

TEST(ApplyPlan, TheRunEndsWhereThePlanDoes) {
  PlanFile file = Example();
  EXPECT_EQ(RequestOfPlan(file).until.version, 7);
  EXPECT_FALSE(RequestOfPlan(file).at.version.has_value());
  file.run = PlannedRun::kLoad;
  EXPECT_EQ(RequestOfPlan(file).at.version, 7);
  file.run = PlannedRun::kResync;
  EXPECT_TRUE(RequestOfPlan(file).resync);
  EXPECT_EQ(RequestOfPlan(file).at.version, 7);
}

}  // namespace
}  // namespace spillway
