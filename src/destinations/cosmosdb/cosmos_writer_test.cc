#include "destinations/cosmosdb/cosmos_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "destinations/cosmosdb/cosmos_destination.h"
#include "destinations/cosmosdb/fake_cosmos.h"

namespace spillway::cosmosdb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Document Upsert(std::string_view id, std::string_view key, std::string_view body) {
  Document document;
  document.body = body;
  document.id = id;
  document.partition_key = key;
  return document;
}

Document Delete(std::string_view id, std::string_view key) {
  Document document = Upsert(id, key, "");
  document.intent = Intent::kDelete;
  return document;
}

class CosmosWriterTest : public testing::Test {
 protected:
  Result<WriteReport> Write(WriteMode mode, const std::vector<Document>& documents,
                            CallContext ctx = {}) {
    if (destination_ == nullptr) {
      auto made = MakeCosmosDestination(options_, cosmos_.factory(), clock_);
      EXPECT_TRUE(made.ok()) << made.status().ToString();
      destination_ = *std::move(made);
    }
    if (writer_ == nullptr) {
      auto opened = destination_->OpenWriter(mode, {});
      EXPECT_TRUE(opened.ok()) << opened.status().ToString();
      writer_ = *std::move(opened);
    }
    return writer_->Write(documents, ctx);
  }
  void Answer(int status, int sub_status = 0) {
    cosmos_.documents = [=](const SeenRequest& request) {
      return FakeCosmos::AllAnswered(request, status, sub_status);
    };
  }
  void AnswerWholeRequest(int status, std::vector<HttpHeader> headers = {}) {
    cosmos_.documents = [=](const SeenRequest&) {
      return FakeResponse(status, R"({"code":"X","message":"words of the service"})", headers);
    };
  }

  FakeCosmos cosmos_;
  CosmosOptions options_ = FakeOptions();
  ManualClock clock_;
  std::unique_ptr<Destination> destination_;
  std::unique_ptr<Writer> writer_;
  const Document a_ = Upsert("a", "[\"p\"]", R"({"id":"a","pk":"p"})");
  const Document b_ = Upsert("b", "[\"p\"]", R"({"id":"b","pk":"p"})");
};

TEST_F(CosmosWriterTest, SendsOneBulkRequestAndCountsItsCost) {
  Answer(201);
  const Result<WriteReport> report = Write(WriteMode::kMirror, {a_, Delete("d", "[\"p\"]")});
  ASSERT_TRUE(report.ok());
  EXPECT_THAT(report->outcomes, ElementsAre(RowOutcome::kInserted, RowOutcome::kDeleted));
  EXPECT_TRUE(report->failures.empty());
  EXPECT_EQ(report->requests, 1u);
  EXPECT_DOUBLE_EQ(report->cost, 5.5);
  const std::vector<SeenRequest> sent = cosmos_.writes();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(report->bytes_sent, sent[0].body.size());
  EXPECT_EQ(sent[0].http.url,
            "https://contoso-westeurope.documents.azure.com:443/dbs/shop/colls/orders/docs");
  EXPECT_FALSE(sent[0].http.repeatable);
  EXPECT_EQ(sent[0].Header("x-ms-documentdb-partitionkeyrangeid"), "0");
  EXPECT_EQ(sent[0].Header("x-ms-cosmos-is-batch-request"), "True");
  EXPECT_EQ(sent[0].Header("x-ms-cosmos-batch-atomic"), "False");
  EXPECT_EQ(sent[0].Header("x-ms-cosmos-batch-continue-on-error"), "True");
  EXPECT_EQ(sent[0].Header("x-ms-documentdb-partitionkey"), "");
  EXPECT_EQ(sent[0].Header("x-ms-cosmos-allow-tentative-writes"), "");
  EXPECT_EQ(sent[0].Header("prefer"), "return=minimal");
  EXPECT_EQ(
      sent[0].body,
      R"([{"operationType":"Upsert","partitionKey":"[\"p\"]","resourceBody":{"id":"a","pk":"p"}},)"
      R"({"operationType":"Delete","partitionKey":"[\"p\"]","id":"d"}])");
}

TEST_F(CosmosWriterTest, OneBadRowDoesNotTouchItsNeighbours) {
  cosmos_.documents = [](const SeenRequest&) {
    return FakeResponse(207,
                        R"([{"statusCode":201},{"statusCode":400,"message":"bad id"},)"
                        R"({"statusCode":429,"subStatusCode":3200,"retryAfterMilliseconds":17}])");
  };
  const Result<WriteReport> report =
      Write(WriteMode::kUpsert, {a_, b_, Upsert("c", "[\"p\"]", "{}")});
  EXPECT_THAT(report->outcomes,
              ElementsAre(RowOutcome::kInserted, RowOutcome::kFailed, RowOutcome::kFailed));
  ASSERT_EQ(report->failures.size(), 2u);
  EXPECT_EQ(report->failures[0].index, 1u);
  EXPECT_EQ(report->failures[0].disposition, Disposition::kReject);
  EXPECT_EQ(report->failures[0].reason, "http_400");
  EXPECT_THAT(std::string(report->failures[0].status.message()), HasSubstr("bad id"));
  EXPECT_EQ(report->failures[1].index, 2u);
  EXPECT_EQ(report->failures[1].disposition, Disposition::kRetry);
  EXPECT_EQ(report->failures[1].reason, "throttled");
  EXPECT_EQ(report->failures[1].status.code(), StatusCode::kThrottled);
  EXPECT_EQ(report->failures[1].status.retry_after(), std::chrono::milliseconds(17));
  EXPECT_EQ(report->throttled_requests, 1u);
}

TEST_F(CosmosWriterTest, AThrottledRequestPutsEveryRowBackWithItsWait) {
  AnswerWholeRequest(
      429,
      {{"x-ms-retry-after-ms", "70"}, {"x-ms-substatus", "3200"}, {"x-ms-request-charge", "0.38"}});
  const Result<WriteReport> report = Write(WriteMode::kUpsert, {a_, b_});
  ASSERT_EQ(report->failures.size(), 2u);
  for (const RowFailure& failure : report->failures) {
    EXPECT_EQ(failure.disposition, Disposition::kRetry);
    EXPECT_EQ(failure.status.retry_after(), std::chrono::milliseconds(70));
  }
  EXPECT_EQ(report->throttled_requests, 1u);
  EXPECT_DOUBLE_EQ(report->cost, 0.38);
}

struct BadAnswer {
  const char* what;
  const char* body;
};

TEST_F(CosmosWriterTest, AnAnswerThatCannotBeReadLeavesEveryRowUnsure) {
  const BadAnswer answers[] = {
      {"too few results", R"([{"statusCode":201}])"},
      {"too many results", R"([{"statusCode":201},{"statusCode":201},{"statusCode":201}])"},
      {"no results", "[]"},
      {"cut off in a result", R"([{"statusCode":201},{"statusCo)"},
      {"cut off between results", R"([{"statusCode":201},)"},
      {"cut off before the end", R"([{"statusCode":201},{"statusCode":201})"},
      {"nothing", ""},
      {"no array", R"({"statusCode":201})"},
      {"a result without status", R"([{"statusCode":201},{}])"},
      {"a status that is none", R"([{"statusCode":201},{"statusCode":0}])"},
      {"a result that is none", R"([{"statusCode":201},7])"},
  };
  for (const BadAnswer& answer : answers) {
    cosmos_.documents = [&](const SeenRequest&) { return FakeResponse(200, answer.body); };
    const Result<WriteReport> report = Write(WriteMode::kUpsert, {a_, b_});
    ASSERT_TRUE(report.ok());
    EXPECT_THAT(report->outcomes, ElementsAre(RowOutcome::kFailed, RowOutcome::kFailed))
        << answer.what;
    ASSERT_EQ(report->failures.size(), 2u) << answer.what;
    EXPECT_EQ(report->failures[0].disposition, Disposition::kUnsure) << answer.what;
    EXPECT_EQ(report->failures[1].disposition, Disposition::kUnsure) << answer.what;
  }
}

struct TransportFailure {
  Status status;
  Disposition disposition;
};

TEST_F(CosmosWriterTest, ATransportFailureSaysWhetherTheRowsMayBeThere) {
  const TransportFailure failures[] = {
      {Unsure("closed before the answer"), Disposition::kUnsure},
      {Unavailable("connection refused"), Disposition::kRetry},
      {Cancelled("stopped"), Disposition::kRetry},
      {Unauthenticated("certificate"), Disposition::kStop},
      {InvalidArgument("plain http"), Disposition::kStop},
  };
  for (const TransportFailure& failure : failures) {
    cosmos_.documents = [&](const SeenRequest&) -> Result<HttpResponse> { return failure.status; };
    const Result<WriteReport> report = Write(WriteMode::kUpsert, {a_});
    ASSERT_TRUE(report.ok());
    ASSERT_EQ(report->failures.size(), 1u);
    EXPECT_EQ(report->failures[0].disposition, failure.disposition) << failure.status.ToString();
    EXPECT_EQ(cosmos_.writes().size(), 1u + static_cast<size_t>(&failure - failures))
        << "never sent twice";
  }
}

TEST_F(CosmosWriterTest, AStopBeforeSendingSendsNothing) {
  std::stop_source stop;
  Answer(201);
  ASSERT_TRUE(Write(WriteMode::kUpsert, {a_}).ok());
  stop.request_stop();
  const Result<WriteReport> report = Write(WriteMode::kUpsert, {b_}, {.stop = stop.get_token()});
  EXPECT_EQ(report->failures[0].disposition, Disposition::kRetry);
  EXPECT_EQ(cosmos_.writes().size(), 1u);
}

// "tenant1" lies in the lower half of the key space, "tenant2" in the upper one.
TEST_F(CosmosWriterTest, RowsOfTwoRangesTravelInTwoRequestsAndKeepTheirPlaces) {
  cosmos_.ranges = {{"0", "", "1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"},
                    {"1", "1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", "FF"}};
  cosmos_.documents = [](const SeenRequest& request) {
    const bool low = request.Header("x-ms-documentdb-partitionkeyrangeid") == "0";
    return FakeCosmos::AllAnswered(request, low ? 201 : 429, low ? 0 : 3200);
  };
  const Result<WriteReport> report = Write(
      WriteMode::kUpsert, {Upsert("1", "[\"tenant2\"]", "{}"), Upsert("2", "[\"tenant1\"]", "{}"),
                           Upsert("3", "[\"tenant2\"]", "{}"), Upsert("4", "[\"tenant1\"]", "{}")});
  EXPECT_THAT(report->outcomes, ElementsAre(RowOutcome::kFailed, RowOutcome::kInserted,
                                            RowOutcome::kFailed, RowOutcome::kInserted));
  ASSERT_EQ(report->failures.size(), 2u);
  EXPECT_EQ(report->failures[0].index, 0u);
  EXPECT_EQ(report->failures[1].index, 2u);
  EXPECT_EQ(report->requests, 2u);
}

class SplitTest : public CosmosWriterTest, public testing::WithParamInterface<int> {};

TEST_P(SplitTest, AfterASplitTheRowsGoToTheChildren) {
  cosmos_.documents = [this](const SeenRequest& request) {
    if (request.Header("x-ms-documentdb-partitionkeyrangeid") != "0") {
      return FakeCosmos::AllAnswered(request, 201);
    }
    const std::string middle = "1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF";
    cosmos_.ranges = {{"0", "", "FF"}, {"1", "", middle, {"0"}}, {"2", middle, "FF", {"0"}}};
    return FakeResponse(410, "{\"message\":\"gone\"}",
                        {{"x-ms-substatus", std::to_string(GetParam())}});
  };
  const std::vector<Document> rows = {Upsert("1", "[\"tenant2\"]", "{}"),
                                      Upsert("2", "[\"tenant1\"]", "{}")};
  const Result<WriteReport> first = Write(WriteMode::kUpsert, rows);
  ASSERT_EQ(first->failures.size(), 2u);
  EXPECT_EQ(first->failures[0].disposition, Disposition::kRetry);
  EXPECT_EQ(first->requests, 1u) << "the writer itself does not send again";
  const Result<WriteReport> second = Write(WriteMode::kUpsert, rows);
  EXPECT_THAT(second->outcomes, ElementsAre(RowOutcome::kInserted, RowOutcome::kInserted));
  const std::vector<SeenRequest> sent = cosmos_.writes();
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[1].Header("x-ms-documentdb-partitionkeyrangeid"), "1");
  EXPECT_THAT(sent[1].body, HasSubstr("tenant1"));
  EXPECT_EQ(sent[2].Header("x-ms-documentdb-partitionkeyrangeid"), "2");
  EXPECT_THAT(sent[2].body, HasSubstr("tenant2"));
}

INSTANTIATE_TEST_SUITE_P(SubStatuses, SplitTest, testing::Values(0, 1002, 1007, 1008));

TEST_F(CosmosWriterTest, ASplitThatIsNotFinishedYetKeepsTheRowsForLater) {
  AnswerWholeRequest(410, {{"x-ms-substatus", "1007"}});
  for (int i = 0; i < 3; ++i) {
    const Result<WriteReport> report = Write(WriteMode::kUpsert, {a_});
    EXPECT_EQ(report->failures[0].disposition, Disposition::kRetry);
    EXPECT_EQ(report->failures[0].reason, "range_splitting");
  }
  Answer(200);
  EXPECT_TRUE(Write(WriteMode::kUpsert, {a_})->failures.empty());
}

TEST_F(CosmosWriterTest, ACulpritOfAWholeRequestIsFoundByHalving) {
  cosmos_.documents = [](const SeenRequest& request) {
    if (request.body.find("\"culprit\"") == std::string::npos) {
      return FakeCosmos::AllAnswered(request, 201);
    }
    return FakeResponse(413, R"({"message":"Request size is too large"})");
  };
  std::vector<Document> rows(100, a_);
  rows[37] = Upsert("culprit", "[\"p\"]", R"({"id":"culprit"})");
  const Result<WriteReport> report = Write(WriteMode::kUpsert, rows);
  ASSERT_EQ(report->failures.size(), 1u);
  EXPECT_EQ(report->failures[0].index, 37u);
  EXPECT_EQ(report->failures[0].disposition, Disposition::kReject);
  EXPECT_EQ(report->failures[0].reason, "too_large");
  EXPECT_LE(report->requests, 1u + 2 * 7u);
}

TEST_F(CosmosWriterTest, MoreThanAHundredOperationsTakeSeveralRequests) {
  Answer(201);
  const Result<WriteReport> report = Write(WriteMode::kUpsert, std::vector<Document>(250, a_));
  EXPECT_TRUE(report->failures.empty());
  EXPECT_EQ(report->requests, 3u);
}

TEST_F(CosmosWriterTest, ADocumentTooLargeForABulkRequestGoesAlone) {
  cosmos_.documents = [](const SeenRequest& request) {
    const bool bulk = !request.Header("x-ms-cosmos-is-batch-request").empty();
    return bulk ? FakeCosmos::AllAnswered(request, 201)
                : FakeResponse(201, "", {{"x-ms-request-charge", "900"}});
  };
  const std::string large = R"({"id":"l","text":")" + std::string((2 << 20) - 30, 'x') + "\"}";
  const Result<WriteReport> report =
      Write(WriteMode::kUpsert, {a_, Upsert("l", "[\"p\"]", large), b_});
  EXPECT_TRUE(report->failures.empty());
  const std::vector<SeenRequest> sent = cosmos_.writes();
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[1].Header("x-ms-documentdb-is-upsert"), "True");
  EXPECT_EQ(sent[1].Header("x-ms-documentdb-partitionkey"), "[\"p\"]");
  EXPECT_EQ(sent[1].body, large);
}

TEST_F(CosmosWriterTest, AnUnusablePartitionKeyRejectsItsRowWithoutARequest) {
  Answer(201);
  const Result<WriteReport> report =
      Write(WriteMode::kUpsert, {Upsert("x", "[[1]]", "{}"), a_, Upsert("y", "", "{}")});
  EXPECT_THAT(report->outcomes,
              ElementsAre(RowOutcome::kFailed, RowOutcome::kInserted, RowOutcome::kFailed));
  EXPECT_EQ(report->failures[0].disposition, Disposition::kReject);
  EXPECT_EQ(report->failures[1].disposition, Disposition::kReject);
  EXPECT_EQ(cosmos_.writes().size(), 1u);
}

TEST_F(CosmosWriterTest, ARegionThatMovedIsFoundAgainBeforeTheNextWrite) {
  AnswerWholeRequest(403, {{"x-ms-substatus", "3"}});
  EXPECT_EQ(Write(WriteMode::kUpsert, {a_})->failures[0].disposition, Disposition::kRetry);
  cosmos_.account = R"({"writableLocations":[{"name":"North Europe","databaseAccountEndpoint":)"
                    R"("https://contoso-northeurope.documents.azure.com/"}]})";
  Answer(201);
  EXPECT_TRUE(Write(WriteMode::kUpsert, {a_})->failures.empty());
  EXPECT_THAT(cosmos_.writes().back().http.url, HasSubstr("contoso-northeurope"));
}

TEST_F(CosmosWriterTest, AnAccountWithSeveralWriteRegionsGetsItsHeader) {
  cosmos_.account = R"({"enableMultipleWriteLocations":true,"writableLocations":[)"
                    R"({"name":"A","databaseAccountEndpoint":"https://a.example.com/"},)"
                    R"({"name":"B","databaseAccountEndpoint":"https://b.example.com/"}]})";
  options_.preferred_regions = {"B"};
  Answer(201);
  EXPECT_TRUE(Write(WriteMode::kUpsert, {a_})->failures.empty());
  EXPECT_EQ(cosmos_.writes()[0].Header("x-ms-cosmos-allow-tentative-writes"), "true");
  EXPECT_THAT(cosmos_.writes()[0].http.url, HasSubstr("b.example.com"));
  cosmos_.documents = [](const SeenRequest& request) -> Result<HttpResponse> {
    if (request.http.url.find("b.example") != std::string::npos) return Unavailable("refused");
    return FakeCosmos::AllAnswered(request, 201);
  };
  EXPECT_EQ(Write(WriteMode::kUpsert, {a_})->failures[0].disposition, Disposition::kRetry);
  EXPECT_TRUE(Write(WriteMode::kUpsert, {a_})->failures.empty()) << "goes to region A";
}

TEST_F(CosmosWriterTest, AContainerMadeAnewStopsTheRun) {
  Answer(201);
  ASSERT_TRUE(Write(WriteMode::kUpsert, {a_})->failures.empty());
  EXPECT_EQ(cosmos_.writes()[0].Header("x-ms-cosmos-intended-collection-rid"), "rid1");
  const std::string made_first = cosmos_.container;
  for (const auto& [status, sub_status] : {std::pair(410, "1000"), std::pair(400, "1024")}) {
    for (const bool bulk : {true, false}) {
      options_.bulk = bulk;
      cosmos_.container = made_first;
      writer_.reset();
      destination_.reset();
      AnswerWholeRequest(status, {{"x-ms-substatus", sub_status}});
      EXPECT_EQ(Write(WriteMode::kUpsert, {a_})->failures[0].disposition, Disposition::kRetry)
          << "the same container: only a stale cache";
      cosmos_.container.replace(cosmos_.container.find("rid1"), 4, "rid2");
      EXPECT_EQ(Write(WriteMode::kUpsert, {a_})->failures[0].disposition, Disposition::kStop);
    }
  }
}

TEST_F(CosmosWriterTest, PriorityAndBucketAreAskedForOnEveryWrite) {
  options_.priority_level = "Low";
  options_.throughput_bucket = 2;
  Answer(201);
  ASSERT_TRUE(Write(WriteMode::kUpsert, {a_}).ok());
  EXPECT_EQ(cosmos_.writes()[0].Header("x-ms-cosmos-priority-level"), "Low");
  EXPECT_EQ(cosmos_.writes()[0].Header("x-ms-cosmos-throughput-bucket"), "2");
}

TEST_F(CosmosWriterTest, WithoutBulkEachDocumentIsARequest) {
  options_.bulk = false;
  cosmos_.documents = [](const SeenRequest& request) {
    const bool bad = request.http.method == HttpMethod::kDelete;
    return bad ? FakeResponse(404, R"({"message":"no such item"})")
               : FakeResponse(201, "", {{"x-ms-request-charge", "6"}});
  };
  const Result<WriteReport> report =
      Write(WriteMode::kMirror,
            {Upsert("\xC3\xBC/1", "[\"\xC3\xBC\"]", R"({"id":"1"})"), Delete("d", "[1]")});
  EXPECT_THAT(report->outcomes, ElementsAre(RowOutcome::kInserted, RowOutcome::kNotFound));
  EXPECT_EQ(report->requests, 2u);
  EXPECT_DOUBLE_EQ(report->cost, 6);
  const std::vector<SeenRequest> sent = cosmos_.writes();
  EXPECT_EQ(sent[0].http.method, HttpMethod::kPost);
  EXPECT_EQ(sent[0].Header("x-ms-documentdb-partitionkey"), R"(["\u00fc"])");
  EXPECT_EQ(sent[0].Header("x-ms-documentdb-is-upsert"), "True");
  EXPECT_TRUE(sent[1].http.url.ends_with("/docs/d"));
}

}  // namespace
}  // namespace spillway::cosmosdb
