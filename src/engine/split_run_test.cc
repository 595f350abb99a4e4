#include "engine/split_run.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/load_run.h"
#include "engine/testing/memory_destination.h"
#include "engine/testing/memory_source.h"
#include "engine/testing/scaled_clock.h"

namespace spillway {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class SplitRunTest : public testing::Test {
 protected:
  // Does the work in this process, some splits at a time.
  class Crew : public LoadCrew {
   public:
    explicit Crew(SplitRunTest& test) : test_(test) {}
    void SetLimit(const ThroughputLimit& limit) override { limits.push_back(limit); }
    void Do(CrewWork work, milliseconds, RunStop& stop,
            const std::function<Status(CrewOutcome)>& on_outcome,
            const std::function<void()>& on_tick) override {
      // The last splits first: outcomes come in any order.
      while (!work.work.empty() && stop.cause().ok()) {
        const size_t count = std::min<size_t>(splits_per_part, work.work.size());
        Result<CrewOutcome> outcome = DoLast(work, count);
        if (!outcome.ok()) return stop.Stop(outcome.status());
        if (Status taken = on_outcome(*std::move(outcome)); !taken.ok()) return stop.Stop(taken);
        if (after_part) after_part();
        on_tick();
        if (++parts == fail_after_parts) return stop.Stop(Unavailable("the cluster is gone"));
      }
    }

    size_t splits_per_part = 2;
    int parts = 0;
    int fail_after_parts = 0;
    std::vector<ThroughputLimit> limits;
    std::function<void()> after_part;

   private:
    Result<CrewOutcome> DoLast(CrewWork& work, size_t count) {
      SplitRunWork part{.table_id = work.table_id,
                        .version = work.version,
                        .run_id = work.run_id,
                        .work = {},
                        .keys = {}};
      for (; count > 0; --count) {
        part.work.push_back(work.work.back());
        part.keys.push_back(work.splits[work.work.back().split].key);
        work.work.pop_back();
      }
      return test_.RunPart(part);
    }
    SplitRunTest& test_;
  };

  SplitRunTest() : destination_(clock_, 1) {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    store_ = *OpenSqliteStore((folder_ / "state.db").string(), clock_);
    documents_.id_columns = {"id"};
    documents_.partition_key_paths = {"/category"};
    documents_.filter = "value >= 0";
    options_.pipeline = "p";
    options_.lanes_max = 4;
    options_.settle = milliseconds(1'000);
    options_.lease = std::chrono::minutes(30);
    options_.spill_folder = (folder_ / "spill").string();
    options_.max_rejected = {.rows = 10, .share = std::nullopt};
    options_.crew = &crew_;
  }
  ~SplitRunTest() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  static MemorySplits Table(uint32_t splits, uint32_t rows) {
    MemorySplits table(splits);
    for (uint32_t split = 0; split < splits; ++split) {
      for (uint32_t row = 0; row < rows; ++row) {
        table[split].push_back({fmt::format("{}-{}", split, row), fmt::format("c{}", row % 7), 1});
      }
    }
    return table;
  }
  Result<CrewOutcome> RunPart(const SplitRunWork& work) {
    return RunSplits({source_, destination_, clock_, meter_}, documents_, options_, work, {});
  }
  Result<LoadSummary> Load() {
    return RunLoad({source_, destination_, *store_, clock_}, documents_, options_, {}, {});
  }

  ScaledClock clock_{100};
  std::filesystem::path folder_;
  MemorySource source_;
  MemoryDestination destination_;
  RunMeter meter_;  // of all parts
  std::unique_ptr<StateStore> store_;
  DocumentOptions documents_;
  LoadOptions options_;
  Crew crew_{*this};
};

TEST_F(SplitRunTest, ALoadByACrewIsALoadLikeAnyOther) {
  MemorySplits table = Table(5, 430);
  table[1][5].value = -1;
  table.push_back({});
  source_.SetVersion(3, table);
  destination_.Refuse("2-250");
  const auto summary = Load();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_EQ(crew_.parts, 3);
  EXPECT_EQ(summary->totals.counts.read, 5u * 430);
  EXPECT_EQ(summary->totals.counts.filtered, 1u);
  EXPECT_EQ(summary->totals.counts.rejected, 1u);
  EXPECT_TRUE(summary->totals.counts.AddsUp());
  EXPECT_GT(summary->totals.requests, 0u);
  EXPECT_EQ(summary->totals.bytes_read, summary->totals.bytes_total);
  EXPECT_THAT(destination_.Contents(), SizeIs(5 * 430 - 2));
  const auto rejected = *store_->Rejected("p", std::nullopt, 10);
  ASSERT_THAT(rejected, SizeIs(1));
  EXPECT_EQ(rejected[0].split, "part-2");
  EXPECT_EQ(rejected[0].row, 250u);
  EXPECT_EQ((*store_->LoadCheckpoint("p"))->phase, LoadPhase::kLoaded);
}

TEST_F(SplitRunTest, WhatWasDoneBeforeACrewFailedIsNotDoneAgain) {
  source_.SetVersion(1, Table(6, 200));
  crew_.fail_after_parts = 2;
  EXPECT_EQ(Load().status().code(), StatusCode::kUnavailable);
  EXPECT_EQ((*store_->LoadCheckpoint("p"))->counts.upserted, 4u * 200);
  crew_.fail_after_parts = 0;
  const uint64_t written = destination_.History().size();
  const auto summary = Load();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_TRUE(summary->resumed);
  EXPECT_EQ(summary->totals.counts.upserted, 6u * 200);
  EXPECT_EQ(destination_.History().size() - written, 2u * 200);
}

TEST_F(SplitRunTest, ACrewGoesOnWithWhatThisProcessHadBegun) {
  MemorySplits table = Table(2, 500);
  table[0][400].id = std::string(200, 'x');
  source_.SetVersion(1, table);
  options_.crew = nullptr;
  options_.readers_max = 1;
  options_.max_rejected = {.rows = 0, .share = std::nullopt};
  EXPECT_EQ(Load().status().code(), StatusCode::kRejectedOverBudget);
  options_.crew = &crew_;
  options_.max_rejected = {.rows = 1, .share = std::nullopt};
  const auto summary = Load();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_EQ(summary->totals.counts.read, 1'000u);
  EXPECT_EQ(summary->totals.counts.rejected, 1u);
  const auto rejected = *store_->Rejected("p", std::nullopt, 10);
  ASSERT_THAT(rejected, SizeIs(1));
  EXPECT_EQ(rejected[0].row, 400u);
}

TEST_F(SplitRunTest, RowsThatShareAKeyInDifferentPartsAreFound) {
  MemorySplits table = Table(4, 50);
  table[3][7].id = "0-7";
  table[3][7].category = "c0";
  table[0][7].category = "c0";
  source_.SetVersion(1, table);
  const auto failed = Load();
  EXPECT_EQ(failed.status().code(), StatusCode::kConflict);
  options_.duplicates = DuplicatePolicy::kLast;
  const auto summary = Load();
  ASSERT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_EQ(summary->totals.counts.superseded, 1u);
}

TEST_F(SplitRunTest, TooManyRejectedRowsStopTheLoad) {
  MemorySplits table = Table(4, 100);
  for (auto& row : table[3]) row.id = std::string(200, 'x');
  source_.SetVersion(1, table);
  EXPECT_EQ(Load().status().code(), StatusCode::kRejectedOverBudget);
  EXPECT_THAT(destination_.Contents(), SizeIs(100)) << "more than the first part was done";
}

TEST_F(SplitRunTest, APartOfAnotherTableOrOfOtherSplitsIsRefusedBeforeTheFirstWrite) {
  source_.SetVersion(1, Table(2, 10));
  SplitRunWork work{"another", 1, 1, {SplitWork{}}, {"part-0"}};
  EXPECT_EQ(RunPart(work).status().code(), StatusCode::kConflict);
  const auto snapshot = *source_.OpenSnapshot({}, {});
  work.table_id = snapshot->info().table_id;
  work.keys = {"part-1"};
  const auto refused = RunPart(work);
  EXPECT_EQ(refused.status().code(), StatusCode::kConflict);
  EXPECT_THAT(std::string(refused.status().hint()), HasSubstr("same table in every process"));
  work.work[0].split = 7;
  EXPECT_EQ(RunPart(work).status().code(), StatusCode::kConflict);
  EXPECT_THAT(destination_.Contents(), IsEmpty());
}

TEST_F(SplitRunTest, TheCrewIsToldTheLimitOfNow) {
  source_.SetVersion(1, Table(8, 10));
  options_.throughput.limit.units_per_second = 8'000;
  std::optional<ThroughputLimit> set;
  options_.throughput.limit_now = [&]() -> Result<std::optional<ThroughputLimit>> { return set; };
  crew_.after_part = [&] {
    set = ThroughputLimit{.share = 0.1, .units_per_second = {}};
    clock_.WaitFor(std::chrono::seconds(2), {});
  };
  ASSERT_TRUE(Load().ok());
  ASSERT_GE(crew_.limits.size(), 2u);
  EXPECT_EQ(crew_.limits.front().units_per_second, 8'000);
  EXPECT_EQ(crew_.limits.back(), *set);
}

TEST_F(SplitRunTest, WhatIsDoneCanBeSeenWhileAPartGoesOn) {
  source_.SetVersion(1, Table(4, 100));
  uint64_t seen = 0;
  destination_.OnCall([&](std::span<const Document>) {
    seen = std::max<uint64_t>(seen, meter_.rows_settled);
    return Status::Ok();
  });
  ASSERT_TRUE(Load().ok());
  EXPECT_EQ(meter_.rows_settled, 400u);
  EXPECT_GT(seen, 0u);
}

TEST_F(SplitRunTest, AFailureIsReturnedAndAStopEndsIt) {
  source_.SetVersion(1, Table(1, 1'000));
  const auto snapshot = *source_.OpenSnapshot({}, {});
  const SplitRunWork work{snapshot->info().table_id, 1, 1, {SplitWork{}}, {"part-0"}};
  destination_.OnCall([](std::span<const Document>) { return PermissionDenied("no right to"); });
  EXPECT_EQ(RunPart(work).status().code(), StatusCode::kPermissionDenied);
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = RunSplits({source_, destination_, clock_, meter_}, documents_, options_,
                                 work, {stop.get_token()});
  EXPECT_EQ(stopped.status().code(), StatusCode::kCancelled);
}

}  // namespace
}  // namespace spillway
