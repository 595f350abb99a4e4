#include "engine/reader_pool.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>

#include "engine/acknowledger.h"
#include "engine/testing/memory_destination.h"
#include "engine/testing/memory_source.h"

namespace spillway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr uint32_t kBatchRows = 10;
constexpr std::chrono::hours kForEver(100'000);  // of the clock in the tests

// What the readers of a ChangedSnapshot do besides reading.
struct ReaderChange {
  uint64_t held_bytes = 0;
  uint64_t rows_lost = 0;  // at the beginning of every batch
};

class ChangedReader : public SplitReader {
 public:
  ChangedReader(std::unique_ptr<SplitReader> reader, const ReaderChange& change)
      : reader_(std::move(reader)), change_(change) {}
  Result<std::optional<Batch>> Next(const CallContext& ctx) override {
    ASSIGN_OR_RETURN(std::optional<Batch> batch, reader_->Next(ctx));
    if (batch.has_value()) batch->first_row += change_.rows_lost;
    return batch;
  }
  uint64_t held_bytes() const override { return change_.held_bytes; }

 private:
  const std::unique_ptr<SplitReader> reader_;
  const ReaderChange change_;
};

class ChangedSnapshot : public Snapshot {
 public:
  ChangedSnapshot(std::unique_ptr<Snapshot> snapshot, const ReaderChange& change)
      : snapshot_(std::move(snapshot)), change_(change) {}
  const TableInfo& info() const override { return snapshot_->info(); }
  std::shared_ptr<const OwnedSchema> schema() const override { return snapshot_->schema(); }
  std::span<const Split> splits() const override { return snapshot_->splits(); }
  std::string position() const override { return snapshot_->position(); }
  Result<std::unique_ptr<SplitReader>> OpenSplit(uint32_t index, uint64_t skip_rows,
                                                 const CallContext& ctx) const override {
    ASSIGN_OR_RETURN(std::unique_ptr<SplitReader> reader,
                     snapshot_->OpenSplit(index, skip_rows, ctx));
    return std::unique_ptr<SplitReader>(
        std::make_unique<ChangedReader>(std::move(reader), change_));
  }

 private:
  const std::unique_ptr<Snapshot> snapshot_;
  const ReaderChange change_;
};

class ReaderPoolTest : public testing::Test {
 protected:
  ReaderPoolTest() {
    for (uint32_t split = 0; split < 4; ++split) {
      for (uint32_t row = 0; row < 45; ++row) {
        table_[split].push_back({fmt::format("{}-{:02}", split, row), "c", row});
      }
    }
    source_.SetVersion(1, table_);
    documents_.id_columns = {"id"};
    documents_.partition_key_paths = {"/category"};
  }

  // Reads the work and waits until all that was read is settled.
  void Read(std::vector<SplitWork> work, uint32_t readers = 2) {
    const ChangedSnapshot snapshot(*source_.OpenSnapshot({}, {}), change_);
    const auto encoder =
        *DocumentEncoder::Make(documents_, snapshot.schema()->get(), destination_.capabilities());
    const LanePlan plan = *destination_.PlanLanes(2, {});
    const DeliveryParts delivery{.clock = clock_,
                                 .batches = batches_,
                                 .concurrency = concurrency_,
                                 .limiter = limiter_,
                                 .charges = charges_,
                                 .lease = nullptr,
                                 .rejected = rejected_,
                                 .meter = meter_,
                                 .stop = stop_};
    Overflow overflow(testing::TempDir() + "reader_pool_test.overflow", 2, batches_);
    const auto lanes =
        *LaneSet::Open(destination_, plan, delivery,
                       {.row_failing_max = kForEver, .memory = {memory_.get(), &overflow}}, {});
    lanes->Start();
    const ReaderPool pool({.snapshot = snapshot,
                           .encoder = *encoder,
                           .memory = *memory_,
                           .places = places_,
                           .reading = reading_,
                           .batches = batches_,
                           .lanes = *lanes,
                           .overflow = &overflow,
                           .reserve = &reserve_,
                           .rejected = rejected_,
                           .meter = meter_,
                           .stop = stop_,
                           .clock = clock_},
                          std::move(work), readers, [this](uint32_t split, uint64_t rows) {
                            std::lock_guard lock(mutex_);
                            ends_[split] = rows;
                          });
  }
  static std::vector<SplitWork> AllSplits() {
    return {{0, 0, {}}, {1, 0, {}}, {2, 0, {}}, {3, 0, {}}};
  }

  ManualClock clock_;
  MemorySplits table_ = MemorySplits(4);
  MemorySource source_{kBatchRows};
  MemoryDestination destination_{clock_, 1};
  DocumentOptions documents_;
  ReaderChange change_;

  std::unique_ptr<Budget> memory_ = std::make_unique<Budget>(1 << 20);
  Budget places_{100};
  Budget reading_{100};
  Budget reserve_{1};  // one batch at a time
  RunStop stop_{std::stop_token()};
  RunMeter meter_;
  RejectedGuard rejected_{RejectedBudget{.rows = 0, .share = std::nullopt}, "p", 0, 0};
  ConcurrencyLimit concurrency_;
  ThroughputLimiter limiter_{clock_};
  ChargeModel charges_{nullptr};
  std::mutex mutex_;
  std::map<uint32_t, uint64_t> ends_;
  IntentCounts counts_;
  uint64_t rows_ = 0;  // of settled batches
  uint64_t batch_bytes_max_ = 0;
  OpenBatches batches_{[this](BatchInFlight& batch) {
    std::lock_guard lock(mutex_);
    std::optional<SettledBatch> settled = TakeSettled(batch);
    if (!settled.has_value()) return Status::Ok();
    counts_ += settled->counts;
    rows_ += settled->rows;
    batch_bytes_max_ = std::max(batch_bytes_max_, settled->shares.memory.amount());
    return Status::Ok();
  }};
};

TEST_F(ReaderPoolTest, SettlesEveryRowOfEverySplitAndTellsTheirEnds) {
  Read(AllSplits());
  EXPECT_TRUE(stop_.cause().ok()) << stop_.cause().ToString();
  EXPECT_EQ(counts_.read, 180u);
  EXPECT_EQ(counts_.upserted, 180u);
  EXPECT_EQ(destination_.Contents().size(), 180u);
  EXPECT_THAT(ends_, ElementsAre(Pair(0, 45), Pair(1, 45), Pair(2, 45), Pair(3, 45)));
  EXPECT_EQ(meter_.bytes_read, 4 * 450u);
  EXPECT_EQ(meter_.rows_settled, 180u);
}

TEST_F(ReaderPoolTest, GoesOnBehindTheRowsThatAreSettled) {
  Read({{1, 40, {}}});
  EXPECT_EQ(counts_.read, 5u);
  EXPECT_TRUE(destination_.Contents().contains(R"(["c"]/1-44)"));
  EXPECT_THAT(ends_, ElementsAre(Pair(1, 45)));
  EXPECT_EQ(meter_.bytes_read, 50u) << "of this run";
}

TEST_F(ReaderPoolTest, WritesOnlyTheRowsThatAreAskedFor) {
  Read({{0, 0, {3, 17}}, {2, 0, {44}}});
  std::vector<std::string> keys;
  for (const auto& [key, body] : destination_.Contents()) keys.push_back(key);
  EXPECT_THAT(keys, ElementsAre(R"(["c"]/0-03)", R"(["c"]/0-17)", R"(["c"]/2-44)"));
  EXPECT_THAT(ends_, IsEmpty()) << "no split was read to its end";
}

TEST_F(ReaderPoolTest, CountsRowsThatBecomeNoDocument) {
  documents_.filter = "value < 5";
  Read(AllSplits());
  EXPECT_EQ(counts_.filtered, 160u);
  EXPECT_EQ(counts_.upserted, 20u);
  EXPECT_EQ(meter_.rows_settled, 180u);
}

TEST_F(ReaderPoolTest, StopsOverTheBudgetOfRejectedRows) {
  table_[0][0].id = std::string(200, 'x');
  source_.SetVersion(1, table_);
  Read({{0, 0, {}}});
  EXPECT_EQ(stop_.cause().code(), StatusCode::kRejectedOverBudget);
}

TEST_F(ReaderPoolTest, AFailureNamesItsFileAndStopsTheRun) {
  source_.OnNext([](uint32_t split, uint64_t) {
    return split == 2 ? NotFound("no such file") : Status::Ok();
  });
  Read(AllSplits());
  EXPECT_EQ(stop_.cause().code(), StatusCode::kNotFound);
  EXPECT_THAT(std::string(stop_.cause().message()), HasSubstr("part-2"));
  EXPECT_THAT(std::string(stop_.cause().hint()), HasSubstr("VACUUM"));
}

TEST_F(ReaderPoolTest, ASourceThatLosesRowsIsNotBelieved) {
  change_.rows_lost = 1;
  Read(AllSplits());
  EXPECT_EQ(stop_.cause().code(), StatusCode::kInternal);
  EXPECT_EQ(counts_.read, 0u);
}

TEST_F(ReaderPoolTest, ABatchWaitsUntilThereIsMemoryForIt) {
  memory_ = std::make_unique<Budget>(1);  // one batch at a time, whatever its size
  Read(AllSplits(), 4);
  EXPECT_EQ(counts_.upserted, 180u);
  EXPECT_GT(batch_bytes_max_, 1u);
  EXPECT_EQ(memory_->taken_max(), batch_bytes_max_);
  EXPECT_EQ(memory_->taken(), 0u) << "all of it was given back";
  EXPECT_EQ(places_.taken(), 0u);
}

// Half of the rows go to a lane that writes nothing until the other half is there: with memory for
// one batch only those that step aside let the others through.
TEST_F(ReaderPoolTest, RowsOfASlowLaneDoNotKeepTheOthersWaiting) {
  destination_.mutable_capabilities().rows_max = 1;
  const auto lane_of = [this](const std::string& category) {
    Document document;
    const std::string key = "[\"" + category + "\"]";
    document.partition_key = key;
    return destination_.Route(document).high < UINT64_MAX / 2 ? 0 : 1;
  };
  std::string slow = "s";
  while (lane_of(slow) != 0) slow += "s";
  std::string quick = "q";
  while (lane_of(quick) != 1) quick += "q";
  for (auto& split : table_) {
    for (MemoryRow& row : split) row.category = row.value % 2 == 0 ? slow : quick;
  }
  source_.SetVersion(1, table_);
  uint32_t quick_written = 0;
  const std::string slow_key = "[\"" + slow + "\"]";
  destination_.OnRow([&](const Document& document) -> std::optional<RowFailure> {
    if (document.partition_key != slow_key) {
      ++quick_written;
    } else if (quick_written < 4 * 22) {
      return RowFailure{
          .disposition = Disposition::kRetry, .reason = "slow", .status = Throttled("slow")};
    }
    return std::nullopt;
  });
  memory_ = std::make_unique<Budget>(1);
  Read(AllSplits(), 1);
  EXPECT_TRUE(stop_.cause().ok()) << stop_.cause().ToString();
  EXPECT_EQ(destination_.Contents().size(), 180u);
  EXPECT_EQ(counts_.read, 180u);
  EXPECT_EQ(counts_.upserted, 180u);
  EXPECT_EQ(rows_, 180u);
  EXPECT_EQ(memory_->taken(), 0u);
  EXPECT_EQ(reserve_.taken(), 0u);
  EXPECT_EQ(places_.taken(), 0u);
}

TEST_F(ReaderPoolTest, NoMoreReadersRunThanThereIsMemoryFor) {
  change_.held_bytes = 60;
  Read(AllSplits(), 4);
  EXPECT_EQ(counts_.upserted, 180u);
  EXPECT_EQ(reading_.taken_max(), 60u) << "two would hold 120 of 100 bytes";
  EXPECT_EQ(reading_.taken(), 0u);
}

TEST_F(ReaderPoolTest, OneReaderRunsHoweverMuchItHolds) {
  change_.held_bytes = 1'000;
  Read(AllSplits(), 4);
  EXPECT_EQ(counts_.upserted, 180u);
  EXPECT_EQ(reading_.taken_max(), 1'000u);
}

TEST(BytesOfRows, AreInProportionAndNeverMoreThanTheSplit) {
  const Split split{.key = "a", .bytes = 1'000, .rows = 10};
  EXPECT_EQ(BytesOfRows(split, 0), 0u);
  EXPECT_EQ(BytesOfRows(split, 4), 400u);
  EXPECT_EQ(BytesOfRows(split, 11), 1'000u);
  EXPECT_EQ(BytesOfRows({.key = "a", .bytes = 1'000, .rows = std::nullopt}, 4), 0u);
}

}  // namespace
}  // namespace spillway
