// Object stores: the same rows as from a local disk, and every failure of the storage as what it
// is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stop_token>
#include <thread>

#include "sources/delta/delta_change_log.h"
#include "sources/delta/delta_follow_fixture.h"
#include "sources/delta/delta_source.h"
#include "sources/delta/delta_test_store.h"
#include "sources/delta/delta_test_table.h"

namespace spillway {
namespace {

using ::testing::HasSubstr;

class DeltaRemote : public ::testing::Test {
 protected:
  DeltaRemote() : store_(table_.root()) {
    table_.Place("p=a b/rows.parquet", "rows.parquet");
    table_.Commit({ProtocolAction(R"("minReaderVersion":3,"minWriterVersion":7,)"
                                  R"("readerFeatures":["deletionVectors","timestampNtz"],)"
                                  R"("writerFeatures":["deletionVectors","timestampNtz"])"),
                   MetadataAction(RowsFields()),
                   AddAction("p=a%20b/rows.parquet", TestdataSize("rows.parquet"),
                             {.deletion_vector = InlineDeletionVector({2, 6})})});
  }

  Result<std::unique_ptr<Snapshot>> Open(const std::string& remote_bytes_max = "16000000",
                                         const CallContext& ctx = {}) {
    DeltaOptions options{.root = "s3://lake", .table = "t", .storage = store_.storage()};
    options.storage["remote_bytes_max"] = remote_bytes_max;
    ASSIGN_OR_RETURN(const auto source, MakeDeltaSource(std::move(options)));
    return source->OpenSnapshot({}, ctx);
  }

  std::vector<std::string> LocalRows() {
    const auto source = MakeDeltaSource({.root = table_.root()});
    return ReadRows(**(*source)->OpenSnapshot({}, {}));
  }

  DeltaTestTable table_;
  DeltaTestStore store_;
};

TEST_F(DeltaRemote, RowsAreTheSameWhateverThePartsTheyAreFetchedIn) {
  const std::vector<std::string> expected = LocalRows();
  ASSERT_EQ(expected.size(), 8u);
  for (const char* bytes : {"1", "10", "100", "1000", "5000", "16000000"}) {
    const auto snapshot = Open(bytes);
    ASSERT_TRUE(snapshot.ok()) << snapshot.status().ToString();
    EXPECT_EQ(ReadRows(**snapshot), expected) << bytes;
  }
}

TEST_F(DeltaRemote, ASmallFileIsOneRequest) {
  const auto snapshot = Open();
  ASSERT_TRUE(snapshot.ok());
  const int before = store_.reads();
  auto reader = (*snapshot)->OpenSplit(0, 0, {});
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(store_.reads() - before, 1);
}

TEST_F(DeltaRemote, NothingThereIsNotFound) {
  std::filesystem::remove_all(table_.path("_delta_log"));
  const Status status = Open().status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound) << status.ToString();
  EXPECT_THAT(std::string(status.message()), HasSubstr("no Delta table"));
}

TEST_F(DeltaRemote, RefusalsOfTheStorageKeepTheirClass) {
  store_.AnswerWith(401);
  EXPECT_EQ(Open().status().code(), StatusCode::kUnauthenticated);
  store_.AnswerWith(403);
  EXPECT_EQ(Open().status().code(), StatusCode::kPermissionDenied);
  store_.AnswerWith(503);
  EXPECT_EQ(Open().status().code(), StatusCode::kUnavailable);
}

TEST_F(DeltaRemote, ARefusalInTheMiddleOfAFileIsReported) {
  const auto snapshot = Open("100");
  ASSERT_TRUE(snapshot.ok());
  auto reader = (*snapshot)->OpenSplit(0, 0, {});
  ASSERT_TRUE(reader.ok());
  store_.AnswerWith(403);
  const Status status = (*reader)->Next({}).status();
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied) << status.ToString();
  store_.AnswerWith(0);
  EXPECT_EQ((*reader)->Next({}).status().code(), StatusCode::kPermissionDenied);
}

TEST_F(DeltaRemote, AMissingFileIsDataLoss) {
  const auto snapshot = Open();
  ASSERT_TRUE(snapshot.ok());
  std::filesystem::remove(table_.path("p=a b/rows.parquet"));
  EXPECT_EQ((*snapshot)->OpenSplit(0, 0, {}).status().code(), StatusCode::kDataLoss);
}

TEST_F(DeltaRemote, ATruncatedFileIsDataLoss) {
  const auto snapshot = Open();
  ASSERT_TRUE(snapshot.ok());
  std::filesystem::resize_file(table_.path("p=a b/rows.parquet"), 1000);
  const Status status = (*snapshot)->OpenSplit(0, 0, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status.ToString();
}

TEST_F(DeltaRemote, AStopEndsACallThatWaitsForTheStorage) {
  const auto snapshot = Open("100");
  ASSERT_TRUE(snapshot.ok());
  auto reader = (*snapshot)->OpenSplit(0, 0, {});
  ASSERT_TRUE(reader.ok());
  store_.StopAnswering();
  std::stop_source stop;
  const std::jthread stopper([&] {
    store_.WaitForSilence();
    stop.request_stop();
  });
  EXPECT_EQ((*reader)->Next({.stop = stop.get_token()}).status().code(), StatusCode::kCancelled);
}

TEST_F(DeltaRemote, AStopEndsAnOpeningThatWaitsForTheStorage) {
  store_.StopAnswering();
  std::stop_source stop;
  const std::jthread stopper([&] {
    store_.WaitForSilence();
    stop.request_stop();
  });
  EXPECT_EQ(Open("100", {.stop = stop.get_token()}).status().code(), StatusCode::kCancelled);
}

class DeltaRemoteChanges : public DeltaFollowFixture {
 protected:
  DeltaRemoteChanges() : store_(table_.root()) {}

  std::unique_ptr<ChangeLog> FollowRemote() {
    DeltaOptions options{.root = "s3://lake", .table = "t", .storage = store_.storage()};
    source_ = *MakeDeltaSource(std::move(options));
    auto log = source_->OpenChanges(request_, {});
    EXPECT_TRUE(log.ok()) << log.status().ToString();
    return *std::move(log);
  }

  std::unique_ptr<Source> source_;
  DeltaTestStore store_;
};

TEST_F(DeltaRemoteChanges, AnIdlePollIsOneRequestAndAListingNowAndThen) {
  Create(kFeedOn);
  auto log = FollowRemote();
  EXPECT_EQ(log->poll_interval().max, std::chrono::seconds(10));
  const int requests = store_.requests();
  const int listings = store_.listings();
  constexpr int kPolls = 2 * DeltaChangeLog::kIdlePollsPerListing;
  for (int i = 0; i < kPolls; ++i) EXPECT_EQ(Take(*log), nullptr);
  EXPECT_EQ(store_.listings() - listings, 2);
  EXPECT_EQ(store_.requests() - requests, kPolls + 2);
}

TEST_F(DeltaRemoteChanges, OpeningNeedsTwoRequests) {
  Create(kFeedOn);
  FollowRemote();
  EXPECT_EQ(store_.requests(), 2);  // a listing, and the commit of the position
}

TEST_F(DeltaRemoteChanges, ManyCommitsAreReadInOrderWithOneRequestEach) {
  Create(kFeedOn);
  constexpr int kLast = 100;
  for (int version = 1; version <= kLast; ++version) {
    table_.Commit({R"({"commitInfo":{"inCommitTimestamp":)" + std::to_string(version) + "}}"});
  }
  auto log = FollowRemote();
  const int requests = store_.requests();
  for (int version = 1; version <= kLast; ++version) {
    const auto changes = Take(*log);
    ASSERT_NE(changes, nullptr);
    EXPECT_EQ(changes->info().version, version);
    EXPECT_EQ(changes->info().timestamp_ms, version);
  }
  EXPECT_EQ(store_.requests() - requests, kLast);
  EXPECT_EQ(Take(*log), nullptr);
}

TEST_F(DeltaRemoteChanges, AListedCommitThatCannotBeFoundIsAskedForAgainAndThenStops) {
  Create(kFeedOn);
  table_.Commit({Add("b.parquet")});
  auto log = FollowRemote();
  store_.Hide("_delta_log/00000000000000000001.json");
  for (uint32_t i = 0; i < DeltaChangeLog::kVanishedLooksMax; ++i) {
    EXPECT_EQ(log->Next({}).status().code(), StatusCode::kUnavailable);
  }
  const Status status = log->Next({}).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status.ToString();
  EXPECT_THAT(std::string(status.message()), HasSubstr("commit 1"));
  store_.Hide("");
  EXPECT_EQ(Take(*log)->info().version, 1);  // it was late indeed
}

TEST_F(DeltaRemoteChanges, RowsAndImagesAreTheSameFromAStore) {
  Create(kFeedOn, R"("deletionVectors")");
  table_.Commit({Remove("a.parquet", InlineDeletionVector({1})),
                 Add("a.parquet", InlineDeletionVector({0})), Remove("c.parquet")});
  table_.Place("c.parquet", "rows.parquet");
  table_.Commit({Feed("feed.parquet"), R"({"remove":{"path":"c.parquet","dataChange":true}})"});
  auto local = Follow();
  auto remote = FollowRemote();
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ReadImages(*Take(*remote)), ReadImages(*Take(*local)));
}

TEST_F(DeltaRemoteChanges, RefusalsOfTheStorageKeepTheirClassAndTheVersion) {
  Create(kFeedOn);
  table_.Commit({Add("b.parquet")});
  auto log = FollowRemote();
  store_.AnswerWith(403);
  EXPECT_EQ(log->Next({}).status().code(), StatusCode::kPermissionDenied);
  store_.AnswerWith(503);
  EXPECT_EQ(log->Next({}).status().code(), StatusCode::kUnavailable);
  store_.AnswerWith(0);
  EXPECT_EQ(Take(*log)->info().version, 1);
}

TEST_F(DeltaRemoteChanges, AStopEndsAPollThatWaitsForTheStorage) {
  Create(kFeedOn);
  auto log = FollowRemote();
  store_.StopAnswering();
  std::stop_source stop;
  const std::jthread stopper([&] {
    store_.WaitForSilence();
    stop.request_stop();
  });
  EXPECT_EQ(log->Next({.stop = stop.get_token()}).status().code(), StatusCode::kCancelled);
}

}  // namespace
}  // namespace spillway
