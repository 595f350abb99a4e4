#include "state/state_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "state/state_json.h"

namespace spillway {
namespace {

using testing::HasSubstr;

Checkpoint At(int64_t version) {
  return {.table_id = "t-1",
          .location = "file:///lake/t",
          .version = version,
          .phase = LoadPhase::kLoaded,
          .mapping_hash = "abc",
          .splits = 3,
          .counts = {.read = 10, .upserted = 8, .filtered = 1, .rejected = 1},
          .position = "behind \"7\"",
          .documents = 8,
          .late_columns = {"colour"},
          .generation = "items-v2"};
}

StateFile SomeState(int64_t version) {
  StateFile file;
  file.pipeline = "p";
  file.exported_ms = 1'700'000'000'000;
  file.checkpoint = At(version);
  file.progress = {{0, 100, true}, {7, 40, false}};
  file.rejected = {{.run_id = 3,
                    .pipeline = "p",
                    .version = version,
                    .split = "part-0",
                    .row = 9,
                    .key = R"([["a"],"1"])",
                    .reason = "id_too_long",
                    .message = "too\nlong",
                    .at_ms = 5}};
  RunRecord run;
  run.id = 3;
  run.pipeline = "p";
  run.kind = "changes";
  run.state = RunState::kFailed;
  run.started_ms = 7;
  run.ended_ms = 8;
  run.cost = 1.25;
  run.unsure = 2;
  run.message = "why";
  file.runs = {run};
  return file;
}

std::string Formatted(const StateFile& file) {
  const Result<std::string> text = FormatStateFile(file);
  EXPECT_TRUE(text.ok()) << text.status().ToString();
  return *text;
}

class StateFileTest : public testing::Test {
 protected:
  StateFileTest() {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    store_ = *OpenSqliteStore((folder_ / "state.db").string(), clock_);
  }
  ~StateFileTest() override { std::filesystem::remove_all(folder_); }

  StatusCode Import(const StateFile& file, bool force = false) {
    return ImportState(*store_, file, force).status().code();
  }
  int64_t Version() { return (*store_->LoadCheckpoint("p"))->version; }

  ManualClock clock_;
  std::filesystem::path folder_;
  std::unique_ptr<StateStore> store_;
};

TEST_F(StateFileTest, WhatIsExportedAndImportedIsTheSameState) {
  ASSERT_EQ(Import(*ParseStateFile(Formatted(SomeState(7)))), StatusCode::kOk);
  const auto back = ReadState(*store_, "p", 1'700'000'000'000);
  ASSERT_TRUE(back.ok()) << back.status().ToString();
  StateFile expected = SomeState(7);
  expected.runs[0].id = back->runs[0].id;  // ids are each store's own
  expected.rejected[0].run_id = back->runs[0].id;
  EXPECT_EQ(Formatted(*back), Formatted(expected));
}

TEST_F(StateFileTest, AnyChangeOfTheFileIsNoticed) {
  const std::string text = Formatted(SomeState(7));
  int noticed = 0;
  for (size_t at = 0; at < text.size(); at += 3) {
    std::string changed = text;
    if (!std::isalnum(static_cast<unsigned char>(changed[at]))) continue;
    changed[at] = changed[at] == '1' ? '2' : '1';
    const auto parsed = ParseStateFile(changed);
    ASSERT_FALSE(parsed.ok()) << "at " << at << " of\n" << changed;
    ++noticed;
  }
  EXPECT_GT(noticed, 100);
}

TEST_F(StateFileTest, AFileThatIsCutOffIsDamaged) {
  const std::string text = Formatted(SomeState(7));
  for (const size_t size : {size_t{0}, size_t{1}, text.size() / 2, text.size() - 1}) {
    EXPECT_EQ(ParseStateFile(text.substr(0, size)).status().code(), StatusCode::kDataLoss) << size;
  }
}

TEST_F(StateFileTest, ANewerFormatIsRefusedByItsName) {
  std::string text = Formatted(SomeState(7));
  const std::string format = "\"spillway_state\": 1";
  ASSERT_NE(text.find(format), std::string::npos) << text;
  text.replace(text.find(format), format.size(), "\"spillway_state\": 2");
  const auto parsed = ParseStateFile(text);
  EXPECT_EQ(parsed.status().code(), StatusCode::kUnsupported);
  EXPECT_THAT(parsed.status().message(), HasSubstr("format 2"));
}

// Files and documents of released versions must stay readable.
TEST_F(StateFileTest, TheChecksumIsTheSameInEveryRelease) {
  EXPECT_EQ(
      *Sealed(R"({"a":1,"b":["x",null,2.5],"c":{"d":true}})"),
      R"({"checksum":"054628485d3439b63a52faeb27651454","a":1,"b":["x",null,2.5],"c":{"d":true}})");
}

TEST_F(StateFileTest, BytesThatAreNoTextDoNotBreakTheFile) {
  StateFile file = SomeState(7);
  file.rejected[0].message = "caf\xe9";
  const auto parsed = ParseStateFile(Formatted(file));
  ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
  EXPECT_EQ(parsed->rejected[0].message, "caf?");
}

TEST_F(StateFileTest, AnOlderPositionGivesWayANewerOneDoesNot) {
  ASSERT_EQ(Import(SomeState(7)), StatusCode::kOk);
  EXPECT_EQ(Import(SomeState(9)), StatusCode::kOk);
  EXPECT_EQ(Import(SomeState(8)), StatusCode::kConflict);
  EXPECT_EQ(Version(), 9);
  EXPECT_EQ(Import(SomeState(8), true), StatusCode::kOk);
  EXPECT_EQ(Version(), 8);
}

TEST_F(StateFileTest, AWindowThatWasBegunHereIsNotForgotten) {
  StateFile begun = SomeState(7);
  begun.checkpoint.begun_through = 12;
  ASSERT_EQ(Import(begun), StatusCode::kOk);
  EXPECT_EQ(Import(SomeState(9)), StatusCode::kConflict) << "it ends before what was begun";
  EXPECT_EQ(Import(SomeState(12)), StatusCode::kOk);
}

TEST_F(StateFileTest, AnotherTableOrMappingNeedsADecision) {
  ASSERT_EQ(Import(SomeState(7)), StatusCode::kOk);
  StateFile other = SomeState(9);
  other.checkpoint.table_id = "t-2";
  EXPECT_EQ(Import(other), StatusCode::kConflict);
  other = SomeState(9);
  other.checkpoint.mapping_hash = "def";
  EXPECT_EQ(Import(other), StatusCode::kConflict);
}

TEST_F(StateFileTest, ImportingTwiceChangesNothing) {
  ASSERT_EQ(Import(SomeState(7)), StatusCode::kOk);
  EXPECT_EQ(*ImportState(*store_, SomeState(7), false), ImportOutcome::kAlreadyThere);
  ASSERT_EQ(Import(SomeState(6), true), StatusCode::kOk);
  EXPECT_EQ((*store_->Runs("p", 10)).size(), 1u) << "the same run is not listed twice";
}

TEST_F(StateFileTest, APipelineWithoutStateHasNothingToExport) {
  EXPECT_EQ(ReadState(*store_, "p", 0).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace spillway
