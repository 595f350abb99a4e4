// Object stores: the same rows as from a local disk, and every failure of the storage as what it
// is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stop_token>
#include <thread>

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

}  // namespace
}  // namespace spillway
