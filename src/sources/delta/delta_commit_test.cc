#include "sources/delta/delta_commit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "spillway_bridge.h"

namespace spillway {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

// The text is kept padded for as long as the result is looked at.
class DeltaCommitTest : public ::testing::Test {
 protected:
  Result<ParsedCommit> Parse(const std::string& text) {
    padded_ = text + std::string(BRIDGE_COMMIT_PADDING, '\0');
    return ParseCommit(std::string_view(padded_).substr(0, text.size()));
  }

  DeltaCommit Of(const std::string& text) {
    auto parsed = Parse(text);
    EXPECT_TRUE(parsed.ok()) << parsed.status().ToString();
    EXPECT_FALSE(parsed->is_cut_off);
    return std::move(parsed->commit);
  }

  Status Refused(const std::string& text) { return Parse(text + '\n').status(); }

  std::string padded_;
};

TEST_F(DeltaCommitTest, FilesCarryWhatReadingThemNeeds) {
  const DeltaCommit commit =
      Of(R"({"add":{"path":"a%20b.parquet","partitionValues":{"p":"x\"y","q":null},"size":7,)"
         R"("dataChange":true,"stats":"{\"numRecords\":10,\"minValues\":{\"numRecords\":3}}",)"
         R"("deletionVector":{"storageType":"u","pathOrInlineDv":"ab","offset":4,"sizeInBytes":9,)"
         R"("cardinality":2}}})");
  ASSERT_THAT(commit.files, SizeIs(1));
  const LoggedFile& file = commit.files[0];
  EXPECT_EQ(file.path, "a%20b.parquet");
  EXPECT_EQ(file.partition_values, R"({"p":"x\"y","q":null})");
  EXPECT_EQ(file.size, 7u);
  EXPECT_EQ(file.rows, 8u);
  EXPECT_EQ(file.deletion_vector_id, "uab@4");
  EXPECT_THAT(file.deletion_vector, HasSubstr(R"("cardinality":2)"));
  EXPECT_EQ(file.action, LoggedFile::Action::kAdd);
}

TEST_F(DeltaCommitTest, WhatIsLeftOutIsNotMadeUp) {
  const DeltaCommit commit =
      Of(R"({"remove":{"path":"a","dataChange":true,"partitionValues":{},"deletionVector":null}})");
  ASSERT_THAT(commit.files, SizeIs(1));
  EXPECT_EQ(commit.files[0].partition_values, "");
  EXPECT_EQ(commit.files[0].deletion_vector, "");
  EXPECT_EQ(commit.files[0].size, 0u);
  EXPECT_FALSE(commit.files[0].rows.has_value());
}

TEST_F(DeltaCommitTest, NoValuesAreNullsUnlessAnOldWriterLeftThemOut) {
  const DeltaCommit commit =
      Of("{\"add\":{\"path\":\"a\",\"partitionValues\":{}}}\n"
         "{\"remove\":{\"path\":\"b\",\"partitionValues\":{},\"extendedFileMetadata\":true}}\n"
         "{\"remove\":{\"path\":\"c\",\"partitionValues\":{},\"extendedFileMetadata\":false}}\n"
         "{\"remove\":{\"path\":\"d\",\"extendedFileMetadata\":true}}");
  ASSERT_THAT(commit.files, SizeIs(4));
  EXPECT_EQ(commit.files[0].partition_values, "{}");
  EXPECT_EQ(commit.files[1].partition_values, "{}");
  EXPECT_EQ(commit.files[2].partition_values, "");
  EXPECT_EQ(commit.files[3].partition_values, "");
}

TEST_F(DeltaCommitTest, StatisticsThatMakeNoSenseAreNone) {
  const DeltaCommit commit = Of(R"({"add":{"path":"a","size":1,"stats":"{oops"}})");
  EXPECT_FALSE(commit.files[0].rows.has_value());
}

TEST_F(DeltaCommitTest, LinesMayEndInAnyWay) {
  EXPECT_THAT(Of("\n{\"add\":{\"path\":\"a\"}}\r\n\n  {\"cdc\":{\"path\":\"b\"}}").files,
              SizeIs(2));
}

TEST_F(DeltaCommitTest, TheTablesDescriptionIsKeptAsItIs) {
  const DeltaCommit commit =
      Of("{\"metaData\":{\"id\":\"x\",\"schemaString\":\"{\\\"a\\\":1}\"}}\n"
         "{\"protocol\":{\"minReaderVersion\":1}}\n"
         "{\"commitInfo\":{\"inCommitTimestamp\":5}}");
  EXPECT_EQ(commit.metadata, R"({"id":"x","schemaString":"{\"a\":1}"})");
  EXPECT_EQ(commit.protocol, R"({"minReaderVersion":1})");
  EXPECT_EQ(commit.in_commit_timestamp_ms, 5);
}

TEST_F(DeltaCommitTest, AMergeOfNothingNeedsAllThreeCounts) {
  const auto merge = [&](const std::string& metrics) {
    return Of(R"({"commitInfo":{"operation":"MERGE","operationMetrics":{)" + metrics + "}}}")
        .is_merge_of_nothing;
  };
  const std::string two = R"("numTargetRowsInserted":"0","numTargetRowsUpdated":"0")";
  EXPECT_TRUE(merge(two + R"(,"numTargetRowsDeleted":"0")"));
  EXPECT_FALSE(merge(two + R"(,"numTargetRowsDeleted":"1")"));
  EXPECT_FALSE(merge(two));
  EXPECT_FALSE(merge(""));
}

TEST_F(DeltaCommitTest, NonsenseIsNamedWithItsLine) {
  for (const char* text :
       {"nonsense", "[]", R"({"add":{"size":1}})", R"({"add":{"path":""}})",
        R"({"add":{"path":"a","size":-1}})", R"({"add":{"path":"a","deletionVector":7}})",
        R"({"add":{"path":"a","deletionVector":{"storageType":"u"}}})"}) {
    const Status status = Refused(std::string("{\"txn\":{}}\n") + text);
    EXPECT_EQ(status.code(), StatusCode::kDataLoss) << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr("line 2")) << text;
  }
}

TEST_F(DeltaCommitTest, ACommitThatEndsInItsMiddleIsCutOff) {
  for (const char* text : {"", "\n", "{\"add\"", "{\"txn\":{}}\n{\"add\":{"}) {
    const auto parsed = Parse(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_TRUE(parsed->is_cut_off) << text;
  }
}

}  // namespace
}  // namespace spillway
