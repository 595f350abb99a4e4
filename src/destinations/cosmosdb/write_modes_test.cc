// The write modes as they travel: which operations a mode sends, and how rows with a history are
// settled.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "destinations/cosmosdb/cosmos_destination.h"
#include "destinations/cosmosdb/fake_cosmos.h"

namespace spillway::cosmosdb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class WriteModesTest : public testing::Test {
 protected:
  Document Row(Intent intent, std::string_view body, std::string_view etag = {}) {
    Document document;
    document.intent = intent;
    document.id = "1";
    document.partition_key = "[\"p\"]";
    document.body = body;
    document.etag = etag;
    return document;
  }
  WriteReport Write(WriteMode mode, const std::vector<Document>& documents) {
    destination_ = *MakeCosmosDestination(options_, cosmos_.factory(), clock_);
    const auto writer = *destination_->OpenWriter(mode, {});
    Result<WriteReport> report = writer->Write(documents, {});
    EXPECT_TRUE(report.ok());
    return *std::move(report);
  }
  // The bulk answers in order; reads of items get `item_`.
  void Answer(std::vector<std::string> bodies) {
    bulk_answers_ = std::move(bodies);
    cosmos_.documents = [this](const SeenRequest& request) -> Result<HttpResponse> {
      if (request.http.method == HttpMethod::kGet) return item_;
      const std::string body = bulk_answers_.at(0);
      bulk_answers_.erase(bulk_answers_.begin());
      return FakeResponse(207, body);
    };
  }
  std::string Sent(size_t index) const { return cosmos_.writes().at(index).body; }

  FakeCosmos cosmos_;
  CosmosOptions options_ = FakeOptions();
  ManualClock clock_;
  std::unique_ptr<Destination> destination_;
  std::vector<std::string> bulk_answers_;
  Result<HttpResponse> item_ = FakeResponse(404, "{}");
};

TEST_F(WriteModesTest, UpsertNeverDeletes) {
  const WriteReport report = Write(WriteMode::kUpsert, {Row(Intent::kDelete, "")});
  EXPECT_THAT(report.outcomes, ElementsAre(RowOutcome::kSuppressed));
  EXPECT_EQ(report.requests, 0u);
}

TEST_F(WriteModesTest, TheEtagDecidesBetweenCreateAndConditionalReplace) {
  Answer({R"([{"statusCode":201},{"statusCode":412}])"});
  const WriteReport report = Write(
      WriteMode::kUpsertIfNotModified,
      {Row(Intent::kUpsert, R"({"id":"1"})"), Row(Intent::kUpsert, R"({"id":"1"})", "\"e\"")});
  EXPECT_THAT(report.outcomes, ElementsAre(RowOutcome::kInserted, RowOutcome::kSuppressed));
  EXPECT_EQ(Sent(0),
            R"([{"operationType":"Create","partitionKey":"[\"p\"]","resourceBody":{"id":"1"}},)"
            R"({"operationType":"Replace","partitionKey":"[\"p\"]","id":"1","ifMatch":"\"e\"",)"
            R"("resourceBody":{"id":"1"}}])");
}

TEST_F(WriteModesTest, AConditionalDeleteNeedsAnEtag) {
  Answer({R"([{"statusCode":204}])"});
  const WriteReport report =
      Write(WriteMode::kDeleteIfNotModified,
            {Row(Intent::kUpsert, "{}"), Row(Intent::kUpsert, "{}", "\"e\"")});
  EXPECT_THAT(report.outcomes, ElementsAre(RowOutcome::kFailed, RowOutcome::kDeleted));
  EXPECT_EQ(report.failures[0].reason, "etag_missing");
  EXPECT_EQ(Sent(0),
            R"([{"operationType":"Delete","partitionKey":"[\"p\"]","id":"1","ifMatch":"\"e\""}])");
}

TEST_F(WriteModesTest, APatchOfManyFieldsTravelsInPartsAndIsOneRow) {
  std::string body = "{\"id\":\"1\",\"pk\":\"p\"";
  for (int i = 0; i < 25; ++i) body += ",\"f" + std::to_string(i) + "\":" + std::to_string(i);
  body += "}";
  const Document row = Row(Intent::kUpsert, body);
  Answer({R"([{"statusCode":200},{"statusCode":200},{"statusCode":200}])"});
  EXPECT_THAT(Write(WriteMode::kPatch, {row}).outcomes, ElementsAre(RowOutcome::kReplaced));
  EXPECT_THAT(Sent(0), Not(HasSubstr("\"path\":\"/pk\"")));
  for (const char* answer : {R"([{"statusCode":200},{"statusCode":200},{"statusCode":429}])",
                             R"([{"statusCode":429},{"statusCode":200},{"statusCode":200}])"}) {
    Answer({answer});
    const WriteReport report = Write(WriteMode::kPatch, {row});
    EXPECT_THAT(report.outcomes, ElementsAre(RowOutcome::kFailed)) << answer;
    ASSERT_EQ(report.failures.size(), 1u) << answer;
    EXPECT_EQ(report.failures[0].disposition, Disposition::kRetry) << "setting again is harmless";
  }
}

TEST_F(WriteModesTest, TheStatusTellsWhetherADocumentWasThere) {
  std::vector<Document> rows(4, Row(Intent::kUpsert, R"({"id":"1"})"));
  rows[2].after_unsure = rows[3].after_unsure = true;
  Answer({R"([{"statusCode":201},{"statusCode":200},{"statusCode":201},{"statusCode":200}])"});
  EXPECT_THAT(Write(WriteMode::kMirror, rows).outcomes,
              ElementsAre(RowOutcome::kInserted, RowOutcome::kReplaced, RowOutcome::kInserted,
                          RowOutcome::kUpserted))
      << "what was replaced after an unsure write may be that very write's";
}

TEST_F(WriteModesTest, APatchWithoutFieldsIsRejected) {
  const WriteReport report =
      Write(WriteMode::kPatch, {Row(Intent::kUpsert, R"({"id":"1","pk":"p"})")});
  EXPECT_EQ(report.failures.at(0).reason, "no_fields");
  EXPECT_EQ(report.failures.at(0).disposition, Disposition::kReject);
}

TEST_F(WriteModesTest, SoftDeleteSetsTheGivenFields) {
  Answer({R"([{"statusCode":200},{"statusCode":404}])"});
  const WriteReport report = Write(
      WriteMode::kSoftDelete,
      {Row(Intent::kDelete, R"({"deleted":true})"), Row(Intent::kDelete, R"({"deleted":true})")});
  EXPECT_THAT(report.outcomes, ElementsAre(RowOutcome::kDeleted, RowOutcome::kNotFound));
  EXPECT_THAT(Sent(0), HasSubstr(R"({"op":"set","path":"/deleted","value":true})"));
}

TEST_F(WriteModesTest, SoftDeleteWithoutFieldsIsRejected) {
  EXPECT_EQ(Write(WriteMode::kSoftDelete, {Row(Intent::kDelete, "")}).failures.at(0).reason,
            "no_fields");
}

TEST_F(WriteModesTest, MergingReadsSetsAndWritesWhileUnchanged) {
  Answer(
      {R"([{"statusCode":200,"eTag":"\"e1\"","resourceBody":{"id":"1","a":1,"b":{"c":1},"_ts":5}},)"
       R"({"statusCode":404}])",
       R"([{"statusCode":200},{"statusCode":201}])"});
  const WriteReport report =
      Write(WriteMode::kMergeFields, {Row(Intent::kUpsert, R"({"id":"1","b":{"d":2}})"),
                                      Row(Intent::kUpsert, R"({"id":"1","n":0})")});
  EXPECT_THAT(report.outcomes, ElementsAre(RowOutcome::kReplaced, RowOutcome::kInserted));
  EXPECT_THAT(Sent(0), HasSubstr(R"({"operationType":"Read","partitionKey":"[\"p\"]","id":"1"})"));
  EXPECT_EQ(
      Sent(1),
      R"([{"operationType":"Replace","partitionKey":"[\"p\"]","id":"1","ifMatch":"\"e1\"",)"
      R"("resourceBody":{"id":"1","a":1,"b":{"c":1,"d":2}}},)"
      R"({"operationType":"Create","partitionKey":"[\"p\"]","resourceBody":{"id":"1","n":0}}])");
}

TEST_F(WriteModesTest, AMergeThatMeetsAnotherWriterStartsOver) {
  for (const char* status : {"412", "409", "404", "429"}) {
    Answer({R"([{"statusCode":200,"eTag":"\"e1\"","resourceBody":{"id":"1"}}])",
            "[{\"statusCode\":" + std::string(status) + "}]"});
    const WriteReport report = Write(WriteMode::kMergeFields, {Row(Intent::kUpsert, R"({"n":0})")});
    EXPECT_EQ(report.failures.at(0).disposition, Disposition::kRetry) << status;
  }
}

TEST_F(WriteModesTest, AMergeWhoseReadFailedChangedNothing) {
  Answer({R"([{"statusCode":500}])"});
  EXPECT_EQ(Write(WriteMode::kMergeFields, {Row(Intent::kUpsert, "{\"n\":0}")})
                .failures.at(0)
                .disposition,
            Disposition::kRetry);
}

struct Settled {
  const char* what;
  Result<HttpResponse> item;
  RowOutcome outcome;
};

TEST_F(WriteModesTest, AConflictAfterAnUnsureCreateIsSettledByTheItem) {
  const Settled cases[] = {
      {"ours", FakeResponse(200, R"({"_ts":1,"a":1.0,"id":"1"})"), RowOutcome::kUpserted},
      {"another's", FakeResponse(200, R"({"a":2,"id":"1"})"), RowOutcome::kSuppressed},
      {"gone again", FakeResponse(404, "{}"), RowOutcome::kSuppressed},
      {"not readable", Unavailable("refused"), RowOutcome::kFailed},
  };
  Document row = Row(Intent::kUpsert, R"({"id":"1","a":1})");
  row.after_unsure = true;
  for (const Settled& c : cases) {
    Answer({R"([{"statusCode":409}])"});
    item_ = c.item;
    const WriteReport report = Write(WriteMode::kAppend, {row});
    EXPECT_THAT(report.outcomes, ElementsAre(c.outcome)) << c.what;
    if (c.outcome == RowOutcome::kFailed) {
      EXPECT_EQ(report.failures.at(0).disposition, Disposition::kUnsure);
    }
  }
}

TEST_F(WriteModesTest, AConflictWithoutAnUnsurePastNeedsNoReading) {
  Answer({R"([{"statusCode":409}])"});
  EXPECT_THAT(Write(WriteMode::kAppend, {Row(Intent::kUpsert, R"({"id":"1"})")}).outcomes,
              ElementsAre(RowOutcome::kSuppressed));
  EXPECT_EQ(cosmos_.writes().size(), 1u);
}

TEST_F(WriteModesTest, AnEtagMismatchAfterAnUnsureReplaceIsSettledByTheItem) {
  Answer({R"([{"statusCode":412}])"});
  item_ = FakeResponse(200, R"({"id":"1"})");
  Document row = Row(Intent::kUpsert, R"({"id":"1"})", "\"e\"");
  row.after_unsure = true;
  EXPECT_THAT(Write(WriteMode::kUpsertIfNotModified, {row}).outcomes,
              ElementsAre(RowOutcome::kUpserted));
}

}  // namespace
}  // namespace spillway::cosmosdb
