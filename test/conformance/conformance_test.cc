// Every destination passes this suite through the contract alone.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "conformance/conformance_subject.h"
#include "json/canonical_hash.h"
#include "json/document_key.h"

namespace spillway {
namespace {

using ::testing::AnyOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

auto IsUpserted() {
  return AnyOf(RowOutcome::kUpserted, RowOutcome::kInserted, RowOutcome::kReplaced);
}

class Conformance : public ::testing::TestWithParam<NamedSubject> {
 protected:
  void SetUp() override {
    subject_ = GetParam().make();
    Reopen();
  }

  // What another process would see: nothing is left in memory.
  void Reopen() {
    destination_.reset();
    auto opened = subject_->Open();
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    destination_ = *std::move(opened);
    const auto prepared = destination_->Prepare(false, {});
    ASSERT_TRUE(prepared.ok()) << prepared.status().ToString();
    const auto planned = destination_->PlanLanes(4, {});
    ASSERT_TRUE(planned.ok()) << planned.status().ToString();
    lanes_ = *planned;
  }

  Document Make(Intent intent, const std::string& key, const std::string& id, std::string body) {
    Document document;
    document.intent = intent;
    document.partition_key = Keep("[\"" + key + "\"]");
    document.id = Keep(id);
    document.body = Keep(std::move(body));
    document.identity = DocumentIdentity(document.partition_key, document.id);
    document.route = destination_->Route(document);
    document.row = row_++;
    return document;
  }
  Document Upsert(const std::string& key, const std::string& id, const std::string& value = "1") {
    return Make(Intent::kUpsert, key, id,
                fmt::format(R"({{"id":"{}","k":"{}","v":{}}})", id, key, value));
  }
  Document Delete(const std::string& key, const std::string& id) {
    return Make(Intent::kDelete, key, id, "");
  }

  bool HasMode(WriteMode mode) const {
    const auto& modes = destination_->capabilities().modes;
    return std::find(modes.begin(), modes.end(), mode) != modes.end();
  }

  Result<WriteReport> TryWrite(const std::vector<Document>& documents,
                               WriteMode mode = WriteMode::kMirror, const CallContext& ctx = {}) {
    ASSIGN_OR_RETURN(const auto writer, destination_->OpenWriter(mode, ctx));
    return writer->Write(documents, ctx);
  }

  // In writes as large as the destination takes; every row must succeed.
  std::vector<RowOutcome> Write(const std::vector<Document>& documents,
                                WriteMode mode = WriteMode::kMirror) {
    std::vector<RowOutcome> outcomes;
    const size_t step = destination_->capabilities().rows_max;
    for (size_t i = 0; i < documents.size(); i += step) {
      const std::vector<Document> part(
          documents.begin() + static_cast<std::ptrdiff_t>(i),
          documents.begin() + static_cast<std::ptrdiff_t>(std::min(i + step, documents.size())));
      const auto report = TryWrite(part, mode);
      EXPECT_TRUE(report.ok()) << report.status().ToString();
      if (!report.ok()) return outcomes;
      ExpectWellFormed(part, *report);
      EXPECT_THAT(report->failures, IsEmpty());
      outcomes.insert(outcomes.end(), report->outcomes.begin(), report->outcomes.end());
    }
    return outcomes;
  }

  static void ExpectWellFormed(const std::vector<Document>& documents, const WriteReport& report) {
    ASSERT_EQ(report.outcomes.size(), documents.size());
    std::vector<uint32_t> failed;
    for (uint32_t i = 0; i < report.outcomes.size(); ++i) {
      if (report.outcomes[i] == RowOutcome::kFailed) failed.push_back(i);
    }
    std::vector<uint32_t> named;
    for (const RowFailure& failure : report.failures) {
      named.push_back(failure.index);
      EXPECT_FALSE(failure.status.ok());
      EXPECT_FALSE(failure.reason.empty());
    }
    EXPECT_EQ(named, failed) << "one failure per failed row, in order";
  }

  struct Stored {
    std::string body;
    std::string partition_key;
    std::string id;
  };
  std::vector<Stored> ReadAll() {
    std::vector<Stored> all;
    const auto readers = destination_->OpenReaders({});
    EXPECT_TRUE(readers.ok()) << readers.status().ToString();
    if (!readers.ok()) return all;
    for (const auto& reader : *readers) {
      while (true) {
        const auto page = reader->NextPage({});
        EXPECT_TRUE(page.ok()) << page.status().ToString();
        if (!page.ok() || page->empty()) break;
        for (const StoredDocument& document : *page) {
          all.push_back({std::string(document.body), std::string(document.partition_key),
                         std::string(document.id)});
        }
      }
    }
    return all;
  }

  // The store holds exactly these documents, read by pages and read one by one.
  void ExpectHolds(const std::vector<Document>& expected) {
    const auto ignored = subject_->system_fields();
    std::map<std::string, Hash128> stored;
    for (const Stored& document : ReadAll()) {
      const bool fresh =
          stored
              .emplace(document.partition_key + document.id, *CanonicalHash(document.body, ignored))
              .second;
      EXPECT_TRUE(fresh) << "stored twice: " << document.partition_key << document.id;
    }
    EXPECT_EQ(stored.size(), expected.size());
    for (const Document& document : expected) {
      const std::string key = std::string(document.partition_key) + std::string(document.id);
      ASSERT_TRUE(stored.contains(key)) << key;
      EXPECT_EQ(stored[key], *CanonicalHash(document.body, {})) << document.body;
      const auto one = destination_->ReadOne(document.partition_key, document.id, {});
      ASSERT_TRUE(one.ok()) << one.status().ToString();
      ASSERT_TRUE(one->has_value()) << key;
      EXPECT_EQ(*CanonicalHash(**one, ignored), *CanonicalHash(document.body, {}));
    }
    ExpectReadsByKey(expected);
  }

  // Several at a time, and one among them that is not there.
  void ExpectReadsByKey(const std::vector<Document>& expected) {
    const auto reader = destination_->OpenKeyReader({});
    ASSERT_TRUE(reader.ok()) << reader.status().ToString();
    const size_t step = (*reader)->keys_max();
    for (size_t first = 0; first < expected.size(); first += step - 1) {
      const size_t last = std::min(first + step - 1, expected.size());
      std::vector<DocumentKey> keys{{"[\"nowhere\"]", "nobody"}};
      for (size_t i = first; i < last; ++i) {
        keys.push_back({expected[i].partition_key, expected[i].id});
      }
      const auto bodies = (*reader)->Read(keys, {});
      ASSERT_TRUE(bodies.ok()) << bodies.status().ToString();
      ASSERT_EQ(bodies->size(), keys.size());
      EXPECT_FALSE(bodies->front().has_value());
      for (size_t i = first; i < last; ++i) {
        const std::optional<std::string>& body = (*bodies)[1 + i - first];
        ASSERT_TRUE(body.has_value()) << expected[i].id;
        EXPECT_EQ(*CanonicalHash(*body, subject_->system_fields()),
                  *CanonicalHash(expected[i].body, {}));
      }
    }
  }

  std::string_view Keep(std::string text) {
    texts_.push_back(std::make_unique<std::string>(std::move(text)));
    return *texts_.back();
  }

  std::unique_ptr<ConformanceSubject> subject_;
  std::unique_ptr<Destination> destination_;
  LanePlan lanes_;
  uint32_t row_ = 0;
  std::vector<std::unique_ptr<std::string>> texts_;
};

TEST_P(Conformance, CheckSucceedsAndWritesNothing) {
  EXPECT_TRUE(destination_->Check({}).ok());
  ExpectHolds({});
}

TEST_P(Conformance, PreparingTwiceHasNothingLeftToDo) {
  const auto again = destination_->Prepare(false, {});
  ASSERT_TRUE(again.ok());
  EXPECT_THAT(again->steps, IsEmpty());
}

TEST_P(Conformance, UpsertsCreateAndReplace) {
  EXPECT_THAT(Write({Upsert("a", "1", "1"), Upsert("b", "1", "2")}),
              Each(AnyOf(RowOutcome::kUpserted, RowOutcome::kInserted)));
  EXPECT_THAT(Write({Upsert("a", "1", "3")}),
              ElementsAre(AnyOf(RowOutcome::kUpserted, RowOutcome::kReplaced)));
  ExpectHolds({Upsert("a", "1", "3"), Upsert("b", "1", "2")});
}

TEST_P(Conformance, WhatWasWrittenIsThereForTheNextProcess) {
  Write({Upsert("a", "1"), Upsert("b", "2")});
  Reopen();
  ExpectHolds({Upsert("a", "1"), Upsert("b", "2")});
}

TEST_P(Conformance, DeletesRemoveAndSayWhenThereWasNothing) {
  Write({Upsert("a", "1"), Upsert("a", "2")});
  EXPECT_THAT(Write({Delete("a", "1"), Delete("a", "3")}),
              ElementsAre(RowOutcome::kDeleted, RowOutcome::kNotFound));
  EXPECT_THAT(Write({Delete("a", "1")}), ElementsAre(RowOutcome::kNotFound));
  ExpectHolds({Upsert("a", "2")});
  const auto gone = destination_->ReadOne("[\"a\"]", "1", {});
  ASSERT_TRUE(gone.ok());
  EXPECT_FALSE(gone->has_value());
}

TEST_P(Conformance, AnIdIsUniqueWithinItsPartitionKeyOnly) {
  Write({Upsert("a", "same", "1"), Upsert("b", "same", "2")});
  Write({Delete("a", "same")});
  ExpectHolds({Upsert("b", "same", "2")});
}

TEST_P(Conformance, ValuesComeBackAsTheyWere) {
  std::vector<Document> documents;
  for (const char* value :
       {"null", "true", "false", "0", "-1.5", "1e300", "0.1", "9007199254740992", "\"\"", "[]",
        "{}", R"("quote \" backslash \\ newline \n nul \u0000 é 😀")", R"([1,[2,{"x":[null]}]])",
        R"({"nested":{"k":"not the key","id":"not the id"}})"}) {
    documents.push_back(Upsert("k" + std::to_string(documents.size() % 3),
                               "id" + std::to_string(documents.size()), value));
  }
  Write(documents);
  ExpectHolds(documents);
}

TEST_P(Conformance, KeysMayHoldAnyTextThatTheLimitsAllow) {
  std::vector<Document> documents;
  for (const char* text :
       {"plain", "two words", "é😀", "%2F", "a+b=c&d", "'single'", "a,b;c", "[x]"}) {
    documents.push_back(Upsert(text, text));
  }
  Write(documents);
  ExpectHolds(documents);
}

TEST_P(Conformance, FullWritesAreTaken) {
  std::vector<Document> documents;
  for (uint32_t i = 0; i < 2 * destination_->capabilities().rows_max + 1; ++i) {
    documents.push_back(Upsert("k" + std::to_string(i % 7), std::to_string(i), std::to_string(i)));
  }
  Write(documents);
  std::set<std::string> ids;
  for (const Stored& document : ReadAll()) ids.insert(document.id);
  EXPECT_EQ(ids.size(), documents.size());
}

TEST_P(Conformance, TheLastOfSeveralWritesOfAKeyStays) {
  const auto writer = destination_->OpenWriter(WriteMode::kMirror, {});
  ASSERT_TRUE(writer.ok());
  const auto write = [&](const Document& document) {
    const auto report = (*writer)->Write(std::vector{document}, {});
    ASSERT_TRUE(report.ok()) << report.status().ToString();
    EXPECT_THAT(report->failures, IsEmpty());
  };
  for (int i = 0; i < 20; ++i) write(Upsert("a", "1", std::to_string(i)));
  write(Delete("a", "1"));
  write(Upsert("a", "1", "99"));
  write(Upsert("a", "2", "1"));
  write(Delete("a", "2"));
  ExpectHolds({Upsert("a", "1", "99")});
}

TEST_P(Conformance, ReplayingWritesEndsInTheSameDocuments) {
  const std::vector<std::vector<Document>> history{{Upsert("a", "1", "1"), Upsert("b", "2", "1")},
                                                   {Upsert("a", "1", "2"), Delete("b", "2")},
                                                   {Upsert("c", "3", "1"), Delete("a", "9")}};
  for (const auto& documents : history) Write(documents);
  for (size_t from = 0; from < history.size(); ++from) {
    Reopen();
    for (size_t i = from; i < history.size(); ++i) Write(history[i]);
    ExpectHolds({Upsert("a", "1", "2"), Upsert("c", "3", "1")});
  }
}

TEST_P(Conformance, AppendLeavesWhatExists) {
  if (!HasMode(WriteMode::kAppend)) GTEST_SKIP() << "no mode append";
  Write({Upsert("a", "1", "1")});
  EXPECT_THAT(Write({Upsert("a", "1", "2"), Upsert("a", "2", "2")}, WriteMode::kAppend),
              ElementsAre(RowOutcome::kSuppressed, IsUpserted()));
  ExpectHolds({Upsert("a", "1", "1"), Upsert("a", "2", "2")});
}

TEST_P(Conformance, UpdateLeavesWhatIsMissing) {
  if (!HasMode(WriteMode::kUpdate)) GTEST_SKIP() << "no mode update";
  Write({Upsert("a", "1", "1")});
  EXPECT_THAT(Write({Upsert("a", "1", "2"), Upsert("a", "2", "2")}, WriteMode::kUpdate),
              ElementsAre(IsUpserted(), RowOutcome::kSuppressed));
  ExpectHolds({Upsert("a", "1", "2")});
}

TEST_P(Conformance, UpsertNeverDeletes) {
  if (!HasMode(WriteMode::kUpsert)) GTEST_SKIP() << "no mode upsert";
  Write({Upsert("a", "1", "1")});
  EXPECT_THAT(Write({Delete("a", "1"), Upsert("a", "2", "2")}, WriteMode::kUpsert),
              ElementsAre(RowOutcome::kSuppressed, IsUpserted()));
  ExpectHolds({Upsert("a", "1", "1"), Upsert("a", "2", "2")});
}

TEST_P(Conformance, DeleteTakesEveryRowAsADelete) {
  if (!HasMode(WriteMode::kDelete)) GTEST_SKIP() << "no mode delete";
  Write({Upsert("a", "1"), Upsert("a", "2")});
  EXPECT_THAT(Write({Upsert("a", "1"), Upsert("a", "3")}, WriteMode::kDelete),
              ElementsAre(RowOutcome::kDeleted, RowOutcome::kNotFound));
  ExpectHolds({Upsert("a", "2")});
}

TEST_P(Conformance, AModeThatTheDestinationLacksIsUnsupported) {
  for (const WriteMode mode :
       {WriteMode::kAppend, WriteMode::kUpdate, WriteMode::kUpsertIfNotModified, WriteMode::kPatch,
        WriteMode::kPatchIfExists, WriteMode::kMergeFields, WriteMode::kDeleteIfNotModified,
        WriteMode::kSoftDelete}) {
    if (HasMode(mode)) continue;
    EXPECT_EQ(destination_->OpenWriter(mode, {}).status().code(), StatusCode::kUnsupported);
  }
}

TEST_P(Conformance, ATooLargeDocumentIsRejectedAndTheOthersFlow) {
  const uint64_t bytes_max = destination_->capabilities().limits.document_bytes_max;
  if (bytes_max > (64u << 20)) GTEST_SKIP() << "no limit on the size of a document";
  const std::string text = "\"" + std::string(bytes_max, 'x') + "\"";
  const std::vector<Document> documents{Upsert("a", "1"), Upsert("a", "large", text),
                                        Upsert("a", "2")};
  // Beside small ones, and, as the engine sends what is over the target, alone.
  const auto report = TryWrite(documents);
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  ExpectWellFormed(documents, *report);
  for (const RowFailure& failure : report->failures) {
    const bool expected = failure.index == 1 ? failure.disposition == Disposition::kReject
                                             : failure.disposition == Disposition::kRetry;
    EXPECT_TRUE(expected) << failure.status.ToString();
  }
  const auto alone = TryWrite({documents[1]});
  ASSERT_TRUE(alone.ok()) << alone.status().ToString();
  ASSERT_EQ(alone->failures.size(), 1u);
  EXPECT_EQ(alone->failures[0].disposition, Disposition::kReject);
  EXPECT_EQ(alone->failures[0].status.code(), StatusCode::kTooLarge);
  Write({documents[0], documents[2]});
  ExpectHolds({documents[0], documents[2]});
}

TEST_P(Conformance, OneRefusedDocumentDoesNotTakeTheOthersWithIt) {
  const std::string body = subject_->RefusedBody("a", "bad");
  if (body.empty()) GTEST_SKIP() << "the store takes every document";
  const std::vector<Document> documents{Upsert("a", "1"), Make(Intent::kUpsert, "a", "bad", body),
                                        Upsert("b", "2")};
  const auto report = TryWrite(documents);
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  ExpectWellFormed(documents, *report);
  ASSERT_EQ(report->failures.size(), 1u);
  EXPECT_EQ(report->failures[0].index, 1u);
  EXPECT_EQ(report->failures[0].disposition, Disposition::kReject);
  ExpectHolds({documents[0], documents[2]});
}

TEST_P(Conformance, AThrottledWriteIsNotAppliedAndSaysSo) {
  if (!subject_->SetThrottled(true)) GTEST_SKIP() << "the store cannot throttle";
  const std::vector<Document> documents{Upsert("a", "1"), Upsert("b", "2")};
  const auto report = TryWrite(documents);
  if (report.ok()) {
    ExpectWellFormed(documents, *report);
    EXPECT_EQ(report->failures.size(), documents.size());
    EXPECT_GT(report->throttled_requests, 0u);
    for (const RowFailure& failure : report->failures) {
      EXPECT_EQ(failure.disposition, Disposition::kRetry);
      EXPECT_EQ(failure.status.code(), StatusCode::kThrottled);
    }
  } else {
    EXPECT_EQ(report.status().code(), StatusCode::kThrottled) << report.status().ToString();
  }
  subject_->SetThrottled(false);
  ExpectHolds({});
  Write(documents);
  ExpectHolds(documents);
}

TEST_P(Conformance, ALostAnswerIsUnsureAndWritingAgainIsSafe) {
  if (!subject_->LoseNextAnswer()) GTEST_SKIP() << "the store always answers";
  const std::vector<Document> documents{Upsert("a", "1", "1"), Upsert("b", "2", "2")};
  const auto report = TryWrite(documents);
  if (report.ok()) {
    ExpectWellFormed(documents, *report);
    EXPECT_FALSE(report->failures.empty());
    for (const RowFailure& failure : report->failures) {
      EXPECT_EQ(failure.disposition, Disposition::kUnsure) << failure.status.ToString();
    }
  } else {
    EXPECT_EQ(report.status().code(), StatusCode::kUnsure) << report.status().ToString();
  }
  Write(documents);
  ExpectHolds(documents);
}

TEST_P(Conformance, WithoutTheRightToWriteCheckFailsAndNothingIsWritten) {
  if (!subject_->CanRefuseAuthorisation()) GTEST_SKIP() << "this user may do everything";
  destination_.reset();
  auto opened = subject_->OpenUnauthorised();
  Status status = std::move(opened).status();
  if (opened.ok()) status = (*opened)->Check({});
  const bool refused = status.code() == StatusCode::kUnauthenticated ||
                       status.code() == StatusCode::kPermissionDenied;
  EXPECT_TRUE(refused) << status.ToString();
}

TEST_P(Conformance, AStoppedCallIsCancelledAndWritesNothing) {
  std::stop_source stop;
  stop.request_stop();
  CallContext ctx;
  ctx.stop = stop.get_token();
  const auto writer = destination_->OpenWriter(WriteMode::kMirror, {});
  ASSERT_TRUE(writer.ok());
  const std::vector<Document> documents{Upsert("a", "1")};
  const auto report = (*writer)->Write(documents, ctx);
  if (report.ok()) {
    ExpectWellFormed(documents, *report);
    ASSERT_EQ(report->failures.size(), 1u);
    EXPECT_EQ(report->failures[0].status.code(), StatusCode::kCancelled);
    EXPECT_NE(report->failures[0].disposition, Disposition::kUnsure);
    EXPECT_NE(report->failures[0].disposition, Disposition::kReject);
  } else {
    EXPECT_EQ(report.status().code(), StatusCode::kCancelled);
  }
  EXPECT_EQ(destination_->Check(ctx).code(), StatusCode::kCancelled);
  EXPECT_EQ(destination_->ReadOne("[\"a\"]", "1", ctx).status().code(), StatusCode::kCancelled);
  ExpectHolds({});
}

TEST_P(Conformance, LanesCoverEveryRouteInOrder) {
  ASSERT_FALSE(lanes_.lower_bounds.empty());
  EXPECT_LE(lanes_.lower_bounds.size(), 4u);
  EXPECT_EQ(lanes_.groups.size(), lanes_.lower_bounds.size());
  EXPECT_EQ(lanes_.lower_bounds[0], Hash128{});
  EXPECT_TRUE(std::is_sorted(lanes_.lower_bounds.begin(), lanes_.lower_bounds.end()));
  const auto one = destination_->PlanLanes(1, {});
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(one->lower_bounds.size(), 1u);
}

TEST_P(Conformance, ARouteDependsOnThePartitionKeyAloneAndStays) {
  const Hash128 route = Upsert("a", "1").route;
  EXPECT_EQ(Upsert("a", "2", "5").route, route);
  EXPECT_EQ(Delete("a", "3").route, route);
  Write({Upsert("a", "1"), Upsert("b", "1")});
  EXPECT_EQ(Upsert("a", "1").route, route);
  Reopen();
  EXPECT_EQ(Upsert("a", "1").route, route);
}

TEST_P(Conformance, ManyKeysUseEveryLane) {
  std::vector<int> used(lanes_.lower_bounds.size());
  for (int i = 0; i < 1000; ++i) {
    const Hash128 route = Upsert("key" + std::to_string(i), "1").route;
    const auto lane =
        std::upper_bound(lanes_.lower_bounds.begin(), lanes_.lower_bounds.end(), route) - 1;
    ++used[static_cast<size_t>(lane - lanes_.lower_bounds.begin())];
  }
  EXPECT_THAT(used, Each(::testing::Gt(0)));
}

TEST_P(Conformance, ADryRunCreatesNothing) {
  Write({Upsert("a", "1")});
  const auto preparation = destination_->Prepare(true, {});
  ASSERT_TRUE(preparation.ok());
  EXPECT_THAT(preparation->steps, IsEmpty());
  ExpectHolds({Upsert("a", "1")});
}

INSTANTIATE_TEST_SUITE_P(Destinations, Conformance, ::testing::ValuesIn(ConformanceSubjects()),
                         [](const auto& subject) { return subject.param.name; });

}  // namespace
}  // namespace spillway
