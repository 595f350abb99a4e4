#include "verify/verify_run.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/testing/memory_destination.h"
#include "engine/testing/memory_source.h"
#include "engine/testing/scaled_clock.h"

namespace spillway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class VerifyRunTest : public testing::Test {
 protected:
  VerifyRunTest() : destination_(clock_, 1) {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    store_ = *OpenSqliteStore((folder_ / "state.db").string(), clock_);
    documents_.id_columns = {"id"};
    documents_.partition_key_paths = {"/category"};
    documents_.filter = "value >= 0";
    load_.pipeline = options_.pipeline = "p";
    load_.spill_folder = options_.spill_folder = (folder_ / "spill").string();
    load_.lease = std::chrono::hours(1);
    load_.max_rejected.share = 1;
    for (uint32_t split = 0; split < 3; ++split) {
      for (uint32_t row = 0; row < 400; ++row) {
        table_[split].push_back(
            {fmt::format("{}-{}", split, row), fmt::format("c{}", row % 7), 100 + row});
      }
    }
  }
  ~VerifyRunTest() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  void Load() {
    source_.SetVersion(1, table_);
    const auto loaded = RunLoad(Parts(), documents_, load_, {}, {});
    ASSERT_TRUE(loaded.ok()) << loaded.status().ToString();
  }
  Result<VerifySummary> Verify(const CallContext& ctx = {}) {
    return RunVerify(
        Parts(), documents_, options_, [this](uint64_t done) { done_ = done; }, ctx);
  }
  LoadParts Parts() { return {source_, destination_, *store_, clock_}; }
  // As somebody else writes into the container.
  void Write(const std::string& id, const std::string& category, const std::string& body,
             Intent intent = Intent::kUpsert) {
    const std::string key = fmt::format("[\"{}\"]", category);
    Document document;
    document.intent = intent;
    document.id = id;
    document.partition_key = key;
    document.body = body;
    auto writer = *destination_.OpenWriter(WriteMode::kMirror, {});
    ASSERT_TRUE(writer->Write({&document, 1}, {}).ok());
  }

  ScaledClock clock_{100};
  std::filesystem::path folder_;
  MemorySplits table_ = MemorySplits(3);
  MemorySource source_;
  MemoryDestination destination_;
  std::unique_ptr<StateStore> store_;
  DocumentOptions documents_;
  LoadOptions load_;
  VerifyOptions options_;
  uint64_t done_ = 0;
};

TEST_F(VerifyRunTest, WhatWasLoadedMatches) {
  table_[0][3].value = -1;
  table_[1][3].id = std::string(200, 'x');
  Load();
  source_.SetVersion(2, MemorySplits(1));
  const auto summary = Verify();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_TRUE(summary->matches());
  EXPECT_EQ(summary->version, 1) << "what is loaded, not the latest";
  EXPECT_EQ(summary->equal, 1'198u);
  EXPECT_EQ(summary->source_documents, 1'198u);
  EXPECT_EQ(summary->destination_documents, 1'198u);
  EXPECT_EQ(summary->rejected, 1u);
  EXPECT_EQ(done_, 2'396u);
  const RunRecord run = (*store_->Runs("p", 1))[0];
  EXPECT_EQ(run.kind, "verify");
  EXPECT_EQ(run.version, 1);
  EXPECT_EQ(run.message, "1198 equal, 0 missing, 0 extra, 0 different");
}

TEST_F(VerifyRunTest, SaysWhatReadingTheDestinationCost) {
  Load();
  const auto summary = Verify();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  // 1 a page: 1,200 documents in pages of at most 50, and each reader's empty page at the end.
  EXPECT_GE(summary->cost, 25);
  EXPECT_LT(summary->cost, 40);
  EXPECT_EQ((*store_->Runs("p", 1))[0].cost, summary->cost);
}

TEST_F(VerifyRunTest, AMarkedDocumentIsRightOnlyWithoutARow) {
  documents_.soft_delete = SoftDelete{"gone", "true"};
  load_.mode = WriteMode::kSoftDelete;
  Load();
  Write("was", "c1", R"({"id":"was","category":"c1","value":7,"gone":true})");
  auto summary = Verify();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_TRUE(summary->matches());
  EXPECT_EQ(summary->soft_deleted, 1u);
  EXPECT_EQ(summary->equal, 1'200u);
  Write("0-5", "c5", R"({"id":"0-5","category":"c5","value":105,"gone":true})");
  Write("stray", "c1", R"({"id":"stray","category":"c1","gone":false})");
  summary = Verify();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_EQ(summary->soft_deleted, 1u);
  EXPECT_EQ(summary->different, 1u) << "its row is there";
  EXPECT_EQ(summary->extra, 1u) << "the mark is another value";
  for (const Difference& difference : summary->differences) {
    if (difference.kind != DifferenceKind::kExtra) continue;
    EXPECT_EQ(difference.id, "stray") << "and it can be named";
  }
}

TEST_F(VerifyRunTest, EveryKindOfDifferenceIsCountedAndNamed) {
  Load();
  Write("0-5", "c5", "", Intent::kDelete);
  Write("2-9", "c2", R"({"id":"2-9","category":"c2","value":7,"more":true})");
  Write("stray", "c1", R"({"id":"stray","category":"c1"})");
  const auto summary = Verify();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_FALSE(summary->matches());
  EXPECT_EQ(summary->missing, 1u);
  EXPECT_EQ(summary->different, 1u);
  EXPECT_EQ(summary->extra, 1u);
  EXPECT_EQ(summary->equal, 1'198u);
  ASSERT_EQ(summary->differences.size(), 3u);
  for (const Difference& difference : summary->differences) {
    switch (difference.kind) {
      case DifferenceKind::kMissing:
        EXPECT_EQ(difference.id, "0-5");
        EXPECT_EQ(difference.partition_key, R"(["c5"])");
        break;
      case DifferenceKind::kExtra:
        EXPECT_EQ(difference.id, "stray");
        EXPECT_EQ(difference.partition_key, R"(["c1"])");
        break;
      case DifferenceKind::kDifferent:
        EXPECT_EQ(difference.id, "2-9");
        EXPECT_THAT(difference.fields, testing::UnorderedElementsAre("value", "more"));
        break;
    }
  }
}

TEST_F(VerifyRunTest, OrderOfFieldsFormOfNumbersAndIgnoredFieldsDoNotMatter) {
  Load();
  Write("0-0", "c0", R"({"value":1.0e2,"_ts":5,"category":"c0","id":"0-0"})");
  options_.ignored_fields = {"_ts"};
  const auto summary = Verify();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_TRUE(summary->matches());
}

TEST_F(VerifyRunTest, AllDifferencesAreCountedAndSomeAreListed) {
  Load();
  for (auto& split : table_) {
    for (MemoryRow& row : split) row.value += 1'000;
  }
  source_.SetVersion(2, table_);
  options_.at.version = 2;
  options_.differences_max = 5;
  const auto summary = Verify();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_EQ(summary->different, 1'200u);
  ASSERT_EQ(summary->differences.size(), 5u);
  EXPECT_THAT(summary->differences[0].fields, ElementsAre("value"));
}

TEST_F(VerifyRunTest, LittleMemoryMakesNoDifference) {
  options_.memory_bytes_max = 1;
  Load();
  Write("stray", "c1", R"({"id":"stray","category":"c1"})");
  const auto summary = Verify();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_EQ(summary->equal, 1'200u);
  EXPECT_EQ(summary->extra, 1u);
}

TEST_F(VerifyRunTest, OfRowsThatShareAnIdTheLastIsExpected) {
  table_[2][7] = {"0-7", "c0", 999};
  load_.duplicates = DuplicatePolicy::kLast;
  Load();
  const auto summary = Verify();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_TRUE(summary->matches());
  EXPECT_EQ(summary->duplicates, 1u);
  EXPECT_EQ(summary->equal, 1'199u);
}

TEST_F(VerifyRunTest, ADocumentThatIsNoJsonIsNamed) {
  Load();
  Write("odd", "c1", "not json");
  const auto summary = Verify();
  EXPECT_EQ(summary.status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(std::string(summary.status().message()), HasSubstr("document 'odd'"));
}

TEST_F(VerifyRunTest, ASourceThatFailsAndAStopEndIt) {
  Load();
  source_.OnNext([](uint32_t, uint64_t) { return DataLoss("cut off"); });
  EXPECT_EQ(Verify().status().code(), StatusCode::kDataLoss);
  source_.OnNext({});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(Verify({.stop = stop.get_token()}).status().code(), StatusCode::kCancelled);
  EXPECT_EQ((*store_->Runs("p", 1))[0].state, RunState::kStopped);
}

}  // namespace
}  // namespace spillway
