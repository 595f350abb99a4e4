#include "transforms/document_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "columns/array_builder.h"

namespace spillway {
namespace {

TEST(DocumentEncoder, WritesRowsAsDocuments) {
  const Batch batch = BuildBatch({{"id", Strings({"a", "b"})},
                                  {"price", Doubles({12.95, std::nullopt})},
                                  {"at", Timestamps(TimeUnit::kMicro, "UTC", {0, 1'500'000})}});
  DocumentOptions options;
  options.id_columns = {"id"};
  options.partition_key_paths = {"/id"};
  const auto encoder = DocumentEncoder::Make(options, batch.schema->get(), {});
  ASSERT_TRUE(encoder.ok()) << encoder.status().ToString();
  const auto encoded = (*encoder)->Encode(batch, Intent::kUpsert);
  ASSERT_TRUE(encoded.ok());
  ASSERT_EQ((*encoded)->documents.size(), 2u);
  EXPECT_EQ((*encoded)->documents[0].body,
            R"({"id":"a","price":12.95,"at":"1970-01-01T00:00:00Z"})");
  EXPECT_EQ((*encoded)->documents[1].body,
            R"({"id":"b","price":null,"at":"1970-01-01T00:00:01.500Z"})");
}

}  // namespace
}  // namespace spillway
