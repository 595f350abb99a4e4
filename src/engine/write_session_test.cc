#include "engine/write_session.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "columns/array_builder.h"
#include "engine/testing/memory_destination.h"
#include "engine/testing/scaled_clock.h"

namespace spillway {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class WriteSessionTest : public testing::Test {
 protected:
  WriteSessionTest() : destination_(clock_, 1) {
    documents_.id_columns = {"id"};
    documents_.partition_key_paths = {"/category"};
    options_.lanes_max = 4;
    options_.settle = milliseconds(1'000);
    options_.max_rejected = {.rows = std::nullopt, .share = 0.5};
  }

  static std::vector<NamedColumn> Rows(int64_t first, int64_t count, int64_t value = 1) {
    Values<std::string> ids, categories;
    for (int64_t row = first; row < first + count; ++row) {
      ids.emplace_back(fmt::format("{}", row));
      categories.emplace_back(fmt::format("c{}", row % 7));
    }
    const auto rows = static_cast<size_t>(count);
    return {{"id", Strings(ids)},
            {"category", Strings(categories)},
            {"value", Int64s(Values<int64_t>(rows, value))}};
  }
  static OwnedArray Array(const std::vector<NamedColumn>& columns) {
    return std::move(BuildBatch(columns).columns);
  }

  void Open(const CallContext& ctx = {}) {
    auto session = WriteSession::Open({destination_, clock_}, documents_,
                                      BuildBatch(Rows(0, 1)).schema, options_, ctx);
    ASSERT_TRUE(session.ok()) << session.status().ToString();
    session_ = *std::move(session);
  }

  ScaledClock clock_{100};
  MemoryDestination destination_;
  DocumentOptions documents_;
  SessionOptions options_;
  std::unique_ptr<WriteSession> session_;
};

TEST_F(WriteSessionTest, BringsEveryRowOfEveryBatchAndCountsIt) {
  Open();
  for (int64_t batch = 0; batch < 5; ++batch) {
    ASSERT_TRUE(session_->Write(Array(Rows(batch * 1'000, 1'000))).ok());
  }
  ASSERT_TRUE(session_->Finish().ok());
  const SessionSummary summary = session_->summary();
  EXPECT_EQ(summary.counts.read, 5'000u);
  EXPECT_EQ(summary.counts.upserted, 5'000u);
  EXPECT_TRUE(summary.counts.AddsUp());
  EXPECT_GT(summary.requests, 0u);
  EXPECT_THAT(destination_.Contents(), SizeIs(5'000));
  EXPECT_THAT(destination_.Violations(), IsEmpty());
}

TEST_F(WriteSessionTest, WithoutRowsThereIsNothingToDo) {
  Open();
  ASSERT_TRUE(session_->Write(Array(Rows(0, 0))).ok());
  ASSERT_TRUE(session_->Finish().ok());
  EXPECT_EQ(session_->summary().counts, IntentCounts{});
}

TEST_F(WriteSessionTest, ASliceOfABatchIsThatSliceAlone) {
  Open();
  Batch slice = SliceBatch(Rows(0, 100), 40, 7);
  ASSERT_TRUE(session_->Write(std::move(slice.columns)).ok());
  ASSERT_TRUE(session_->Finish().ok());
  EXPECT_THAT(destination_.Contents(), SizeIs(7));
  EXPECT_EQ(session_->summary().counts.upserted, 7u);
}

TEST_F(WriteSessionTest, TheLaterRowOfAKeyStays) {
  Open();
  for (int64_t value = 1; value <= 20; ++value) {
    ASSERT_TRUE(session_->Write(Array(Rows(0, 50, value))).ok());
  }
  ASSERT_TRUE(session_->Finish().ok());
  EXPECT_EQ(session_->summary().counts.upserted, 1'000u);
  for (const auto& [key, body] : destination_.Contents()) {
    EXPECT_THAT(body, HasSubstr(R"("value":20)")) << key;
  }
}

TEST_F(WriteSessionTest, RejectedRowsAreListedWithTheirPlaceAndTheRestIsWritten) {
  destination_.Refuse("1234");
  options_.rejected_listed_max = 10;
  Open();
  ASSERT_TRUE(session_->Write(Array(Rows(0, 1'000))).ok());
  ASSERT_TRUE(session_->Write(Array(Rows(1'000, 1'000))).ok());
  ASSERT_TRUE(session_->Finish().ok());
  const SessionSummary summary = session_->summary();
  EXPECT_EQ(summary.counts.upserted, 1'999u);
  EXPECT_EQ(summary.counts.rejected, 1u);
  ASSERT_THAT(summary.rejected, SizeIs(1));
  EXPECT_EQ(summary.rejected[0].row, 1'234u);
  EXPECT_EQ(summary.rejected[0].key, R"([["c2"],"1234"])");
  EXPECT_EQ(summary.rejected[0].reason, "http_413");
  EXPECT_THAT(summary.rejected_by_reason, ElementsAre(testing::Pair("http_413", 1u)));
}

TEST_F(WriteSessionTest, NoMoreRowsAreListedThanAskedForAndAllAreCounted) {
  options_.rejected_listed_max = 3;
  options_.max_rejected = {.rows = std::nullopt, .share = 1.0};
  Open();
  std::vector<NamedColumn> rows = Rows(0, 500);
  rows[0].second = Strings(Values<std::string>(500, "a/b"));
  destination_.mutable_capabilities().limits.id_forbidden = "/";
  session_.reset();
  Open();
  ASSERT_TRUE(session_->Write(Array(rows)).ok());
  ASSERT_TRUE(session_->Finish().ok());
  EXPECT_EQ(session_->summary().counts.rejected, 500u);
  EXPECT_THAT(session_->summary().rejected, SizeIs(3));
}

TEST_F(WriteSessionTest, TooManyRejectedRowsEndItAndAPartOfMoreIsNotJudgedAtTheEnd) {
  destination_.Refuse("3");
  options_.max_rejected = {.rows = std::nullopt, .share = 0.001};
  Open();
  ASSERT_TRUE(session_->Write(Array(Rows(0, 10))).ok());
  EXPECT_EQ(session_->Finish().code(), StatusCode::kRejectedOverBudget);
  EXPECT_EQ(session_->summary().counts.rejected, 1u);
  options_.part_of_more = true;
  Open();
  ASSERT_TRUE(session_->Write(Array(Rows(0, 10))).ok());
  EXPECT_TRUE(session_->Finish().ok());
  options_.max_rejected = {.rows = 0, .share = std::nullopt};
  Open();
  ASSERT_TRUE(session_->Write(Array(Rows(0, 10))).ok());
  EXPECT_EQ(session_->Finish().code(), StatusCode::kRejectedOverBudget);
  EXPECT_EQ(session_->Write(Array(Rows(0, 10))).code(), StatusCode::kInvalidArgument);
}

TEST_F(WriteSessionTest, SurvivesTheFaultsOfAService) {
  destination_.SetFaults({.throttled = 0.05,
                          .retry = 0.05,
                          .unsure_applied = 0.01,
                          .unsure_lost = 0.01,
                          .call_throttled = 0.05,
                          .call_unavailable = 0.02,
                          .call_unsure = 0.01});
  Open();
  for (int64_t batch = 0; batch < 4; ++batch) {
    ASSERT_TRUE(session_->Write(Array(Rows(batch * 500, 500))).ok());
  }
  const Status finished = session_->Finish();
  ASSERT_TRUE(finished.ok()) << finished.ToString();
  EXPECT_EQ(session_->summary().counts.upserted, 2'000u);
  EXPECT_THAT(destination_.Contents(), SizeIs(2'000));
}

TEST_F(WriteSessionTest, TheFirstFailureEndsItAndIsWhatEveryCallReturns) {
  destination_.OnCall([](std::span<const Document>) { return PermissionDenied("no right to"); });
  Open();
  Status written;
  for (int64_t batch = 0; written.ok() && batch < 10'000; ++batch) {
    written = session_->Write(Array(Rows(batch * 100, 100)));
  }
  EXPECT_EQ(written.code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(session_->Finish().code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(session_->summary().counts.upserted, 0u);
}

TEST_F(WriteSessionTest, AStopEndsAWriteThatWaitsForMemory) {
  // Nothing is answered for good, so the memory fills.
  destination_.OnCall([](std::span<const Document>) { return Unavailable("try later"); });
  options_.memory_bytes_max = 64 << 10;
  std::stop_source user;
  Open({.stop = user.get_token()});
  std::jthread stopper([&] {
    while (destination_.calls() == 0) clock_.WaitFor(milliseconds(100), {});
    user.request_stop();
  });
  Status written;
  while (written.ok()) written = session_->Write(Array(Rows(0, 1'000)));
  EXPECT_EQ(written.code(), StatusCode::kCancelled);
  EXPECT_EQ(session_->Finish().code(), StatusCode::kCancelled);
}

TEST_F(WriteSessionTest, SendsOnlyWhileItIsPermitted) {
  options_.needs_permit = true;
  Open();
  ASSERT_TRUE(session_->Write(Array(Rows(0, 100))).ok());
  clock_.WaitFor(std::chrono::seconds(5), {});
  EXPECT_EQ(destination_.calls(), 0u);
  session_->Permit(clock_.Now() + std::chrono::hours(1), clock_.WallNow() + std::chrono::hours(1));
  ASSERT_TRUE(session_->Finish().ok());
  EXPECT_THAT(destination_.Contents(), SizeIs(100));
}

TEST_F(WriteSessionTest, OneThatWasGivenUpBeforeItWasPermittedHasSentNothing) {
  options_.needs_permit = true;
  Open();
  ASSERT_TRUE(session_->Write(Array(Rows(0, 100))).ok());
  session_.reset();
  EXPECT_EQ(destination_.calls(), 0u);
}

TEST_F(WriteSessionTest, ASessionThatIsNotFinishedEndsWithItsOwner) {
  Open();
  ASSERT_TRUE(session_->Write(Array(Rows(0, 100))).ok());
  session_.reset();
  EXPECT_LE(destination_.Contents().size(), 100u);
}

TEST_F(WriteSessionTest, RowsThatCannotBecomeDocumentsAreRefusedBeforeTheFirst) {
  documents_.id_columns = {"sku"};
  const auto session = WriteSession::Open({destination_, clock_}, documents_,
                                          BuildBatch(Rows(0, 1)).schema, options_, {});
  ASSERT_FALSE(session.ok());
  EXPECT_EQ(session.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(session.status().message()), HasSubstr("sku"));
  EXPECT_EQ(destination_.calls(), 0u);
}

}  // namespace
}  // namespace spillway
