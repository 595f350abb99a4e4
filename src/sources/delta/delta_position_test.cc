#include "sources/delta/delta_position.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

DeltaPosition Example() {
  return {.version = 17,
          .table_id = "some \"id\"",
          .fingerprint = "00ff",
          .metadata = R"({"id":"some","schemaString":"{\"type\":\"struct\"}"})",
          .protocol = R"({"minReaderVersion":1})"};
}

TEST(DeltaPosition, ComesBackAsItWas) {
  const auto text = ToText(Example());
  ASSERT_TRUE(text.ok());
  const auto position = ParsePosition(*text);
  ASSERT_TRUE(position.ok()) << position.status().ToString();
  EXPECT_EQ(position->version, 17);
  EXPECT_EQ(position->table_id, Example().table_id);
  EXPECT_EQ(position->fingerprint, Example().fingerprint);
  EXPECT_EQ(position->metadata, Example().metadata);
  EXPECT_EQ(position->protocol, Example().protocol);
}

TEST(DeltaPosition, ATextWithAPartMissingIsRefused) {
  const std::string text = *ToText(Example());
  for (const char* key : {"format", "version", "table_id", "fingerprint", "metadata", "protocol"}) {
    std::string broken = text;
    broken.replace(broken.find('"' + std::string(key) + '"'), 2, "\"_");
    EXPECT_EQ(ParsePosition(broken).status().code(), StatusCode::kInvalidArgument) << key;
  }
}

TEST(DeltaPosition, ASchemaThatIsTooLargeIsSaid) {
  DeltaPosition large = Example();
  large.metadata = '"' + std::string(DeltaPosition::kTextBytesMax, 'x') + '"';
  EXPECT_EQ(ToText(large).status().code(), StatusCode::kTooLarge);
}

TEST(DeltaPosition, AnotherContentHasAnotherFingerprint) {
  EXPECT_NE(CommitFingerprint("a"), CommitFingerprint("b"));
  EXPECT_EQ(CommitFingerprint("a"), CommitFingerprint("a"));
  EXPECT_EQ(CommitFingerprint("").size(), 32u);
}

}  // namespace
}  // namespace spillway
