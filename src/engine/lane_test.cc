#include "engine/lane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <map>
#include <mutex>
#include <numeric>

namespace spillway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Answer = std::function<Result<WriteReport>(std::span<const Document>)>;

WriteReport AllUpserted(size_t documents) {
  WriteReport report;
  report.outcomes.assign(documents, RowOutcome::kUpserted);
  report.requests = 1;
  return report;
}

// What its writers were given, by the number of the writer. A document's route is its id.
class RecordingDestination : public Destination {
 public:
  RecordingDestination() { capabilities_.rows_max = 3, capabilities_.bytes_target = 1'000; }

  // Asked for every write.
  Answer answer = [](std::span<const Document> documents) { return AllUpserted(documents.size()); };
  Status open_fails;

  std::vector<std::vector<std::string>> Calls(uint32_t writer) {
    std::lock_guard lock(mutex_);
    return calls_[writer];
  }
  std::vector<std::string> Ids(uint32_t writer) {
    std::vector<std::string> ids;
    for (const auto& call : Calls(writer)) ids.insert(ids.end(), call.begin(), call.end());
    return ids;
  }

  const Capabilities& capabilities() const override { return capabilities_; }
  Status Check(const CallContext&) override { return Status::Ok(); }
  Result<Preparation> Prepare(bool, const CallContext&) override { return Preparation(); }
  Result<LanePlan> PlanLanes(uint32_t, const CallContext&) override { return LanePlan(); }
  Hash128 Route(const Document& document) const override {
    return {std::stoull(std::string(document.id)), 0};
  }
  Result<std::unique_ptr<Writer>> OpenWriter(WriteMode, const CallContext&) override {
    if (!open_fails.ok()) return open_fails;
    return std::unique_ptr<Writer>(std::make_unique<RecordingWriter>(*this, writers_++));
  }
  Result<std::vector<std::unique_ptr<DocumentReader>>> OpenReaders(const CallContext&) override {
    return Unsupported("not here");
  }
  Result<std::optional<std::string>> ReadOne(std::string_view, std::string_view,
                                             const CallContext&) override {
    return Unsupported("not here");
  }

 private:
  class RecordingWriter : public Writer {
   public:
    RecordingWriter(RecordingDestination& destination, uint32_t number)
        : destination_(destination), number_(number) {}
    Result<WriteReport> Write(std::span<const Document> documents, const CallContext&) override {
      std::vector<std::string> call;
      for (const Document& document : documents) {
        call.push_back(std::string(document.id) + (document.after_unsure ? "!" : ""));
      }
      {
        std::lock_guard lock(destination_.mutex_);
        destination_.calls_[number_].push_back(std::move(call));
      }
      return destination_.answer(documents);
    }

   private:
    RecordingDestination& destination_;
    const uint32_t number_;
  };

  Capabilities capabilities_;
  uint32_t writers_ = 0;
  std::mutex mutex_;
  std::map<uint32_t, std::vector<std::vector<std::string>>> calls_;
};

class LaneTest : public testing::Test {
 protected:
  DeliveryParts Parts() {
    return {.clock = clock_,
            .batches = batches_,
            .concurrency = concurrency_,
            .limiter = limiter_,
            .charges = charges_,
            .lease = nullptr,
            .rejected = rejected_,
            .meter = meter_,
            .stop = stop_};
  }
  std::unique_ptr<Lane> MakeLane() {
    return std::make_unique<Lane>(Parts(), DeliveryOptions{.rows_max = 3, .bytes_target = 1'000},
                                  *destination_.OpenWriter(WriteMode::kMirror, {}));
  }
  // Of three sections, which begin at 0, 10 and 20.
  std::unique_ptr<Lane> MakeLaneOfSections(std::vector<Hash128> bounds = {
                                               {0, 0}, {10, 0}, {20, 0}}) {
    return std::make_unique<Lane>(
        Parts(),
        DeliveryOptions{.rows_max = 3, .bytes_target = 1'000, .section_bounds = std::move(bounds)},
        *destination_.OpenWriter(WriteMode::kMirror, {}), LaneMemory{.budget = &memory_});
  }
  std::unique_ptr<LaneSet> MakeSet(std::vector<Hash128> lower_bounds) {
    LanePlan plan;
    plan.groups.assign(lower_bounds.size(), 0);
    plan.lower_bounds = std::move(lower_bounds);
    Result<std::unique_ptr<LaneSet>> set = LaneSet::Open(destination_, plan, Parts(), {}, {});
    EXPECT_TRUE(set.ok()) << set.status().ToString();
    return *std::move(set);
  }

  static std::shared_ptr<EncodedBatch> Encoded(const std::vector<uint64_t>& ids) {
    auto encoded = std::make_shared<EncodedBatch>();
    encoded->rows_read = ids.size();
    encoded->bytes.reserve(ids.size() * 20);  // the views must not move
    for (const uint64_t id : ids) {
      const std::string text = std::to_string(id);
      Document document;
      document.id = std::string_view(encoded->bytes.data() + encoded->bytes.size(), text.size());
      encoded->bytes += text;
      document.body = document.id;
      document.partition_key = R"(["k"])";
      document.identity = Murmur3x64_128(text);
      document.route = {id, 0};  // for lanes without a set
      document.row = static_cast<uint32_t>(encoded->documents.size());
      encoded->documents.push_back(document);
    }
    return encoded;
  }
  void Push(Lane& lane, const std::vector<uint64_t>& ids) {
    BatchInFlight& batch = batches_.Open(Encoded(ids), {});
    batch.order().resize(ids.size());
    std::iota(batch.order().begin(), batch.order().end(), 0u);
    ASSERT_TRUE(lane.Push({&batch, 0, static_cast<uint32_t>(ids.size())}).ok());
  }
  Status Push(LaneSet& set, const std::vector<uint64_t>& ids) {
    const std::shared_ptr<EncodedBatch> encoded = Encoded(ids);
    return set.Push(batches_.Open(encoded, {}), *encoded);
  }

  ManualClock clock_;
  Budget memory_{100};
  RunStop stop_{std::stop_token()};
  RunMeter meter_;
  RejectedGuard rejected_{RejectedBudget{.rows = 1'000, .share = std::nullopt}, "p", 0, 0};
  ConcurrencyLimit concurrency_;
  ThroughputLimiter limiter_{clock_};
  ChargeModel charges_{nullptr};
  std::atomic<uint64_t> rows_settled_{0};
  OpenBatches batches_{[this](BatchInFlight& batch) {
    rows_settled_ += batch.Counts().settled();
    return Status::Ok();
  }};
  RecordingDestination destination_;
};

TEST_F(LaneTest, EndsWhenItsInputIsClosedAndAllOfItIsSettled) {
  const auto lane = MakeLane();
  Push(*lane, {1, 2, 3, 4});
  Push(*lane, {5});
  lane->CloseInput();
  ASSERT_TRUE(lane->Run().ok());
  EXPECT_EQ(rows_settled_, 5u);
}

TEST_F(LaneTest, GathersSlicesUntilAWriteIsFull) {
  const auto lane = MakeLane();
  for (uint64_t id = 1; id <= 5; ++id) Push(*lane, {id});
  lane->CloseInput();
  ASSERT_TRUE(lane->Run().ok());
  EXPECT_THAT(destination_.Calls(0),
              ElementsAre(ElementsAre("1", "2", "3"), ElementsAre("4", "5")));
}

TEST_F(LaneTest, AWriteHasDocumentsOfOneSectionAndFullOnesGoFirst) {
  const auto lane = MakeLaneOfSections();
  Push(*lane, {1, 11, 21, 12, 22, 2});
  Push(*lane, {13, 23, 24});
  lane->CloseInput();
  ASSERT_TRUE(lane->Run().ok());
  EXPECT_THAT(destination_.Calls(0),
              ElementsAre(ElementsAre("11", "12", "13"), ElementsAre("21", "22", "23"),
                          ElementsAre("1", "2"), ElementsAre("24")));
}

TEST_F(LaneTest, WhileMemoryIsScarceTheDocumentsThatHaveWaitedLongestGoFirst) {
  const auto lane = MakeLaneOfSections();
  const Result<Budget::Share> taken = memory_.Take(80, {});
  Push(*lane, {1, 11, 12, 13});
  lane->CloseInput();
  ASSERT_TRUE(lane->Run().ok());
  EXPECT_THAT(destination_.Calls(0), ElementsAre(ElementsAre("1"), ElementsAre("11", "12", "13")));
}

// When the write came: the lane ends with it.
TEST_F(LaneTest, OnlyALaneOfSeveralSectionsWaitsForMoreThanAMomentAndNotWhileMemoryIsScarce) {
  const auto waited = [this](std::vector<Hash128> bounds) {
    const auto lane = MakeLaneOfSections(std::move(bounds));
    destination_.answer = [&lane](std::span<const Document> documents) {
      lane->CloseInput();
      return AllUpserted(documents.size());
    };
    Push(*lane, {1});
    const SteadyTime before = clock_.Now();
    EXPECT_TRUE(lane->Run().ok());
    return clock_.Now() - before;
  };
  const std::vector<Hash128> sections = {{0, 0}, {10, 0}};
  EXPECT_GE(waited(sections), std::chrono::seconds(1));
  EXPECT_LT(waited({}), std::chrono::milliseconds(10));
  const Result<Budget::Share> taken = memory_.Take(80, {});
  EXPECT_LT(waited(sections), std::chrono::milliseconds(10));
}

TEST_F(LaneTest, WaitsForWhatIsUnsureBeforeItEnds) {
  destination_.answer = [first = true](std::span<const Document> documents) mutable {
    if (!std::exchange(first, false)) return Result<WriteReport>(AllUpserted(documents.size()));
    return Result<WriteReport>(Unsure("the connection broke"));
  };
  const auto lane = MakeLane();
  Push(*lane, {1});
  lane->CloseInput();
  const SteadyTime before = clock_.Now();
  ASSERT_TRUE(lane->Run().ok());
  EXPECT_THAT(destination_.Calls(0), ElementsAre(ElementsAre("1"), ElementsAre("1!")));
  EXPECT_GE(clock_.Now() - before, DeliveryOptions().settle);
}

TEST_F(LaneTest, AStopEndsItWhileItWaitsForDocuments) {
  const auto lane = MakeLane();
  Status ended;
  {
    const std::jthread thread([&] { ended = lane->Run(); });
    stop_.Stop(Cancelled("stopped on request"));
  }
  EXPECT_EQ(ended.code(), StatusCode::kCancelled);
  EXPECT_THAT(destination_.Calls(0), IsEmpty());
}

TEST_F(LaneTest, HandsOutWhatTheDestinationRefusesForGood) {
  destination_.answer = [](std::span<const Document>) { return Unauthenticated("a wrong key"); };
  const auto lane = MakeLane();
  Push(*lane, {1});
  lane->CloseInput();
  EXPECT_EQ(lane->Run().code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(rows_settled_, 0u);
}

TEST_F(LaneTest, ASetGivesEachLaneTheDocumentsOfItsRangeInTheirOrder) {
  auto set = MakeSet({{0, 0}, {10, 0}, {20, 0}});
  set->Start();
  ASSERT_TRUE(Push(*set, {25, 3, 10, 9, 20, 1, 19}).ok());
  ASSERT_TRUE(Push(*set, {2, 11}).ok());
  set.reset();  // lets the lanes come to their end
  EXPECT_THAT(destination_.Ids(0), ElementsAre("3", "9", "1", "2"));
  EXPECT_THAT(destination_.Ids(1), ElementsAre("10", "19", "11"));
  EXPECT_THAT(destination_.Ids(2), ElementsAre("25", "20"));
  EXPECT_EQ(rows_settled_, 9u);
  EXPECT_TRUE(stop_.cause().ok());
}

TEST_F(LaneTest, ASetGivesEachLaneItsSections) {
  const LanePlan plan{.lower_bounds = {{0, 0}, {20, 0}},
                      .groups = {0, 1},
                      .section_bounds = {{0, 0}, {10, 0}, {20, 0}, {30, 0}}};
  auto set = *LaneSet::Open(destination_, plan, Parts(), {}, {});
  ASSERT_TRUE(Push(*set, {35, 3, 11, 25, 4, 12, 36, 26}).ok());
  ASSERT_TRUE(Push(*set, {5, 27}).ok());
  set->CloseInput();
  set->Start();
  set.reset();  // lets the lanes come to their end
  EXPECT_THAT(destination_.Calls(0),
              ElementsAre(ElementsAre("3", "4", "5"), ElementsAre("11", "12")));
  EXPECT_THAT(destination_.Calls(1),
              ElementsAre(ElementsAre("25", "26", "27"), ElementsAre("35", "36")));
  EXPECT_EQ(rows_settled_, 10u);
}

TEST_F(LaneTest, ASetSaysWhenItsLastLaneHasEnded) {
  auto set = MakeSet({{0, 0}, {10, 0}});
  const std::stop_token ended = set->ended();
  std::latch over(1);
  const std::stop_callback tell(ended, [&over] { over.count_down(); });
  set->Start();
  EXPECT_FALSE(ended.stop_requested());
  set->CloseInput();
  over.wait();
  EXPECT_TRUE(ended.stop_requested());
}

TEST_F(LaneTest, TheFailureOfOneLaneStopsTheRun) {
  destination_.answer = [](std::span<const Document>) { return PermissionDenied("read only"); };
  auto set = MakeSet({{0, 0}, {10, 0}});
  std::latch over(1);
  const std::stop_callback tell(set->ended(), [&over] { over.count_down(); });
  set->Start();
  ASSERT_TRUE(Push(*set, {1}).ok());
  over.wait();  // although nobody closed the input
  EXPECT_EQ(stop_.cause().code(), StatusCode::kPermissionDenied);
}

TEST_F(LaneTest, APlanThatIsNoneAndAWriterThatDoesNotOpenAreErrors) {
  EXPECT_EQ(LaneSet::Open(destination_, {}, Parts(), {}, {}).status().code(),
            StatusCode::kInternal);
  const LanePlan lopsided{.lower_bounds = {{0, 0}, {1, 0}}, .groups = {0}};
  EXPECT_EQ(LaneSet::Open(destination_, lopsided, Parts(), {}, {}).status().code(),
            StatusCode::kInternal);
  const LanePlan cut{
      .lower_bounds = {{0, 0}, {1, 0}}, .groups = {0, 1}, .section_bounds = {{0, 0}, {2, 0}}};
  EXPECT_EQ(LaneSet::Open(destination_, cut, Parts(), {}, {}).status().code(),
            StatusCode::kInternal);
  destination_.open_fails = Unauthenticated("a wrong key");
  const LanePlan plan{.lower_bounds = {{0, 0}}, .groups = {0}};
  EXPECT_EQ(LaneSet::Open(destination_, plan, Parts(), {}, {}).status().code(),
            StatusCode::kUnauthenticated);
}

}  // namespace
}  // namespace spillway
