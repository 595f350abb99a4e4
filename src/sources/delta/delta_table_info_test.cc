#include "sources/delta/delta_table_info.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway {
namespace {

using ::testing::HasSubstr;

DeltaTableDetails Details(const std::string& features = "") {
  auto details = ParseTableDetails(
      R"({"location":"file:///t/","version":7,"timestamp_ms":null,"table_id":"id",
          "columns":[
            {"name":"id","type":"long","nullable":false,"leaves":[{"path":["id"],"type":"long"}]},
            {"name":"v","type":"variant","nullable":true,"variant":true,"leaves":[]},
            {"name":"w","type":"array<long>","nullable":true,"widened_in_container":true}],
          "partition_columns":["id"],"reader_features":[)" +
      features + R"(],"writer_features":["invariants"],
          "properties":{"delta.columnMapping.mode":"name"},
          "change_feed":true,"change_feed_since":4})");
  EXPECT_TRUE(details.ok());
  return *std::move(details);
}

TEST(DeltaTableInfo, TakesWhatTheBridgeSays) {
  const DeltaTableDetails details = Details();
  EXPECT_EQ(details.info.version, 7);
  EXPECT_FALSE(details.info.timestamp_ms.has_value());
  ASSERT_EQ(details.info.columns.size(), 3u);
  EXPECT_TRUE(details.info.columns[0].partition);
  EXPECT_FALSE(details.info.columns[0].nullable);
  EXPECT_EQ(details.leaf_types.at({"id"}), "long");
  EXPECT_EQ(details.info.change_feed_since, 4);
}

TEST(DeltaTableInfo, FeaturesOfOldProtocolsAreThoseInUse) {
  std::vector<std::string> names;
  for (const TableFeature& feature : Details().info.features) names.push_back(feature.name);
  EXPECT_THAT(names, ::testing::ElementsAre("changeDataFeed", "columnMapping", "invariants"));
}

TEST(DeltaTableInfo, AnUnknownColumnIsRefusedWithTheKnownOnes) {
  const Status status = CheckReadable(Details(), {"id", "nope"});
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"nope\""));
  EXPECT_THAT(std::string(status.hint()), HasSubstr("id, v, w"));
}

TEST(DeltaTableInfo, WhatIsReadWronglyIsRefusedOnlyWhereItIsRead) {
  EXPECT_EQ(CheckReadable(Details(), {}).code(), StatusCode::kUnsupported);
  EXPECT_TRUE(CheckReadable(Details(), {"id", "v"}).ok());
  const DeltaTableDetails shredding = Details(R"("variantShredding")");
  EXPECT_EQ(CheckReadable(shredding, {"v"}).code(), StatusCode::kUnsupported);
  EXPECT_TRUE(CheckReadable(shredding, {"id"}).ok());
}

TEST(DeltaTableInfo, NonsenseFromTheBridgeIsOurFault) {
  EXPECT_EQ(ParseTableDetails("{").status().code(), StatusCode::kInternal);
  EXPECT_EQ(ParseTableDetails("{}").status().code(), StatusCode::kInternal);
}

}  // namespace
}  // namespace spillway
