#include "engine/delivery.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <numeric>
#include <set>

namespace spillway {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Answer = std::function<Result<WriteReport>(std::span<const Document>)>;

WriteReport AllUpserted(size_t documents) {
  WriteReport report;
  report.outcomes.assign(documents, RowOutcome::kUpserted);
  report.requests = 1;
  return report;
}

WriteReport OneFailed(size_t documents, uint32_t index, Disposition disposition, Status status) {
  WriteReport report = AllUpserted(documents);
  report.outcomes[index] = RowOutcome::kFailed;
  report.failures.push_back({index, disposition, "reason", std::move(status)});
  return report;
}

// Answers the calls in turn, and everything with success after the last answer.
class ScriptedWriter : public Writer {
 public:
  ScriptedWriter(std::vector<Answer> answers, std::vector<std::vector<std::string>>& calls)
      : answers_(std::move(answers)), calls_(calls) {}

  Result<WriteReport> Write(std::span<const Document> documents, const CallContext&) override {
    std::vector<std::string> call;
    for (const Document& document : documents) {
      call.push_back(std::string(document.id) + (document.after_unsure ? "!" : ""));
    }
    calls_.push_back(call);
    if (next_ == answers_.size()) return AllUpserted(documents.size());
    return answers_[next_++](documents);
  }

 private:
  std::vector<Answer> answers_;
  size_t next_ = 0;
  std::vector<std::vector<std::string>>& calls_;
};

class DeliveryTest : public testing::Test {
 protected:
  std::unique_ptr<Delivery> Make(std::vector<Answer> answers) {
    return std::make_unique<Delivery>(DeliveryParts{.clock = clock_,
                                                    .batches = batches_,
                                                    .concurrency = concurrency_,
                                                    .limiter = limiter_,
                                                    .charges = charges_,
                                                    .lease = nullptr,
                                                    .rejected = rejected_,
                                                    .meter = meter_,
                                                    .stop = stop_},
                                      options_,
                                      std::make_unique<ScriptedWriter>(std::move(answers), calls_));
  }

  // A batch with one document per id, all for this lane; equal ids share an identity.
  void Add(Delivery& delivery, const std::vector<std::string>& ids) {
    auto encoded = std::make_shared<EncodedBatch>();
    encoded->rows_read = ids.size();
    encoded->bytes = std::accumulate(ids.begin(), ids.end(), std::string());
    size_t at = 0;
    for (const std::string& id : ids) {
      Document document;
      document.id = std::string_view(encoded->bytes).substr(at, id.size());
      document.body = document.id;
      document.partition_key = R"(["k"])";
      document.identity = Murmur3x64_128(id);
      document.row = static_cast<uint32_t>(encoded->documents.size());
      encoded->documents.push_back(document);
      at += id.size();
    }
    BatchInFlight& batch = batches_.Open(encoded, {});
    batch.order().resize(ids.size());
    std::iota(batch.order().begin(), batch.order().end(), 0u);
    delivery.Add({&batch, 0, static_cast<uint32_t>(ids.size())});
  }

  // Sends until nothing is left that can be sent, waiting for unsure rows where there are any.
  Status SendAll(Delivery& delivery) {
    while (!delivery.empty()) {
      if (const auto due = delivery.NextDue(); delivery.waiting() == 0 && due.has_value()) {
        clock_.Advance(*due - clock_.Now());
      }
      delivery.ReleaseDue();
      RETURN_IF_ERROR(delivery.Send());
    }
    return Status::Ok();
  }

  ManualClock clock_;
  DeliveryOptions options_{.rows_max = 3, .bytes_target = 1'000};
  RunStop stop_{std::stop_token()};
  RunMeter meter_;
  RejectedGuard rejected_{RejectedBudget{.rows = 1'000, .share = std::nullopt}, "p", 0, 0};
  ConcurrencyLimit concurrency_;
  ThroughputLimiter limiter_{clock_};
  ChargeModel charges_{nullptr};
  std::vector<IntentCounts> settled_;
  std::vector<RejectedRow> rejected_rows_;
  OpenBatches batches_{[this](BatchInFlight& batch) {
    settled_.push_back(batch.Counts());
    for (RejectedRow& row : batch.TakeRejected()) rejected_rows_.push_back(std::move(row));
    return Status::Ok();
  }};
  std::vector<std::vector<std::string>> calls_;
};

TEST_F(DeliveryTest, FillsWritesUpToTheRowsThatTheDestinationTakes) {
  auto delivery = Make({});
  Add(*delivery, {"a", "b", "c", "d"});
  Add(*delivery, {"e"});
  ASSERT_TRUE(SendAll(*delivery).ok());
  EXPECT_THAT(calls_, ElementsAre(ElementsAre("a", "b", "c"), ElementsAre("d", "e")));
  EXPECT_EQ(settled_.size(), 2u);
}

TEST_F(DeliveryTest, EndsAWriteAtItsTargetSizeAndSendsALargerDocumentAlone) {
  options_.bytes_target = 10;
  auto delivery = Make({});
  Add(*delivery, {"1234", "123456", "1", std::string(50, 'x'), "2"});
  ASSERT_TRUE(SendAll(*delivery).ok());
  EXPECT_THAT(calls_, ElementsAre(ElementsAre("1234", "123456"), ElementsAre("1"),
                                  ElementsAre(std::string(50, 'x')), ElementsAre("2")));
}

TEST_F(DeliveryTest, SaysHowManyDocumentsAWriteTakesNow) {
  options_.bytes_target = 10;
  auto delivery = Make({});
  EXPECT_EQ(delivery->write_rows(), 3u);
  Add(*delivery, {"1234", "123456", "1", "2"});
  ASSERT_TRUE(delivery->Send().ok());
  EXPECT_EQ(delivery->write_rows(), 2u);
  ASSERT_TRUE(delivery->Send().ok());
  EXPECT_EQ(delivery->write_rows(), 3u) << "nothing was left that did not fit";
}

TEST_F(DeliveryTest, NeverSendsTwoDocumentsOfOneKeyInOneWrite) {
  auto delivery = Make({});
  Add(*delivery, {"a", "b", "a", "a"});
  ASSERT_TRUE(SendAll(*delivery).ok());
  EXPECT_THAT(calls_, ElementsAre(ElementsAre("a", "b"), ElementsAre("a"), ElementsAre("a")));
}

TEST_F(DeliveryTest, RetriesOnlyTheRowsMarkedRetry) {
  auto delivery = Make({[](auto documents) {
    return OneFailed(documents.size(), 1, Disposition::kRetry, Unavailable("conflict"));
  }});
  Add(*delivery, {"a", "b", "c", "d"});
  ASSERT_TRUE(SendAll(*delivery).ok());
  EXPECT_THAT(calls_, ElementsAre(ElementsAre("a", "b", "c"), ElementsAre("b", "d")));
  EXPECT_EQ(settled_[0].upserted, 4u);
}

TEST_F(DeliveryTest, ARowThatIsTriedAgainStaysBeforeNewerOnesOfItsKey) {
  auto delivery = Make({[](auto documents) {
    return OneFailed(documents.size(), 0, Disposition::kRetry, Unavailable("conflict"));
  }});
  Add(*delivery, {"a", "b", "a"});
  ASSERT_TRUE(SendAll(*delivery).ok());
  EXPECT_THAT(calls_, ElementsAre(ElementsAre("a", "b"), ElementsAre("a"), ElementsAre("a")));
}

TEST_F(DeliveryTest, WaitsAtLeastAsLongAsTheDestinationAsked) {
  auto delivery = Make({[](auto documents) {
    return OneFailed(documents.size(), 0, Disposition::kRetry,
                     Throttled("slow down").WithRetryAfter(milliseconds(700)));
  }});
  Add(*delivery, {"a"});
  const SteadyTime started = clock_.Now();
  ASSERT_TRUE(SendAll(*delivery).ok());
  EXPECT_GE(clock_.Now() - started, milliseconds(700));
  EXPECT_LT(clock_.Now() - started, milliseconds(1'000));
  EXPECT_GT(meter_.lanes_throttled_ns, 0);
}

TEST_F(DeliveryTest, ACallThatWasSurelyNotAppliedIsSentAgainWhole) {
  auto delivery = Make({[](auto) { return Unavailable("connection refused"); },
                        [](auto) { return Throttled("the whole call"); }});
  Add(*delivery, {"a", "b"});
  ASSERT_TRUE(SendAll(*delivery).ok());
  EXPECT_THAT(calls_,
              ElementsAre(ElementsAre("a", "b"), ElementsAre("a", "b"), ElementsAre("a", "b")));
}

TEST_F(DeliveryTest, AnUnsureRowIsWrittenAgainOnlyAfterItsTimeAndSaysSo) {
  auto delivery = Make({[](auto documents) {
    return OneFailed(documents.size(), 0, Disposition::kUnsure, Unsure("no answer"));
  }});
  Add(*delivery, {"a", "b"});
  const SteadyTime sent = clock_.Now();
  ASSERT_TRUE(delivery->Send().ok());
  delivery->ReleaseDue();
  EXPECT_EQ(delivery->waiting(), 0u);
  EXPECT_EQ(delivery->NextDue(), sent + options_.settle);
  EXPECT_THAT(settled_, IsEmpty()) << "the checkpoint may not pass it";
  ASSERT_TRUE(SendAll(*delivery).ok());
  EXPECT_GE(clock_.Now() - sent, options_.settle);
  EXPECT_THAT(calls_, ElementsAre(ElementsAre("a", "b"), ElementsAre("a!")));
  EXPECT_EQ(settled_.size(), 1u);
}

TEST_F(DeliveryTest, NewerDocumentsOfAnUnsureKeyWaitAndOthersGoOn) {
  auto delivery = Make({[](auto) { return Unsure("connection reset"); }});
  Add(*delivery, {"a"});
  ASSERT_TRUE(delivery->Send().ok());
  Add(*delivery, {"a", "b", "a", "c"});
  ASSERT_TRUE(SendAll(*delivery).ok());
  EXPECT_THAT(calls_, ElementsAre(ElementsAre("a"), ElementsAre("b", "c"), ElementsAre("a!"),
                                  ElementsAre("a"), ElementsAre("a")));
}

TEST_F(DeliveryTest, AnUnsureRowThatIsUnsureAgainWaitsAgain) {
  const Answer unsure = [](auto) { return Unsure("no answer"); };
  auto delivery = Make({unsure, unsure});
  Add(*delivery, {"a", "a"});
  const SteadyTime sent = clock_.Now();
  ASSERT_TRUE(SendAll(*delivery).ok());
  EXPECT_GE(clock_.Now() - sent, 2 * options_.settle);
  EXPECT_THAT(calls_, ElementsAre(ElementsAre("a"), ElementsAre("a!"), ElementsAre("a!"),
                                  ElementsAre("a")));
}

TEST_F(DeliveryTest, ManyUnsureRowsHoldBackMoreDocuments) {
  std::vector<Answer> answers(4, [](auto) { return Unsure("no answer"); });
  auto delivery = Make(answers);
  Add(*delivery, {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(delivery->Send().ok());
  EXPECT_FALSE(delivery->crowded());
  ASSERT_TRUE(delivery->Send().ok());
  EXPECT_TRUE(delivery->crowded());
}

TEST_F(DeliveryTest, ARefusedRowIsKeptWithItsReasonAndTheRestGoesOn) {
  auto delivery = Make({[](auto documents) {
    return OneFailed(documents.size(), 1, Disposition::kReject, TooLarge("2 MB at most"));
  }});
  Add(*delivery, {"a", "b\"\n", "c", "d"});
  ASSERT_TRUE(SendAll(*delivery).ok());
  EXPECT_EQ(settled_[0].upserted, 3u);
  EXPECT_EQ(settled_[0].rejected, 1u);
  ASSERT_EQ(rejected_rows_.size(), 1u);
  EXPECT_EQ(rejected_rows_[0].row, 1u);
  EXPECT_EQ(rejected_rows_[0].key, R"([["k"],"b\"\n"])");
  EXPECT_EQ(rejected_rows_[0].message, "2 MB at most");
}

TEST_F(DeliveryTest, AFailureThatConcernsEverythingEndsTheRunAndNamesTheKey) {
  auto delivery = Make({[](auto documents) {
    return OneFailed(documents.size(), 0, Disposition::kStop, PermissionDenied("read only"));
  }});
  Add(*delivery, {"a", "b"});
  const Status stopped = delivery->Send();
  EXPECT_EQ(stopped.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(stopped.message()), HasSubstr(R"([["k"],"a"])"));
}

TEST_F(DeliveryTest, ARowThatFailsForTooLongEndsTheRunWithItsLastFailure) {
  std::vector<Answer> answers(100'000, [](auto) { return Unavailable("still down"); });
  auto delivery = Make(std::move(answers));
  Add(*delivery, {"a"});
  const SteadyTime started = clock_.Now();
  const Status failed = SendAll(*delivery);
  EXPECT_EQ(failed.code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(failed.message()), HasSubstr("could not be written for 6"));
  EXPECT_THAT(std::string(failed.message()), HasSubstr("still down"));
  EXPECT_GT(clock_.Now() - started, options_.row_failing_max);
}

TEST_F(DeliveryTest, AReportThatDoesNotFitIsABugAndEndsTheRun) {
  auto delivery = Make({[](auto) { return AllUpserted(7); }});
  Add(*delivery, {"a"});
  EXPECT_EQ(SendAll(*delivery).code(), StatusCode::kInternal);
  WriteReport no_reason = AllUpserted(1);
  no_reason.outcomes[0] = RowOutcome::kFailed;
  delivery = Make({[&](auto) { return no_reason; }});
  Add(*delivery, {"a"});
  EXPECT_EQ(SendAll(*delivery).code(), StatusCode::kInternal);
}

TEST_F(DeliveryTest, AStopEndsTheWaitForTheNextAttempt) {
  auto delivery = Make({[this](auto) {
    stop_.Stop(Cancelled("enough"));
    return Unavailable("down");
  }});
  Add(*delivery, {"a"});
  EXPECT_EQ(delivery->Send().code(), StatusCode::kCancelled);
  EXPECT_EQ(calls_.size(), 1u);
}

}  // namespace
}  // namespace spillway
